// Design: the keys that are asked for are the keys that exist.
//
// A decoder asks a table for each key it knows and then calls `finish`, which refuses every key
// that nobody asked for. So there is no second list of keys to keep, and the nearest key in the
// message is always a real one.

/// One table of a document, read strictly.
///
/// Its errors are `Failure`s, the reading room's own.
package final class KeyTable<Failure: NotationFailure> {
    /// The keys that lead here.
    package let path: [String]
    private let members: [String: NotationNode]
    // The table's own line; nil if it does not stand in the document.
    private let tableLine: Int?
    private var asked: [String] = []

    /// A document's root.
    package convenience init(document text: String) throws(Failure) {
        let root: NotationNode
        do throws(NotationError) {
            root = try TOMLParser.parse(text)
        } catch {
            throw Failure(error)
        }
        self.init(root, path: [])
    }

    /// A table of a document that was read before, at a path of keys; a node that is none is an
    /// empty table.
    package convenience init(node: NotationNode, path: [String]) { self.init(node, path: path) }

    /// A table at a path; a node that is none is an empty table.
    private init(_ node: NotationNode?, path: [String]) {
        if case .table(let members)? = node?.value { self.members = members } else { members = [:] }
        self.path = path
        tableLine = path.isEmpty ? nil : node?.line
    }

    /// The path as people write it: `task[1].label`.
    package func name(_ key: String? = nil) -> String {
        (path + (key.map { [$0] } ?? [])).reduce(into: "") { name, part in
            name += name.isEmpty || part.hasPrefix("[") ? part : ".\(part)"
        }
    }

    /// An error at a key of this table, or at the table itself.
    package func error(
        _ code: NotationError.Code, _ key: String?, _ problem: String, remedy: String = "",
        text: String? = nil, limit: Int? = nil, actual: Int? = nil
    ) -> Failure {
        let full = name(key)
        var error = NotationError(code, problem, remedy: remedy)
        error.key = full.isEmpty ? nil : full
        error.line = line(key)
        error.text = text
        error.limit = limit
        error.actual = actual
        return Failure(error)
    }

    /// The line of a key, or else of the table.
    package func line(_ key: String?) -> Int? { key.flatMap { members[$0]?.line } ?? tableLine }

    /// The text at a key for use in a message.
    package func textOr(_ key: String, _ otherwise: String) -> String {
        if case .text(let text)? = members[key]?.value { text } else { otherwise }
    }

    /// The keys that stand here, for tables whose keys are names.
    package var keys: [String] { members.keys.sorted() }

    /// Whether the key stands here.
    package func has(_ key: String) -> Bool { members[key] != nil }

    /// Refuses the keys that nobody asked for: the first one by line.
    ///
    /// The table is `thing`, where that says more than its path.
    package func finish(_ thing: String? = nil) throws(Failure) {
        let unknown = members.keys.filter { !asked.contains($0) }
        let found = unknown.map { key in (key, line(key) ?? 0) }
        guard let first = found.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return }
        let isMissing = asked.filter { members[$0] == nil }
        let remedy = NearestName.remedy(first.0, among: isMissing.isEmpty ? asked : isMissing)
        let place = thing ?? (path.isEmpty ? "a spec" : "[\(name())]")
        throw error(
            .unknownKey, first.0, "is not a key of \(place)", remedy: remedy, text: first.0)
    }

    // MARK: - Values

    /// The text at a key, nil if the key does not stand here.
    package func text(_ key: String) throws(Failure) -> String? {
        guard let value = value(key) else { return nil }
        guard case .text(let text) = value else { throw wrong(key, "a text", value) }
        return text
    }

    /// A text that must be there and not be empty.
    package func requiredText(_ key: String) throws(Failure) -> String {
        guard let text = try text(key) else { throw missing(key) }
        guard !text.isEmpty else { throw error(.wrongValue, key, "is empty", remedy: "fill it in") }
        return text
    }

    /// The truth value at a key, nil if the key does not stand here.
    package func truth(_ key: String) throws(Failure) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .truth(let truth) = value else { throw wrong(key, "true or false", value) }
        return truth
    }

    /// The whole number at a key, nil if the key does not stand here.
    package func integer(_ key: String, in range: ClosedRange<Int>) throws(Failure) -> Int? {
        guard let value = value(key) else { return nil }
        guard case .integer(let integer) = value else { throw wrong(key, "a whole number", value) }
        try check(integer, key, in: range)
        return integer
    }

    /// The number at a key, nil if the key does not stand here.
    package func number(_ key: String, in range: ClosedRange<Double>) throws(Failure) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = Self.number(value) else { throw wrong(key, "a number", value) }
        guard range.contains(number) else {
            throw error(
                .wrongValue, key, "\(number) is out of range",
                remedy: "use \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The list of numbers at a key, nil if the key does not stand here.
    package func numbers(_ key: String) throws(Failure) -> [Double]? {
        try list(key, of: "a list of numbers") { Self.number($0) }
    }

    /// The list of whole numbers at a key, nil if the key does not stand here.
    package func integers(_ key: String, in range: ClosedRange<Int>) throws(Failure) -> [Int]? {
        let integers = try list(key, of: "a list of whole numbers") { value -> Int? in
            if case .integer(let integer) = value { integer } else { nil }
        }
        for integer in integers ?? [] { try check(integer, key, in: range) }
        return integers
    }

    /// The list of texts at a key, nil if the key does not stand here.
    package func texts(_ key: String) throws(Failure) -> [String]? {
        try list(key, of: "a list of texts") { value -> String? in
            if case .text(let text) = value { text } else { nil }
        }
    }

    /// One of some named values.
    package func choice<Value>(
        _ key: String, _ values: [(name: String, value: Value)]
    ) throws(Failure) -> Value? {
        guard let text = try text(key) else { return nil }
        if let found = values.first(where: { $0.name == text }) { return found.value }
        throw error(
            .wrongValue, key, "'\(text.cutShort)' is not a value of this key",
            remedy: NearestName.remedy(text, among: values.map(\.name)), text: text.cutShort)
    }

    /// The value at a key as it stands there, nil if the key does not.
    package func node(_ key: String) -> NotationNode? {
        asked.append(key)
        return members[key]
    }

    /// The table at a key; an empty one if there is none.
    package func table(_ key: String) throws(Failure) -> KeyTable {
        guard let value = value(key) else { return KeyTable(nil, path: path + [key]) }
        guard case .table = value else { throw wrong(key, "a table", value) }
        return KeyTable(members[key], path: path + [key])
    }

    /// The tables of an array of tables; none if there is none.
    package func tables(_ key: String) throws(Failure) -> [KeyTable] {
        guard let value = value(key) else { return [] }
        guard case .array(let elements) = value else {
            throw error(
                .wrongValue, key, "is \(value.kindName)", remedy: "begin each one with [[\(key)]]")
        }
        var tables: [KeyTable] = []
        for (index, element) in elements.enumerated() {
            guard case .table = element.value else { throw wrong(key, "a list of tables", value) }
            tables.append(KeyTable(element, path: path + [key, "[\(index)]"]))
        }
        return tables
    }

    /// The error that says that a key is needed.
    package func missing(_ key: String) -> Failure {
        error(.missingKey, nil, "lacks the key '\(key)'", remedy: "add it", text: key)
    }

    // MARK: - Reading

    private func value(_ key: String) -> NotationValue? {
        asked.append(key)
        return members[key]?.value
    }

    private static func number(_ value: NotationValue) -> Double? {
        switch value {
        case .integer(let integer): Double(integer)
        case .number(let number) where number.isFinite: number
        default: nil
        }
    }

    private func list<Element>(
        _ key: String, of expected: String, _ element: (NotationValue) -> Element?
    ) throws(Failure) -> [Element]? {
        guard let value = value(key) else { return nil }
        guard case .array(let values) = value else { throw wrong(key, expected, value) }
        let elements = values.compactMap { element($0.value) }
        guard elements.count == values.count else { throw wrong(key, expected, value) }
        return elements
    }

    private func check(
        _ integer: Int, _ key: String, in range: ClosedRange<Int>
    ) throws(Failure) {
        guard !range.contains(integer) else { return }
        throw error(
            .wrongValue, key, "\(integer) is out of range",
            remedy: "use \(range.lowerBound) to \(range.upperBound)",
            limit: integer < range.lowerBound ? range.lowerBound : range.upperBound,
            actual: integer)
    }

    private func wrong(_ key: String, _ expected: String, _ value: NotationValue) -> Failure {
        error(.wrongValue, key, "is \(value.kindName)", remedy: "write \(expected)")
    }
}
