import Glibc
package import TandemGraph

// Design: weights stay where they are.
//
// A model's file is mapped, never read into memory: names and numbers of the structure are decoded
// from the mapping, and a weight whose bytes are aligned to its elements becomes a tensor that
// points into it. Pages that were only copied from are given back to the system at once, so an
// import's memory is one copy of the weights, wherever they lie. A file that somebody shortens
// while it is mapped ends the program; nothing that maps files can prevent that.

/// The bytes of a file, mapped read-only for as long as anything points into them.
package struct MappedFile: Sendable {
    /// The path that was opened; empty for bytes from memory.
    package let path: String
    /// The mapping, which tensors share.
    package let storage: TensorStorage

    /// Number of bytes.
    package var byteCount: Int { storage.byteCount }

    /// The bytes; valid as long as the storage.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    }

    /// Maps a regular file.
    ///
    /// - Throws: `ImportError` `unreadableFile`.
    package init(path: String) throws(ImportError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(path, "cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(path, "cannot be read") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImportError(.unreadableFile, "is not a regular file", file: path)
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            self.init(path: path, storage: TensorStorage(byteCount: 0))
            return
        }
        let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw Self.failure(path, "cannot be mapped") }
        self.init(
            path: path,
            storage: TensorStorage(base: base, byteCount: size) { munmap($0, $1) })
    }

    /// A copy of bytes that are in memory, for models that are not files.
    package init(_ bytes: some Collection<UInt8>) {
        let storage = TensorStorage(byteCount: bytes.count)
        UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count)
            .copyBytes(from: bytes)
        self.init(path: "", storage: storage)
    }

    private init(path: String, storage: TensorStorage) {
        self.path = path
        self.storage = storage
    }

    /// Gives all pages back to the system; they are read again when touched.
    package func releasePages() { releasePages(0..<byteCount) }

    /// Gives the whole pages of a range back to the system; they are read again when touched.
    func releasePages(_ range: Range<Int>) {
        guard !path.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = (range.lowerBound + page - 1) / page * page
        let end = range.upperBound / page * page
        if start < end { madvise(storage.base + start, end - start, MADV_DONTNEED) }
    }

    private static func failure(_ path: String, _ what: String) -> ImportError {
        ImportError(.unreadableFile, "\(what): \(String(cString: strerror(errno)))", file: path)
    }
}
