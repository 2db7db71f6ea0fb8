import TOMLKit

/// A value of a TOML document, apart from the library that read it.
///
/// The library's tables point into a tree that it frees with its root; this tree is plain values.
enum SpecValue {
    case table([String: SpecValue])
    case array([SpecValue])
    case text(String)
    case integer(Int)
    case number(Double)
    case truth(Bool)
    case date

    /// What a person calls it.
    var kindName: String {
        switch self {
        case .table: "a table"
        case .array: "a list"
        case .text: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .truth: "true or false"
        case .date: "a date"
        }
    }

    /// Parses a document.
    ///
    /// - Throws: `invalidSpec` with the line.
    static func document(_ text: String) throws(TrainingError) -> [String: SpecValue] {
        do {
            let root = try TOMLTable(string: text)
            return withExtendedLifetime(root) { members(root) }
        } catch let error as TOMLParseError {
            throw TrainingError(
                .invalidSpec, "is not valid TOML: \(error.description.cutLong)",
                remedy: "texts need quotes, and each key stands once"
            ).with(\.line, error.source.begin.line)
        } catch {
            throw TrainingError(.invalidSpec, "is not valid TOML: \(error)")
        }
    }

    private static func members(_ table: TOMLTable) -> [String: SpecValue] {
        var members: [String: SpecValue] = [:]
        for key in table.keys {
            if let value = table[key] { members[key] = SpecValue(value) }
        }
        return members
    }

    private init(_ value: any TOMLValueConvertible) {
        switch value.type {
        case .table: self = .table(value.table.map { Self.members($0) } ?? [:])
        case .array:
            self = .array(value.array.map { array in array.map { SpecValue($0) } } ?? [])
        case .string: self = .text(value.string ?? "")
        case .int: self = .integer(value.int ?? 0)
        case .double: self = .number(value.double ?? 0)
        case .bool: self = .truth(value.bool ?? false)
        case .date, .time, .dateTime: self = .date
        }
    }
}

extension String {
    /// At most 160 characters, for a library's own words.
    fileprivate var cutLong: String { count > 160 ? prefix(160) + "..." : self }
}
