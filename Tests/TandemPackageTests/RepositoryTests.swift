import Foundation
import TandemTestSupport
import Testing

@testable import TandemPackage

@Suite struct RepositoryTests {
    @Test(arguments: ["007", "0", "00", "+1", "-1", "", " 1", "1 ", "1.0", "0x1", "v1", "\u{0661}"])
    func `takes no version that is not canonical`(name: String) {
        let error = failure { try VersionName.parse(name) }
        #expect(error?.code == .invalidVersion)
        #expect(error?.subject == name)
    }

    @Test func `takes versions from 1 to 2^63 - 1`() throws {
        #expect(try VersionName.parse("1") == 1)
        #expect(try VersionName.parse("9223372036854775807") == UInt64(Int64.max))
        #expect(failure { try VersionName.parse("9223372036854775808") }?.code == .invalidVersion)
        #expect(
            failure { try VersionName.parse("99999999999999999999999") }?.code == .invalidVersion)
    }

    @Test func `lists versions by number and says why others are none`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        for name in ["10", "9", "007", "0", "x", ".publish-3-1-a"] {
            _ = try folder.folder("shop/\(name)")
        }
        try TemporaryFolder.write([], to: folder.path + "/shop/labels.toml")
        try TemporaryFolder.write([], to: folder.path + "/shop/4")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/shop/5", withDestinationPath: "9")
        let versions = try repository.versions(of: "shop")
        #expect(versions.numbers == [9, 10])
        #expect(try repository.latestVersion(of: "shop") == 10)
        #expect(
            versions.rejected.map { $0.path ?? "" }
                == ["0", "007", "4", "5", "x"].map { folder.path + "/shop/" + $0 })
        #expect(
            versions.rejected.map(\.code) == [
                .invalidVersion, .invalidVersion, .notRegularFile, .notRegularFile, .invalidVersion,
            ])
    }

    @Test func `lists models by name, without hidden ones, files and links`() throws {
        let folder = try TemporaryFolder()
        for name in ["b", "a", ".hidden", "no good"] { _ = try folder.folder(name) }
        try TemporaryFolder.write([], to: folder.path + "/file")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: "a")
        #expect(try Repository(path: folder.path).models() == ["a", "b"])
    }

    @Test func `says what is not there`() throws {
        let folder = try TemporaryFolder()
        let repository = Repository(path: folder.path)
        let error = failure { try repository.versions(of: "shop") }
        #expect(error?.code == .notFound)
        #expect(error?.path == folder.path + "/shop")
        #expect(
            failure { try Repository(path: folder.path + "/no").models() }?.code == .notFound)
        let open = failure { try repository.open(model: "shop", version: 1) }
        #expect(open?.code == .notFound)
        #expect(open?.path == folder.path + "/shop/1/manifest")
        _ = try folder.folder("shop")
        #expect(try repository.latestVersion(of: "shop") == nil)
    }

    @Test func `makes no path that leaves the repository`() throws {
        let repository = Repository(path: "/srv/models/")
        #expect(repository.path == "/srv/models")
        #expect(try repository.path(model: "a", version: 3) == "/srv/models/a/3")
        for model in ["..", ".", "a/b", "", "/etc"] {
            #expect(failure { try repository.path(model: model) }?.code == .invalidName)
        }
        #expect(failure { try repository.path(model: "a", version: 0) }?.code == .invalidVersion)
    }

    @Test func `says when a directory may not be read`() throws {
        let folder = try TemporaryFolder()
        let locked = try folder.folder("locked")
        #expect(chmod(locked, 0) == 0)
        defer { chmod(locked, 0o700) }
        let error = Unprivileged.run { failure { try Repository(path: locked).models() } }
        #expect(error?.code == .accessDenied)
        #expect(error?.path == locked)
    }
}
