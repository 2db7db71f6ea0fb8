internal import CTandemSystem
internal import Glibc
package import TandemNotation

// Design: three layers, and each value knows which one it came from.
//
// Defaults, then the file, then what the command line says. The layers are kept apart so that the
// file can be read again while the daemon runs (SIGHUP, `tandem reload --config`) and what the
// command line said still holds. A file that is refused changes nothing.

/// What the daemon is to do, and where each setting came from.
package struct Configuration: Sendable {
    /// Where a setting's value came from.
    package enum Origin: Hashable, Sendable, CustomStringConvertible {
        /// Nobody said anything.
        case `default`
        /// The file, at this line.
        case file(line: Int)
        /// The command line, by this flag.
        case flag(String)

        package var description: String {
            switch self {
            case .default: "default"
            case .file(let line): "file, line \(line)"
            case .flag(let flag): flag
            }
        }
    }

    /// What the command line says of one setting.
    package struct Override: Hashable, Sendable {
        /// The setting's name.
        package let name: String
        /// The value as it was given.
        package let text: String
        /// The flag that gave it.
        package let flag: String

        /// Says something of a setting.
        package init(_ name: String, _ text: String, flag: String) {
            self.name = name
            self.text = text
            self.flag = flag
        }
    }

    /// The file; nil for none.
    package let path: String?
    /// What the command line says.
    package let overrides: [Override]
    /// All values.
    package internal(set) var options = ServerOptions(repository: "")
    /// Where values came from, by the setting's name; those not listed are defaults.
    package internal(set) var origins: [String: Origin] = [:]

    /// Largest file that is read, in bytes.
    package static let fileBytesMax = 1 << 20

    /// Reads the file, if there is one, and adds what the command line says.
    ///
    /// - Throws: `ServerError`: `configurationUnreadable`, `configurationInvalid` with the line,
    ///   `optionInvalid` for an override.
    package init(path: String?, overrides: [Override]) throws(ServerError) {
        self.path = path
        self.overrides = overrides
        if let path {
            do throws(ServerError) {
                try take(try Self.read(path))
            } catch {
                throw error.at(path)
            }
        }
        for override in overrides {
            let setting = try Setting.named(override.name)
            let value = try setting.value(of: override.text, origin: override.flag)
            setting.write(&options, value)
            origins[setting.name] = .flag(override.flag)
        }
        if options.adminSocketPath == nil, let data = options.socketPath {
            options.adminSocketPath = data + ".admin"
        }
    }

    /// Takes what a document says.
    private mutating func take(_ text: String) throws(ServerError) {
        let document = try KeyTable<ServerError>(document: text)
        var tables: [String: KeyTable<ServerError>] = ["": document]
        for setting in Setting.all where tables[setting.table] == nil {
            tables[setting.table] = try document.table(setting.table)
        }
        for setting in Setting.all {
            guard let table = tables[setting.table],
                let value = try Self.value(of: setting, in: table)
            else { continue }
            setting.write(&options, value)
            origins[setting.name] = .file(line: table.line(setting.key) ?? 0)
        }
        var rules: [AccessRule] = []
        for table in try document.tables("allow") { rules.append(try AccessRule(table)) }
        guard rules.count <= AccessRules.countMax else {
            throw document.error(
                .wrongValue, "allow", "there are \(rules.count) rules",
                remedy: "write at most \(AccessRules.countMax)", limit: AccessRules.countMax,
                actual: rules.count)
        }
        options.access = AccessRules(rules)
        for name in tables.keys.sorted() {
            try tables[name]?.finish(name.isEmpty ? "the configuration" : nil)
        }
    }

    private static func value(
        of setting: Setting, in table: KeyTable<ServerError>
    ) throws(ServerError) -> SettingValue? {
        switch setting.form {
        case .integer(let range):
            return try table.integer(setting.key, in: range).map(SettingValue.integer)
        case .truth: return try table.truth(setting.key).map(SettingValue.truth)
        case .text, .mode, .choice:
            guard let text = try table.text(setting.key) else { return nil }
            do throws(ServerError) {
                return try setting.checked(.text(text), setting.name)
            } catch {
                throw error.inDocument(line: table.line(setting.key))
            }
        }
    }

    private static func read(_ path: String) throws(ServerError) -> String {
        var bytes = [UInt8](repeating: 0, count: fileBytesMax + 1)
        let count = tandemsys_read_file(path, &bytes, bytes.count)
        guard count >= 0 else {
            throw ServerError(
                .configurationUnreadable, "cannot read it: \(systemErrorText(count))",
                errorNumber: Int32(truncatingIfNeeded: -count))
        }
        guard count <= fileBytesMax else {
            throw ServerError(
                .configurationUnreadable,
                "it has more than \(fileBytesMax) bytes; a configuration is a page of text",
                bound: fileBytesMax, actual: count)
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw ServerError(.configurationInvalid, "it is not UTF-8; save it as UTF-8")
        }
        return text
    }
}

extension ServerError: NotationFailure {
    /// What is wrong with the configuration file.
    package init(_ error: NotationError) {
        self.init(
            .configurationInvalid,
            (error.key.map { "\($0): " } ?? "")
                + (error.remedy.isEmpty ? error.problem : "\(error.problem); \(error.remedy)"),
            bound: error.limit, actual: error.actual)
        line = error.line
    }

    /// The same error of a value that stands in the file.
    func inDocument(line: Int?) -> ServerError {
        var error = ServerError(.configurationInvalid, message, bound: bound, actual: actual)
        error.line = line
        return error
    }

    /// The same error with the file, and its line where one is known, in front.
    func at(_ path: String) -> ServerError {
        var error = ServerError(
            code, "\(path)\(line.map { ":\($0)" } ?? ""): \(message)", path: path,
            errorNumber: errorNumber, bound: bound, actual: actual)
        error.line = line
        return error
    }
}
