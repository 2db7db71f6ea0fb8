import TandemGraph
import Testing

@testable import TandemPackage

@Suite struct PackageDifferenceTests {
    private let folder: TemporaryFolder
    private let options = PackageOptions(sharedByteCountMax: 0)

    init() throws { folder = try TemporaryFolder() }

    private func package(
        _ name: String, _ change: (inout PackageContents) -> Void = { _ in }
    ) throws -> Package {
        var contents = try SampleContents.make()
        change(&contents)
        let path = try folder.folder(name)
        try PackageWriter.write(contents, to: path, options: options)
        return try PackageReader.open(path)
    }

    @Test func `reads nothing for a package of the same contents`() throws {
        let difference = PackageDifference(from: try package("1"), to: try package("2"))
        #expect(difference.tensors.allSatisfy { $0.change == .same })
        #expect(difference.readings.map(\.program) == ["float", "int8"])
        for reading in difference.readings {
            #expect(reading.shardCount > 3 && reading.readShardCount == 0)
            #expect(reading.storedByteCount > 0 && reading.readStoredByteCount == 0)
        }
        #expect(difference.quality.count == 2)
        #expect(difference.quality.allSatisfy { $0.before == $0.after })
    }

    @Test func `reads the one shard of a table that changed`() throws {
        let table = "embedding/user"
        let old = try package("1")
        let new = try package("2") { $0.tensors[table] = Tensor(zeros: .float32, shape: [5, 2]) }
        let difference = PackageDifference(from: old, to: new)
        #expect(difference.tensors.filter { $0.change != .same }.map(\.name) == [table])
        #expect(difference.tensors.first { $0.name == table }?.change == .changed)
        #expect(difference.readings[0].readShardCount == 1)
        #expect(difference.readings[0].readRawByteCount == 40)
        #expect(difference.readings[1].readShardCount == 0)
    }

    @Test func `counts what only one package has, and another shape`() throws {
        let old = try package("1")
        let new = try package("2") { contents in
            contents.model.programs.removeLast()
            let names = Set(
                contents.model.programs[0].graph.parameters.map {
                    contents.model.programs[0].graph[$0].name
                })
            contents.tensors = contents.tensors.filter { names.contains($0.key) }
            contents.model.goldens = []
            contents.model.quality[0].value = 0.5
            contents.model.quality.removeLast()
        }
        let away = PackageDifference(from: old, to: new)
        #expect(away.tensors.first { $0.name == "embedding/user/int8" }?.change == .removed)
        #expect(away.readings.map(\.program) == ["float"])
        #expect(away.quality.map(\.before) == [-1.5, 0.875])
        #expect(away.quality.map(\.after) == [nil, 0.5])
        let back = PackageDifference(from: new, to: old)
        #expect(back.tensors.first { $0.name == "embedding/user/int8" }?.change == .added)
        #expect(back.readings[1].readShardCount == back.readings[1].shardCount)
    }
}
