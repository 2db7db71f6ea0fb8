internal import CTandemSystem
internal import Glibc

/// What the kernel says of this process's memory.
enum ProcessMemory {
    /// Resident bytes; 0 where /proc cannot be read, as under ProcSubset.
    static var residentBytes: UInt64 {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = tandemsys_read_file("/proc/self/statm", &bytes, bytes.count)
        guard count > 0 else { return 0 }
        // "size resident shared ..." in pages.
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = UInt64(fields[1]) else { return 0 }
        return pages &* UInt64(getpagesize())
    }
}
