internal import CTandemSystem
internal import Glibc

// Design: who works on a directory holds flock(2) on it. The kernel gives the lock back when the
// process ends, however it ends; so a directory that nobody holds is nobody's work any more. Process
// numbers in names could not tell that: they are reused, and differ between containers.

/// A lock on a directory, held until it is released with the last reference.
final class DirectoryLock {
    private let descriptor: Int32

    /// Waits for the lock.
    ///
    /// - Throws: `PackageError` `notFound` and others if the directory cannot be opened.
    convenience init(waitingFor path: String) throws(PackageError) {
        let descriptor = tandemsys_lock_directory(path, true)
        guard descriptor >= 0 else {
            throw PackageError.system(-descriptor, "cannot lock the directory", path)
        }
        self.init(descriptor)
    }

    /// Takes the lock if nobody holds it; nil if somebody does, or the directory is gone.
    convenience init?(ifFree path: String) {
        let descriptor = tandemsys_lock_directory(path, false)
        guard descriptor >= 0 else { return nil }
        self.init(descriptor)
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// Names that no other process takes.
enum HiddenName {
    /// Process number and chance.
    static var nonce: String {
        "\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    }
}
