import CTandemSystem
import Glibc
import TandemServingSupport
import Testing

@testable import TandemServer

@Suite struct RepositoryWatchTests {
    private let folder: TemporaryFolder
    private let counted = Locked(0)

    init() throws { folder = try TemporaryFolder() }

    /// Runs a watch around a change and waits until it told of it.
    private func watch(_ change: () throws -> Void) throws {
        let counted = counted
        let before = counted.withLock { $0 }
        let watch = try RepositoryWatch(
            path: folder.path, quietMilliseconds: 1, changed: { counted.withLock { $0 += 1 } },
            failed: { Issue.record("\($0)") })
        let thread = try watch.start()
        defer {
            watch.end()
            thread.join()
        }
        try change()
        // As long as it takes: a change that is never told of hangs, and the run's limit ends it.
        while counted.withLock({ $0 }) == before { usleep(200) }
    }

    private func make(_ name: String) { _ = mkdir("\(folder.path)/\(name)", 0o755) }

    private func write(_ name: String) {
        let descriptor = tandemsys_open("\(folder.path)/\(name)", O_WRONLY | O_CREAT, 0o644)
        #expect(Glibc.write(descriptor, "x", 1) == 1)
        close(descriptor)
    }

    @Test func `tells of a model, a version, a file of a version, and labels`() throws {
        try watch { make("shop") }
        try watch { make("shop/1") }
        try watch { write("shop/1/manifest") }
        try watch { write("shop/labels.toml") }
    }

    @Test func `tells of a version that was renamed into its place, and of one that went`() throws {
        make("shop")
        make("shop/.publish-1")
        let (hidden, target) = ("\(folder.path)/shop/.publish-1", "\(folder.path)/shop/1")
        try watch { #expect(rename(hidden, target) == 0) }
        try watch { #expect(rmdir(target) == 0) }
    }

    @Test func `sees into directories that came while it watched`() throws {
        let counted = counted
        let watch = try RepositoryWatch(
            path: folder.path, quietMilliseconds: 1, changed: { counted.withLock { $0 += 1 } },
            failed: { _ in })
        let thread = try watch.start()
        for name in ["shop", "shop/1", "shop/1/manifest"] {
            let before = counted.withLock { $0 }
            if name.hasSuffix("manifest") { write(name) } else { make(name) }
            while counted.withLock({ $0 }) == before { usleep(200) }
        }
        watch.end()
        thread.join()
    }

    @Test func `ends when it is told, also while nothing happens`() throws {
        let watch = try RepositoryWatch(path: folder.path, changed: {}, failed: { _ in })
        let thread = try watch.start()
        watch.end()
        thread.join()
    }
}
