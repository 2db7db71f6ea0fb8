import Glibc

/// A file that appears whole or not at all: written beside its place and renamed into it.
final class OutputFile {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isFinished = false

    /// Opens a file for writing.
    ///
    /// - Throws: `Failure` `cannotCreate`, naming the path and the system's reason.
    init(path: String) throws(Failure) {
        self.path = path
        temporaryPath = "\(path).\(getpid()).part"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(.cannotCreate, "\(path): cannot be written: \(Self.reason)")
        }
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporaryPath) }
    }

    /// Writes bytes at the end.
    ///
    /// - Throws: `Failure` `inputOutput`; nothing stays behind then.
    func append(_ bytes: [UInt8]) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if count > 0 {
                start += count
            } else if errno != EINTR {
                throw Failure(.inputOutput, "\(path): writing failed: \(Self.reason)")
            }
        }
    }

    /// Puts the file in its place.
    ///
    /// - Throws: `Failure` `cannotCreate`.
    func finish() throws(Failure) {
        guard rename(temporaryPath, path) == 0 else {
            throw Failure(.cannotCreate, "\(path): cannot be put in place: \(Self.reason)")
        }
        isFinished = true
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
