import Foundation
import TandemGraph
import Testing

@testable import TandemPackage

@Suite struct VerificationTests {
    private func write(_ folder: TemporaryFolder) throws -> Package {
        var contents = try SampleContents.make(userCount: 500_000)
        contents.model.programs[0].tolerance = 1e-3
        try PackageWriter.write(
            contents, to: folder.path, options: PackageOptions(sharedByteCountMax: 0))
        return try PackageReader.open(folder.path)
    }

    @Test(arguments: [1, 3])
    func `lists every damaged block of every shard, by file and block`(threads: Int) throws {
        let folder = try TemporaryFolder()
        let package = try write(folder)
        let large = try #require(package.shards.first { $0.blockCount >= 4 })
        let path = package.path(of: large)
        let entries = try package.blockEntries(of: large)
        let bytes = try TemporaryFolder.read(path)
        for block in [0, 2, 3] {
            let place = entries[block].fileOffset + 7
            try TemporaryFolder.change(path, at: place, to: ~bytes[place])
        }
        let gone = try #require(package.shards.last { $0 != large })
        #expect(unlink(package.path(of: gone)) == 0)

        let problems = PackageReader.verify(folder.path, threads: threads)
        let inLarge = problems.filter { $0.path == path }
        #expect(
            inLarge.map(\.code) == [.contentMismatch]
                + .init(repeating: .checksumMismatch, count: 3))
        #expect(inLarge.map(\.block) == [nil, 0, 2, 3])
        let missing = problems.filter { $0.code == .notFound }
        #expect(missing.map(\.path) == [package.path(of: gone)])
        #expect(problems.count == 5)
    }

    @Test func `finds nothing wrong in what was just written`() throws {
        let folder = try TemporaryFolder()
        try PackageWriter.write(SampleContents.make(), to: folder.path)
        #expect(PackageReader.verify(folder.path, threads: 2).isEmpty)
    }

    @Test func `says of a manifest that cannot be read why`() throws {
        let folder = try TemporaryFolder()
        #expect(PackageReader.verify(folder.path).map(\.code) == [.notFound])
    }
}
