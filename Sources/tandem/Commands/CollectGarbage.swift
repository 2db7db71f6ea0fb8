import ArgumentParser
import TandemClient
import TandemPackage

/// Removes versions that nobody needs.
struct CollectGarbage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Lists versions that nobody needs, and removes them if told so.",
        discussion: """
            Each model keeps its newest versions and those that a label names. What a publisher \
            that was killed left behind is listed too. Without --remove nothing is changed.

            Example:
              tandem gc models --keep 3
              tandem gc models --admin-socket /run/tandem/admin.sock --remove
            """)

    @Argument(help: "The repository.")
    var repository: String

    @Option(help: "How many of a model's newest versions are kept.")
    var keep = 2

    @Option(help: "Also keep every version that the daemon behind this admin socket has loaded.")
    var adminSocket: String?

    @Flag(help: "Remove what is listed.")
    var remove = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard keep >= 1 else {
            throw ValidationError("--keep is 1 or more: the newest version is what is served.")
        }
    }

    func run() throws {
        var held: Set<String> = []
        if let adminSocket {
            let entries = try BlockingConnection(path: adminSocket).call(.repositoryIndex())
            for entry in entries where entry.state == .ready || entry.state == .loading {
                held.insert("\(entry.model)/\(entry.version)")
            }
        }
        let repository = Repository(path: repository)
        let found = try repository.garbage(keeping: keep) { held.contains("\($0)/\($1)") }
        for garbage in found where remove { try repository.remove(garbage) }
        Terminal.write(json ? report(found).text + "\n" : text(found))
    }

    private func text(_ found: [Garbage]) -> String {
        guard !found.isEmpty else { return "\(repository): nothing to remove\n" }
        var table = TextTable(["directory", "bytes", "what"])
        for garbage in found {
            table.add([
                garbage.path, Readable.grouped(garbage.byteCount),
                garbage.kind == .unfinished ? "left behind unfinished" : "version",
            ])
        }
        let total = Readable.bytes(found.reduce(0) { $0 + $1.byteCount })
        return table.text
            + (remove ? "removed: \(total)\n" : "\(total); remove them with --remove\n")
    }

    private func report(_ found: [Garbage]) -> JSONText {
        .object([
            ("removed", .bool(remove)),
            (
                "garbage",
                .array(
                    found.map { garbage in
                        .object([
                            ("path", .string(garbage.path)),
                            ("bytes", .integer(garbage.byteCount)),
                            ("unfinished", .bool(garbage.kind == .unfinished)),
                        ])
                    })
            ),
        ])
    }
}
