import Foundation
import TandemFeatures
import TandemGraph
import TandemTestSupport
import Testing

@testable import TandemPackage

@Suite struct PublishingTests {
    @Test func `makes what is missing and publishes a version that opens`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path + "/models/")
        let contents = try SampleContents.make()
        let path = try repository.publish(contents, version: 3)
        #expect(path == folder.path + "/models/shop-1.a_b/3")
        let package = try repository.open(model: "shop-1.a_b", version: 3)
        #expect(package.model == contents.model.normalized())
        #expect(package.verify() == [])
        #expect(try TemporaryFolder.names(in: folder.path + "/models/shop-1.a_b") == ["3"])
    }

    @Test func `never replaces a version`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        try repository.publish(SampleContents.make(), version: 1)
        let before = try snapshot(folder.path)
        var other = try SampleContents.make()
        other.model.createdWith = "other"
        let error = failure { try repository.publish(other, version: 1) }
        #expect(error?.code == .versionExists)
        #expect(error?.path == folder.path + "/shop-1.a_b/1")
        #expect(try snapshot(folder.path) == before)
    }

    @Test func `does not replace what takes the name while it writes`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        try repository.publish(SampleContents.make(), version: 1)
        let hidden = try folder.folder("shop-1.a_b/.publish-x")
        let error = failure {
            try LocalFileSystem().renameDirectory(hidden, to: folder.path + "/shop-1.a_b/1")
        }
        #expect(error?.code == .versionExists)
        // An empty directory is no version, but its name is taken all the same.
        _ = try folder.folder("shop-1.a_b/2")
        let empty = failure {
            try LocalFileSystem().renameDirectory(hidden, to: folder.path + "/shop-1.a_b/2")
        }
        #expect(empty?.code == .versionExists)
    }

    /// Every operation fails once; whatever fails, the repository is as it was.
    @Test(arguments: [true, false])
    func `leaves nothing and the old version intact when the disk is full`(
        modelIsThere: Bool
    ) throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path + "/models")
        let contents = try SampleContents.make()
        if modelIsThere { try repository.publish(contents, version: 1) }
        let before = try snapshot(folder.path)
        var failed: Set<String> = []
        for operation in 0..<1000 {
            let fileSystem = FaultingFileSystem(failingOperation: operation)
            let error = failure {
                try repository.publish(contents, version: 2, fileSystem: fileSystem)
            }
            guard let error else {
                #expect(operation == fileSystem.count)
                break
            }
            failed.insert(fileSystem.failed)
            #expect(error.code == .noSpace)
            #expect(error.path != nil)
            #expect(try snapshot(folder.path) == before, "after \(fileSystem.failed) \(operation)")
        }
        #expect(
            failed == [
                "makeDirectory", "makeFile", "write", "synchronizeFile", "synchronizeDirectory",
                "renameDirectory",
            ])
        #expect(try repository.open(model: contents.model.name, version: 2).verify() == [])
        if modelIsThere {
            #expect(try repository.open(model: contents.model.name, version: 1).verify() == [])
        }
    }

    @Test func `writes nothing for contents that do not fit together`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        let changes: [(PackageError.Code, (inout PackageContents) -> Void)] = [
            (.invalidContents, { $0.tensors["embedding/user"] = nil }),
            (
                .invalidContents,
                { $0.tensors["embedding/user"] = Tensor(zeros: .int8, shape: [5, 2]) }
            ),
            (.invalidContents, { $0.tensors["stray"] = Tensor(zeros: .int8, shape: [1]) }),
            (.invalidContents, { $0.model.goldens[0].candidateRows = -1 }),
            (.invalidContents, { $0.model.quality[0].rowCount = -1 }),
            (.invalidGolden, { $0.model.goldens[0].inputs.removeLast() }),
            (.invalidSignature, { $0.model.signature.tasks.swapAt(0, 1) }),
            (.invalidSignature, { $0.model.signature.features[0].slot.column = 1 }),
            (.invalidManifest, { $0.model.programs = [] }),
            (.invalidName, { $0.model.name = "a/b" }),
            (.limitExceeded, { $0.model.warmUps = Array(repeating: [], count: 257) }),
        ]
        for (index, (code, change)) in changes.enumerated() {
            var contents = try SampleContents.make()
            change(&contents)
            if code == .invalidManifest { contents.tensors = [:] }
            let error = failure { try repository.publish(contents, version: 1) }
            #expect(error?.code == code, "change \(index): \(String(describing: error))")
            #expect(try TemporaryFolder.names(in: folder.path) == [], "change \(index)")
        }
        for version in [0, UInt64(Int64.max) + 1] {
            let error = failure { try repository.publish(SampleContents.make(), version: version) }
            #expect(error?.code == .invalidVersion)
        }
    }

    @Test func `refuses numbers that the manifest's fields cannot hold`() throws {
        let folder = try TemporaryFolder()
        var contents = try SampleContents.make()
        contents.model.signature.features[0].slot.column = -1
        let error = failure { try PackageWriter.write(contents, to: folder.path) }
        #expect(error?.code == .invalidContents)
        #expect(try TemporaryFolder.names(in: folder.path) == [])
    }

    @Test func `keeps shards of equal contents apart`() throws {
        let folder = try TemporaryFolder()
        var contents = try SampleContents.make()
        for (name, tensor) in contents.tensors {
            contents.tensors[name] = Tensor(zeros: tensor.dtype, shape: tensor.shape)
        }
        let options = PackageOptions(sharedByteCountMax: 0)
        try PackageWriter.write(contents, to: folder.path, options: options)
        let package = try PackageReader.open(folder.path)
        #expect(Set(package.shards.map(\.contentID)).count == package.shards.count)
        #expect(package.shards.count > 8)
        #expect(package.verify() == [])
        _ = try package.load(program: "float")
    }

    @Test func `copies a package byte for byte, under another name too`() throws {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let repository = Repository(path: folder.path + "/models")
        let package = try PackageReader.open(source)
        let path = try repository.publish(copyOf: package, model: "shop", version: 7)
        #expect(path == folder.path + "/models/shop/7")
        #expect(try snapshot(path) == snapshot(source))
        #expect(try repository.open(model: "shop", version: 7).contentID == package.contentID)
    }

    @Test func `gives a copy the number after the highest`() throws {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let package = try PackageReader.open(source)
        let repository = Repository(path: folder.path + "/models")
        for number in 1...2 {
            let path = try repository.publish(copyOf: package, model: "shop")
            #expect(path == folder.path + "/models/shop/\(number)")
        }
        _ = try folder.folder("models/shop/10")
        #expect(try repository.publish(copyOf: package, model: "shop").hasSuffix("/11"))
    }

    @Test func `leaves a program out, with all that is its own, and copies the other's shards`()
        throws
    {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let package = try PackageReader.open(source)
        let repository = Repository(path: folder.path + "/models")
        let path = try repository.publish(copyOf: package, keeping: ["int8"])
        let copy = try PackageReader.open(path)
        #expect(copy.model.programs.map(\.name) == ["int8"])
        #expect(copy.model.quality.map(\.program) == ["int8"])
        #expect(copy.model.goldens[0].outputs.map(\.program) == ["int8"])
        #expect(copy.shards == package.shards(of: package.model.programs[1]))
        #expect(copy.shards.count < package.shards.count)
        let expected = try package.load(program: "int8")
        let loaded = try copy.load(program: "int8")
        #expect(Set(loaded.keys) == Set(expected.keys))
        for (name, tensor) in loaded { expectEqual(tensor, expected[name], name) }
        let error = failure { try repository.publish(copyOf: package, keeping: ["int4"]) }
        #expect(error?.code == .unknownProgram)
    }

    @Test func `leaves nothing when the disk is full at any step of a copy`() throws {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let package = try PackageReader.open(source)
        let repository = Repository(path: folder.path + "/models")
        var failures = 0
        for programs in [nil, ["int8"]] {
            let before = try snapshot(folder.path)
            for operation in 0..<1000 {
                let fileSystem = FaultingFileSystem(failingOperation: operation)
                let error = failure {
                    try repository.publish(
                        copyOf: package, keeping: programs, fileSystem: fileSystem)
                }
                guard let error else { break }
                failures += 1
                #expect(error.code == .noSpace)
                #expect(try snapshot(folder.path) == before, "after \(fileSystem.failed)")
            }
        }
        #expect(failures > 20)
    }

    @Test(arguments: [("models", "other"), ("models/shop-1.a_b", "shop-1.a_b")])
    func `says where it may not write, and changes nothing`(locked: String, model: String) throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path + "/models")
        var contents = try SampleContents.make()
        try repository.publish(contents, version: 1)
        let package = try repository.open(model: "shop-1.a_b", version: 1)
        contents.model.name = model
        let before = try snapshot(folder.path)
        let directory = folder.path + "/" + locked
        #expect(chmod(directory, 0o555) == 0)
        let errors = Unprivileged.run {
            [
                failure { try repository.publish(contents, version: 2) },
                failure { try repository.publish(copyOf: package, model: model, version: 2) },
            ]
        }
        #expect(chmod(directory, 0o755) == 0)
        for error in errors {
            #expect(error?.code == .accessDenied)
            #expect(error?.path?.hasPrefix(directory + "/") == true, "\(error?.path ?? "")")
        }
        #expect(try snapshot(folder.path) == before)
    }

    @Test func `says which file of a package it may not read`() throws {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let package = try PackageReader.open(source)
        let shard = try #require(
            try TemporaryFolder.names(in: source).first { $0 != "manifest" })
        #expect(chmod(source + "/" + shard, 0) == 0)
        let repository = Repository(path: folder.path + "/models")
        let error = Unprivileged.run {
            failure { try repository.publish(copyOf: package, version: 1) }
        }
        #expect(error?.code == .accessDenied && error?.path == source + "/" + shard)
    }

    @Test func `does not copy a package that is damaged`() throws {
        let folder = try TemporaryFolder()
        let source = try folder.folder("source")
        try PackageWriter.write(SampleContents.make(), to: source)
        let package = try PackageReader.open(source)
        let path = package.path(of: package.shards[0])
        let bytes = try TemporaryFolder.read(path)
        try TemporaryFolder.change(path, at: bytes.count - 1, to: ~bytes[bytes.count - 1])
        let repository = Repository(path: folder.path + "/models")
        let error = failure { try repository.publish(copyOf: package, version: 1) }
        #expect(error?.code == .contentMismatch)
        #expect(error?.path == path)
        #expect(try TemporaryFolder.names(in: folder.path) == ["source"])
    }

    @Test func `lets one of many publishers of a version win`() async throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        let contents = try SampleContents.make()
        let codes = await withTaskGroup(of: PackageError.Code?.self) { group in
            for _ in 0..<8 {
                group.addTask { failure { try repository.publish(contents, version: 5) }?.code }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.filter { $0 == nil }.count == 1)
        #expect(codes.compactMap { $0 } == Array(repeating: .versionExists, count: 7))
        #expect(try TemporaryFolder.names(in: folder.path + "/shop-1.a_b") == ["5"])
        #expect(try repository.open(model: "shop-1.a_b", version: 5).verify() == [])
    }

    /// All paths below a folder, with files' bytes.
    private func snapshot(_ folder: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let path = folder + "/" + name
            result[name] = LocalFileSystem.isDirectory(path) ? [] : try TemporaryFolder.read(path)
        }
        return result
    }
}
