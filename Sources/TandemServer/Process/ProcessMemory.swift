internal import CTandemSystem
internal import Glibc

// Design: a model's large blocks are mapped, each by itself.
//
// A version takes and gives back blocks of some hundred KiB: workspaces and packed weights. glibc
// maps the first of them, and puts later ones of that size into its heaps, because it raises its
// threshold to the largest mapped block that was ever freed. There they lie between small blocks
// that live longer: over 500 reloads of one model, anonymous memory went to and fro between 7.4 and
// 10.3 MB, of which 2.3 were in use. With a threshold that stays it was 2.31 to 2.41 MB throughout.

/// This process's memory.
package enum ProcessMemory {
    /// Has blocks of 128 KiB and more go back to the system when they are freed.
    ///
    /// To be called before there are other threads.
    package static func mapLargeBlocks() { tandemsys_map_allocations(128 << 10) }

    /// Resident bytes; 0 where /proc cannot be read, as under ProcSubset.
    static var residentBytes: UInt64 {
        let descriptor = tandemsys_open("/proc/self/statm", O_RDONLY, 0)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return 0 }
        // "size resident shared ..." in pages.
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages &* UInt64(getpagesize())
    }
}
