import ArgumentParser
import TandemClient
import TandemPackage

/// Points labels to versions.
struct Label: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Names versions of a model, such as stable or canary, for requests to ask for.",
        discussion: """
            Writes the model's labels.toml, whole or not at all. A daemon that watches the \
            repository follows by itself; with --admin-socket the command waits until it has. \
            `NAME=` takes a label away; without labels to set, they are listed.

            Example:
              tandem label models/shop stable=3 canary=4
              tandem label models/shop canary=
            """)

    @Argument(help: "The model: REPOSITORY/MODEL.")
    var model: String

    @Argument(help: "NAME=VERSION, or NAME= to take it away.")
    var labels: [String] = []

    @Option(help: "Have the daemon behind this admin socket read the labels, and wait for it.")
    var adminSocket: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let (repository, name) = try place()
        let changes = try changes()
        let current =
            changes.isEmpty
            ? try repository.labels(of: name) : try repository.setLabels(changes, of: name)
        if let adminSocket {
            let connection = try BlockingConnection(path: adminSocket)
            for (label, version) in changes.sorted(by: { $0.key < $1.key }) {
                _ = try connection.call(.label(name, label: label, version: version ?? nil))
            }
        }
        let sorted = current.versions.sorted { $0.key < $1.key }
        if json {
            Terminal.line(
                JSONText.object(sorted.map { ($0.key, .integer(Int(clamping: $0.value))) }).text)
        } else {
            for (label, version) in sorted { Terminal.line("\(label)=\(version)") }
        }
    }

    /// `REPOSITORY/MODEL` in its two parts.
    private func place() throws -> (Repository, String) {
        var path = model
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else {
            return (Repository(path: "."), path)
        }
        let parent = path[..<slash]
        return (
            Repository(path: parent.isEmpty ? "/" : String(parent)),
            String(path[path.index(after: slash)...])
        )
    }

    private func changes() throws -> [String: UInt64?] {
        var changes: [String: UInt64?] = [:]
        for text in labels {
            guard let equals = text.firstIndex(of: "=") else {
                throw Failure(.usage, "'\(text)' is no label; write NAME=VERSION or NAME=")
            }
            let number = text[text.index(after: equals)...]
            let version = number.isEmpty ? nil : try VersionName.parse(String(number))
            changes.updateValue(version, forKey: String(text[..<equals]))
        }
        return changes
    }
}
