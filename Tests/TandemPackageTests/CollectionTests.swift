import Foundation
import TandemTestSupport
import Testing

@testable import TandemPackage

@Suite struct CollectionTests {
    private let folder: TemporaryFolder
    private let repository: Repository

    init() throws {
        folder = try TemporaryFolder()
        repository = Repository(path: folder.path)
        for version in [1, 2, 3, 10] {
            let path = try folder.folder("shop/\(version)")
            try TemporaryFolder.write([1, 2, 3], to: path + "/manifest")
        }
    }

    private func versions(keeping count: Int) throws -> [UInt64] {
        try repository.garbage(keeping: count).compactMap { garbage in
            if case .version(_, let version) = garbage.kind { version } else { nil }
        }
    }

    @Test func `keeps the newest versions by number, and one in any case`() throws {
        #expect(try versions(keeping: 2) == [1, 2])
        #expect(try versions(keeping: 0) == [1, 2, 3])
        #expect(try versions(keeping: 4) == [])
    }

    @Test func `keeps what a label names and what is held`() throws {
        _ = try repository.setLabels(["stable": 2], of: "shop")
        #expect(try versions(keeping: 1) == [1, 3])
        let found = try repository.garbage(keeping: 1) { $0 == "shop" && $1 == 1 }
        #expect(found.map(\.kind) == [.version(model: "shop", 3)])
        #expect(found[0].byteCount == 3)
    }

    @Test func `removes nothing of a model whose labels cannot be read`() throws {
        try TemporaryFolder.write([0xFF], to: folder.path + "/shop/labels.toml")
        #expect(failure { try repository.garbage(keeping: 1) }?.code == .invalidLabels)
    }

    @Test func `removes a version whole`() throws {
        for garbage in try repository.garbage(keeping: 2) { try repository.remove(garbage) }
        #expect(try TemporaryFolder.names(in: folder.path + "/shop") == ["10", "3"])
    }

    @Test func `says what it cannot remove, and finds it again`() throws {
        _ = try folder.folder("shop/1/inner")
        let garbage = try #require(try repository.garbage(keeping: 3).first)
        #expect(failure { try repository.remove(garbage) }?.code == .accessDenied)
        let left = try repository.garbage(keeping: 3)
        #expect(left.map(\.kind) == [.unfinished])
        #expect(left[0].path.contains("/shop/.removed-1-"))
    }

    @Test func `says what it may not remove, and leaves it whole`() throws {
        let garbage = try #require(try repository.garbage(keeping: 3).first)
        let directory = folder.path + "/shop"
        #expect(chmod(directory, 0o555) == 0)
        let error = Unprivileged.run { failure { try repository.remove(garbage) } }
        #expect(chmod(directory, 0o755) == 0)
        #expect(error?.code == .accessDenied && error?.path == directory + "/1")
        #expect(try TemporaryFolder.names(in: directory) == ["1", "10", "2", "3"])
        #expect(try TemporaryFolder.names(in: directory + "/1") == ["manifest"])
    }

    @Test func `takes what a killed publisher left for garbage, and not what one is at`() throws {
        let dead = try folder.folder("shop/.publish-4-1-a")
        let alive = try folder.folder("shop/.publish-5-1-b")
        _ = try folder.folder("shop/.other")
        try TemporaryFolder.write([1], to: folder.path + "/shop/.publish-file")
        let lock = try DirectoryLock(waitingFor: alive)
        let found = try repository.garbage(keeping: 4)
        #expect(found.map(\.path) == [dead])
        for garbage in found { try repository.remove(garbage) }
        withExtendedLifetime(lock) {}
        #expect(
            try TemporaryFolder.names(in: folder.path + "/shop").filter { $0.hasPrefix(".") }
                == [".other", ".publish-5-1-b", ".publish-file"])
    }
}
