extension Configuration {
    /// The whole configuration as a document that says the same, each setting with what it means,
    /// its range, its default and where its value came from.
    package var document: String {
        var text = "# The configuration of tandemd in force"
        text += path.map { ", read from \($0).\n" } ?? "; no file was given.\n"
        let defaults = ServerOptions(repository: "")
        var table = ""
        for setting in Setting.all {
            if setting.table != table {
                table = setting.table
                text += "\n[\(table)]\n"
            }
            text += "\n" + Self.comment(setting, defaults)
            let origin = origins[setting.name] ?? .default
            switch setting.value(in: options) {
            case let value?: text += "\(setting.key) = \(value.notation)  # \(origin)\n"
            case nil: text += "# \(setting.key) is not set\n"
            }
        }
        return text + rules
    }

    private static func comment(_ setting: Setting, _ defaults: ServerOptions) -> String {
        var sentences = setting.about
        if case .text = setting.form {} else { sentences += " Takes \(setting.expectation)." }
        if let value = setting.value(in: defaults) { sentences += " Default \(value.notation)." }
        sentences += setting.isLive ? " Applies on reload." : " Applies after a restart."
        return folded(sentences, width: 98).map { "# \($0)\n" }.joined()
    }

    /// The `[[allow]]` tables, with names of users and groups as numbers.
    private var rules: String {
        var text = "\n"
        text += Self.folded(AccessRules.about, width: 98).map { "# \($0)\n" }.joined()
        for rule in options.access.rules {
            text += "[[allow]]\n"
            if let uids = rule.uids { text += "uids = \(uids.sorted())\n" }
            if let gids = rule.gids { text += "gids = \(gids.sorted())\n" }
            if let models = rule.models { text += "models = \(Self.list(models))\n" }
            let calls = CallKinds.names.filter { rule.calls.contains($0.value) }.map(\.name)
            text += "calls = \(Self.list(calls))\n"
        }
        return text
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map { SettingValue.text($0).notation }.joined(separator: ", ") + "]"
    }

    /// Lines of at most so many characters, broken between words.
    private static func folded(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? "\(word)" : " \(word)"
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// Settings whose values differ from another configuration's, in the list's order.
    package func differences(from other: Configuration) -> [Setting] {
        Setting.all.filter { $0.value(in: options) != $0.value(in: other.options) }
    }

    /// The same with what can change while the daemon runs taken from another configuration.
    ///
    /// The rest stays as it is in force, so that the next reload still says that it differs.
    package func adopting(_ other: Configuration) -> Configuration {
        var adopted = self
        for setting in Setting.all where setting.isLive {
            guard let value = setting.value(in: other.options) else { continue }
            setting.write(&adopted.options, value)
            adopted.origins[setting.name] = other.origins[setting.name]
        }
        adopted.options.access = other.options.access
        return adopted
    }
}
