import Foundation
import TandemTestSupport
import Testing

@testable import TandemPackage

@Suite struct LabelsTests {
    private let folder: TemporaryFolder
    private let repository: Repository

    init() throws {
        folder = try TemporaryFolder()
        repository = Repository(path: folder.path)
        for version in [3, 4] { _ = try folder.folder("shop/\(version)") }
    }

    private var file: String { folder.path + "/shop/labels.toml" }

    @Test func `a model without a file has no labels`() throws {
        #expect(try repository.labels(of: "shop") == Labels())
    }

    @Test func `writes, changes and removes labels, and reads what it wrote`() throws {
        _ = try repository.setLabels(["stable": 3, "canary": 4], of: "shop")
        var labels = try repository.labels(of: "shop")
        #expect(labels.versions == ["stable": 3, "canary": 4])
        #expect(labels["stable"] == 3 && labels["beta"] == nil)
        _ = try repository.setLabels(["stable": 4, "canary": nil], of: "shop")
        labels = try repository.labels(of: "shop")
        #expect(labels.versions == ["stable": 4])
        #expect(try TemporaryFolder.names(in: folder.path + "/shop") == ["3", "4", "labels.toml"])
    }

    @Test func `refuses a label to a version that is not there, and names those that are`() throws {
        let error = failure { try repository.setLabels(["stable": 5], of: "shop") }
        #expect(error?.code == .notFound)
        #expect(error?.subject == "label stable")
        #expect(error?.message.contains("3, 4") == true)
        #expect(!LocalFileSystem.exists(file))
    }

    @Test(arguments: ["", "3", "-x", "a/b", "../up", "\u{E9}", String(repeating: "x", count: 129)])
    func `refuses names that are no labels`(name: String) throws {
        let error = failure { try repository.setLabels([name: 3], of: "shop") }
        #expect(error?.code == .invalidName)
    }

    @Test func `takes 256 labels and refuses one more`() throws {
        var labels = Labels()
        for number in 0..<256 { try labels.set("label\(number)", to: 3) }
        let error = failure { try labels.set("more", to: 3) }
        #expect(error?.code == .limitExceeded && error?.expected == 256)
    }

    @Test(arguments: [
        ("[labels", "line 1"), ("[labels]\nstable = \"3\"", "line 2"),
        ("[labels]\nstable = 0", "line 2"), ("[labels]\nstable = -3", "line 2"),
        ("[lables]\nstable = 3", "did you mean 'labels'?"), ("labels = 3", "line 1"),
        ("[labels]\nstable = 3\nstable = 4", "line 3"),
    ])
    func `says what is wrong in a file, and where`(text: String, place: String) throws {
        try TemporaryFolder.write(Array(text.utf8), to: file)
        let error = failure { try repository.labels(of: "shop") }
        #expect(error?.code == .invalidLabels)
        #expect(error?.path == file)
        #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
    }

    @Test func `refuses files that are too large, no text, or a link`() throws {
        try TemporaryFolder.write([UInt8](repeating: 0x20, count: 1 << 16), to: file)
        #expect(try repository.labels(of: "shop") == Labels())
        try TemporaryFolder.write([UInt8](repeating: 0x20, count: 1 << 16 + 1), to: file)
        #expect(failure { try repository.labels(of: "shop") }?.code == .limitExceeded)
        try TemporaryFolder.write([0xFF], to: file)
        #expect(failure { try repository.labels(of: "shop") }?.code == .invalidLabels)
        #expect(unlink(file) == 0 && symlink("elsewhere", file) == 0)
        #expect(failure { try repository.labels(of: "shop") }?.code == .notRegularFile)
    }

    @Test func `leaves the old labels and nothing else when the disk is full`() throws {
        _ = try repository.setLabels(["stable": 3], of: "shop")
        var failed: Set<String> = []
        for operation in 0..<100 {
            let fileSystem = FaultingFileSystem(failingOperation: operation)
            let error = failure {
                try repository.setLabels(["stable": 4], of: "shop", fileSystem: fileSystem)
            }
            guard error != nil else { break }
            failed.insert(fileSystem.failed)
            // The last step comes after the rename: the change is made, only not yet on the disk.
            let isRenamed = fileSystem.failed == "synchronizeDirectory"
            #expect(try repository.labels(of: "shop")["stable"] == (isRenamed ? 4 : 3))
            let names = try TemporaryFolder.names(in: folder.path + "/shop")
            #expect(names == ["3", "4", "labels.toml"])
        }
        #expect(failed.count == 5)
    }

    @Test func `says where it may not write, and leaves the old labels`() throws {
        _ = try repository.setLabels(["stable": 3], of: "shop")
        let directory = folder.path + "/shop"
        #expect(chmod(directory, 0o555) == 0)
        let error = Unprivileged.run {
            failure { try repository.setLabels(["stable": 4], of: "shop") }
        }
        #expect(chmod(directory, 0o755) == 0)
        #expect(error?.code == .accessDenied)
        #expect(error?.path?.hasPrefix(directory + "/") == true, "\(error?.path ?? "")")
        #expect(try repository.labels(of: "shop").versions == ["stable": 3])
        #expect(try TemporaryFolder.names(in: directory) == ["3", "4", "labels.toml"])
    }

    @Test func `does not take labels that may not be read for none`() throws {
        _ = try repository.setLabels(["stable": 3], of: "shop")
        #expect(chmod(file, 0) == 0)
        Unprivileged.run {
            #expect(failure { try repository.labels(of: "shop") }?.code == .accessDenied)
            // Neither does a collection, which would take the labelled version away.
            let error = failure { try repository.garbage(keeping: 1) }
            #expect(error?.code == .accessDenied && error?.path == file)
        }
    }

    @Test func `loses no change of many at once`() async throws {
        let repository = repository
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<16 {
                group.addTask {
                    _ = try? repository.setLabels(["label\(number)": 3], of: "shop")
                }
            }
        }
        #expect(try repository.labels(of: "shop").versions.count == 16)
    }
}
