internal import CTandemSystem
internal import Glibc
internal import TandemGraph

// Design: files are read by pread, never mapped. A mapping of a file that somebody cuts short
// raises SIGBUS, which would end the daemon; pread returns fewer bytes, which is an error like any
// other. Symbolic links are refused at the last component, so that a package cannot show a file
// from elsewhere; opening does not wait, so a FIFO cannot hold a loader up.

/// A regular file that is open for reading.
final class ReadableFile: Sendable {
    let path: String
    /// Size when it was opened.
    let byteCount: Int
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Throws: `PackageError` `notFound`, `accessDenied`, `notRegularFile` or `inputOutput`.
    init(path: String) throws(PackageError) {
        let descriptor = tandemsys_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0)
        guard descriptor >= 0 else {
            throw PackageError.system(-descriptor, "cannot open the file", path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = errno
            close(descriptor)
            throw PackageError.system(error, "cannot look at the file", path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw PackageError(.notRegularFile, "this is not a regular file", path: path)
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Fills a buffer from a place in the file, from any thread.
    ///
    /// - Throws: `PackageError` `truncated` if the file ends before, or `inputOutput`.
    func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(PackageError) {
        var done = 0
        while done < buffer.count {
            guard let base = buffer.baseAddress else { break }
            let count = pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
            if count < 0 {
                let error = errno
                if error == EINTR { continue }
                throw PackageError.system(error, "cannot read the file", path)
            }
            guard count > 0 else {
                throw PackageError(
                    .truncated, "the file ends early; copy or publish the package again",
                    path: path, byteOffset: offset + done,
                    expected: UInt64(offset + buffer.count), actual: UInt64(offset + done))
            }
            done += count
        }
    }

    /// Has the system bring bytes from the disk into its cache; does not wait for them.
    ///
    /// Advice: what cannot be brought is read when it is asked for, and fails there.
    func readAhead(at offset: Int, byteCount: Int) {
        for piece in stride(from: 0, to: byteCount, by: Self.readAheadByteCount) {
            posix_fadvise(
                descriptor, off_t(offset + piece),
                off_t(min(Self.readAheadByteCount, byteCount - piece)), POSIX_FADV_WILLNEED)
        }
    }

    /// Linux brings at most one request's worth for each advice; the smallest usual one is this.
    private static let readAheadByteCount = 128 << 10

    /// All bytes of the file.
    ///
    /// - Throws: `outOfMemory` too, where an array would end the process.
    func contents() throws(PackageError) -> TensorStorage {
        let storage = try TensorStorage.taken(byteCount, for: path)
        try read(
            at: 0, into: UnsafeMutableRawBufferPointer(start: storage.base, count: byteCount))
        return storage
    }

    /// The first bytes of the file.
    func prefix(_ count: Int) throws(PackageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(PackageError) in
            try read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
        return bytes
    }
}

extension PackageError {
    /// Translates a system error.
    static func system(_ error: Int32, _ what: String, _ path: String) -> PackageError {
        let code: Code =
            switch error {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .accessDenied
            case ELOOP, EISDIR: .notRegularFile
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case ENOMEM: .outOfMemory
            default: .inputOutput
            }
        var text = [CChar](repeating: 0, count: 128)
        tandemsys_error_text(error, &text, text.count)
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        let name = String(decoding: bytes, as: UTF8.self)
        return PackageError(code, "\(what): \(name)", path: path, systemError: error)
    }
}
