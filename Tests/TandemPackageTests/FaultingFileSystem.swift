import Synchronization

@testable import TandemPackage

/// The local file system, until its n-th operation, which fails as a full disk does: a write after
/// half of its bytes.
final class FaultingFileSystem: FileSystem {
    private let local = LocalFileSystem()
    private let failingOperation: Int
    private let state = Mutex((count: 0, failed: ""))

    /// Fails at that operation, counted from 0; never if negative.
    init(failingOperation: Int) { self.failingOperation = failingOperation }

    /// Which operation failed, or nothing.
    var failed: String { state.withLock { $0.failed } }

    /// Operations so far.
    var count: Int { state.withLock { $0.count } }

    private func step(_ name: String, _ path: String) throws(PackageError) {
        let fails = state.withLock { state in
            defer { state.count += 1 }
            if state.count == failingOperation { state.failed = name }
            return state.count == failingOperation
        }
        if fails { throw PackageError(.noSpace, "no space left on device", path: path) }
    }

    func makeDirectory(_ path: String) throws(PackageError) -> Bool {
        try step("makeDirectory", path)
        return try local.makeDirectory(path)
    }

    func makeFile(_ path: String) throws(PackageError) -> Int32 {
        try step("makeFile", path)
        return try local.makeFile(path)
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
    ) throws(PackageError) {
        do throws(PackageError) {
            try step("write", path)
        } catch {
            let half = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2))
            try local.write(half, to: descriptor, path)
            throw error
        }
        try local.write(bytes, to: descriptor, path)
    }

    func synchronizeFile(_ descriptor: Int32, _ path: String) throws(PackageError) {
        try step("synchronizeFile", path)
        try local.synchronizeFile(descriptor, path)
    }

    func closeFile(_ descriptor: Int32) { local.closeFile(descriptor) }

    func synchronizeDirectory(_ path: String) throws(PackageError) {
        try step("synchronizeDirectory", path)
        try local.synchronizeDirectory(path)
    }

    func renameDirectory(_ path: String, to target: String) throws(PackageError) {
        try step("renameDirectory", path)
        try local.renameDirectory(path, to: target)
    }

    func replaceFile(_ target: String, by path: String) throws(PackageError) {
        try step("replaceFile", path)
        try local.replaceFile(target, by: path)
    }

    func removeFile(_ path: String) { local.removeFile(path) }

    func removeFilesAndDirectory(_ path: String) { local.removeFilesAndDirectory(path) }

    func removeEmptyDirectory(_ path: String) { local.removeEmptyDirectory(path) }
}
