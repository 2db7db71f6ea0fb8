import Foundation
import Testing

/// The C code of proto/ is committed, so that a build needs no compiler for protobuf; it must be
/// what `make proto` makes today.
@Suite struct GeneratedCodeTests {
    /// The generated files below a folder, by path relative to it.
    private func generated(in folder: URL) throws -> [String: String] {
        var files: [String: String] = [:]
        let walk = FileManager.default.enumerator(atPath: folder.path)
        while let path = walk?.nextObject() as? String {
            guard path.contains(".pb-c.") else { continue }
            files[path] = try String(
                contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
        }
        return files
    }

    /// Paths that are not the same in both, and what to do.
    private func differences(
        committed: [String: String], fresh: [String: String]
    ) -> [String] {
        Set(committed.keys).union(fresh.keys).sorted().compactMap { path in
            switch (committed[path], fresh[path]) {
            case (nil, _): "\(path): not committed, run make proto"
            case (_, nil): "\(path): its .proto is gone, run make proto"
            case (let old, let new): old == new ? nil : "\(path): out of date, run make proto"
            }
        }
    }

    @Test func `the committed code of proto is a fresh generation's`() throws {
        try Command.withTemporaryFolder { folder in
            let made = try Command.run(
                ["make", "proto", "PROTO_OUT=\(folder.path)"], in: SourceTree.root)
            try #require(made.status == 0, "make proto failed: \(made.output)")
            let fresh = try generated(in: folder)
            try #require(!fresh.isEmpty)
            let room = SourceTree.root.appendingPathComponent("Sources/CTandemProto")
            let committed = try generated(in: room)
            #expect(differences(committed: committed, fresh: fresh) == [])
        }
    }

    @Test func `the header that Swift sees lists every generated one`() throws {
        let include = SourceTree.root.appendingPathComponent("Sources/CTandemProto/include")
        let umbrella = try String(
            contentsOf: include.appendingPathComponent("tandem_proto.h"), encoding: .utf8)
        let missing = try generated(in: include).keys.filter {
            !umbrella.contains("#include \"\($0)\"")
        }
        #expect(missing.sorted() == [])
    }

    @Test func `code that is stale, missing or left over is found`() {
        let committed = ["a.pb-c.c": "1", "b.pb-c.c": "1", "c.pb-c.c": "1"]
        let fresh = ["a.pb-c.c": "1", "b.pb-c.c": "2", "d.pb-c.c": "1"]
        #expect(
            differences(committed: committed, fresh: fresh) == [
                "b.pb-c.c: out of date, run make proto",
                "c.pb-c.c: its .proto is gone, run make proto",
                "d.pb-c.c: not committed, run make proto",
            ])
    }
}
