import Foundation
import Testing

/// The top of the tree stays a page one can read.
@Suite struct TopLevelTests {
    static let entries: Set<String> = [
        "Package.swift", "Sources", "Tests", "proto", "systemd", "README.md", "Makefile", "LICENSE",
    ]

    /// What building leaves beside them when there is no git to say what belongs to the tree.
    static let leftByBuilding: Set<String> = ["Package.resolved", "demo-out"]

    /// Entries that do not belong there; dotfiles may.
    private func strangers(_ names: some Sequence<String>) -> [String] {
        Set(names).filter { !$0.hasPrefix(".") && !Self.entries.contains($0) }.sorted()
    }

    /// The first folders of all tracked paths, or what lies in the folder where git cannot tell.
    private func topLevel() throws -> [String] {
        let listing = try? Command.run(["git", "ls-files"], in: SourceTree.root)
        if let listing, listing.status == 0, !listing.output.isEmpty {
            return listing.output.split(separator: "\n").map {
                String($0.prefix { $0 != "/" })
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)
        return names.filter { !Self.leftByBuilding.contains($0) }
    }

    @Test func `the top level has nothing that is not on the list`() throws {
        let names = try topLevel()
        try #require(names.contains("Package.swift"))
        #expect(strangers(names) == [])
    }

    @Test func `a stranger at the top level is found`() {
        #expect(
            strangers(["Sources", ".ci", "scripts", "notes.md", "LICENSE"]) == [
                "notes.md", "scripts",
            ])
    }
}
