import CTandemProto
import Foundation
import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemPackage

/// The manifest's numbers and a package of format version 1, which every later version reads.
///
/// `TANDEM_WRITE_GOLDEN=1 swift test` writes them again; a change of a line or a byte that was there
/// before breaks every package there is, an added line is a new field.
@Suite struct ManifestGoldenTests {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden/package")
    static let isWriting = ProcessInfo.processInfo.environment["TANDEM_WRITE_GOLDEN"] != nil

    /// Forty users: a table over two shards.
    private static let userCount = 40

    /// Where the package is; written first, once, if that was asked for.
    private static let directory = Result { () throws -> String in
        let path = golden.appending(path: "1").path
        guard isWriting else { return path }
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try PackageWriter.write(
            SampleContents.make(userCount: userCount), to: path,
            options: PackageOptions(shardByteCountTarget: 256))
        return path
    }

    @Test func `every field's number and type is as it always was`() throws {
        var walk = SchemaWalk()
        walk.describe(tandem__package__v1__manifest__descriptor)
        #expect(!walk.isRecursive)
        let text = walk.lines.sorted().joined(separator: "\n") + "\n"
        let file = Self.golden.appending(path: "numbers.txt")
        if Self.isWriting { try text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    @Test func `the first package there was still loads`() throws {
        let contents = try SampleContents.make(userCount: Self.userCount)
        let package = try PackageReader.open(Self.directory.get())
        #expect(package.verify() == [])
        #expect(package.model == contents.model.normalized())
        #expect(package.tensors.contains { $0.segments.count > 1 })
        for program in package.model.programs {
            for (name, tensor) in try package.load(program: program.name) {
                expectEqual(tensor, contents.tensors[name], name)
            }
        }
    }

    /// The shards' bytes depend on the version of zstd; the manifest's do not.
    @Test func `the same manifest still has the same bytes`() throws {
        let package = try PackageReader.open(Self.directory.get())
        let manifest = Manifest(
            model: package.model, tensors: package.tensors, shards: package.shards)
        let bytes = try TemporaryFolder.read(Self.directory.get() + "/manifest")
        #expect(ManifestFile.encode(manifest.encoded()) == bytes)
    }

    @Test func `the package sets every field but those that nothing makes yet`() throws {
        var all = SchemaWalk()
        all.describe(tandem__package__v1__manifest__descriptor)
        var seen = SchemaWalk()
        let bytes = try TemporaryFolder.read(Self.directory.get() + "/manifest")
        let message = Array(bytes.dropFirst(ManifestFile.headerByteCount).dropLast(32))
        let manifest = try #require(
            tandem__package__v1__manifest__unpack(nil, message.count, message))
        defer { tandem__package__v1__manifest__free_unpacked(manifest, nil) }
        manifest.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { seen.visit($0) }
        #expect(all.fields.count > 80)
        #expect(
            all.fields.subtracting(seen.fields)
                == [
                    "tandem.package.v1.Dimension.symbol", "tandem.package.v1.Attribute.text",
                ])
    }
}
