// Design: a setting is one row of one list.
//
// What can be set, its range, its default, what it means and whether it applies while the daemon
// runs all stand in `Setting.all`; reading the file, `--set`, `--print-config`, reload, and the
// limits that clients are told are loops over that list. So a setting cannot be half there. Defaults
// are those of `ServerOptions`: the list reads them from a fresh value.

/// The value of a setting.
package enum SettingValue: Hashable, Sendable {
    /// A whole number, in the unit that ends the setting's name.
    case integer(Int)
    /// Text: a path, a choice, octal permission bits.
    case text(String)
    /// Yes or no.
    case truth(Bool)

    /// As a TOML document has it.
    package var notation: String {
        switch self {
        case .integer(let integer): return "\(integer)"
        case .truth(let truth): return "\(truth)"
        case .text(let text):
            var quoted = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"", "\\": quoted += "\\\(scalar)"
                case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: quoted.unicodeScalars.append(scalar)
                }
            }
            return quoted + "\""
        }
    }
}

/// Something that can be set: in the configuration file, by `--set`, some also by a flag.
package struct Setting: Sendable {
    /// Which values it takes.
    package enum Form: Sendable {
        /// Whole numbers.
        case integer(ClosedRange<Int>)
        /// Any text but the empty one.
        case text
        /// Permission bits in octal digits, such as `660`.
        case mode
        /// One of these.
        case choice([String])
        /// Yes or no.
        case truth
    }

    /// The table of the document it stands in; empty for the document itself.
    package let table: String
    /// Its key there.
    package let key: String
    /// What it means, in sentences.
    package let about: String
    /// Which values it takes.
    package let form: Form
    /// Whether a change applies while the daemon runs; the others wait for a restart.
    package let isLive: Bool
    let read: @Sendable (ServerOptions) -> SettingValue?
    let write: @Sendable (inout ServerOptions, SettingValue) -> Void

    /// The key with its table: `limits.rows_max`.
    package var name: String { table.isEmpty ? key : "\(table).\(key)" }

    /// The value in some options; nil where it is not set and has no default.
    package func value(in options: ServerOptions) -> SettingValue? { read(options) }

    /// The value that a text means, as `--set` gives it.
    ///
    /// - Parameters:
    ///   - text: What was given.
    ///   - origin: Where, for the message.
    /// - Returns: The value, within its range.
    /// - Throws: `ServerError.optionInvalid`.
    package func value(of text: String, origin: String) throws(ServerError) -> SettingValue {
        switch form {
        case .integer:
            guard let integer = Int(text) else {
                throw ServerError(
                    .optionInvalid, "\(origin) is '\(text)'; give a whole number")
            }
            return try checked(.integer(integer), origin)
        case .text, .mode, .choice: return try checked(.text(text), origin)
        case .truth:
            guard let truth = Bool(text) else {
                throw ServerError(.optionInvalid, "\(origin) is '\(text)'; give true or false")
            }
            return .truth(truth)
        }
    }

    /// The same value, if it is one that the setting takes.
    func checked(_ value: SettingValue, _ origin: String) throws(ServerError) -> SettingValue {
        switch (form, value) {
        case (.integer(let range), .integer(let integer)):
            guard !range.contains(integer) else { return value }
            throw ServerError(
                .optionInvalid,
                "\(origin) is \(integer); give \(range.lowerBound) to \(range.upperBound)",
                bound: integer < range.lowerBound ? range.lowerBound : range.upperBound,
                actual: integer)
        case (.text, .text(let text)):
            guard text.isEmpty else { return value }
            throw ServerError(.optionInvalid, "\(origin) is empty; fill it in or leave it out")
        case (.mode, .text(let text)):
            if Self.mode(text) != nil { return value }
            throw ServerError(
                .optionInvalid, "\(origin) is '\(text)'; give octal digits, such as 660")
        case (.choice(let choices), .text(let text)):
            if choices.contains(text) { return value }
            throw ServerError(
                .optionInvalid,
                "\(origin) is '\(text)'; give one of \(choices.joined(separator: ", "))")
        case (.truth, .truth): return value
        default:
            throw ServerError(
                .optionInvalid, "\(origin) has the wrong type; write \(expectation)")
        }
    }

    /// What a value looks like, for people.
    package var expectation: String {
        switch form {
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .text: "a text in quotes"
        case .truth: "true, false"
        case .mode: "octal digits in quotes, such as \"660\""
        case .choice(let choices): choices.map { "\"\($0)\"" }.joined(separator: ", ")
        }
    }

    static func mode(_ text: String) -> UInt32? {
        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else { return nil }
        return mode
    }
}
