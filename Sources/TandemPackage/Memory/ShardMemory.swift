internal import CTandemSystem
internal import Glibc
internal import TandemGraph

// Design: a shard's raw bytes are one sealed memfd, named by the shard's content.
//
//     OFFSET            SIZE   MEANING (little-endian)
//     0                 raw    the shard's raw bytes
//     span              page   magic, layout version, raw bytes, content id, CRC-32C of these
//
// The span is the raw bytes rounded up to pages, or to huge ones where those were asked for
// (`HugePages`).
//
// A memfd can be mapped by several versions of a model at once, each at the place where its table
// needs it, and it outlives the process in the service manager's store. So a reload shares what it
// has by content, and a restart takes it back. Sealed against writing and growing, it cannot change
// under a reader; only its last holder cuts it (`ShardFile`). The last page says what the memory
// holds, so that what comes back from the store is believed for its contents and not for its name.
//
// Blocks are decoded beside and then written by pwrite(2). That is faster than decoding into the
// mapping: on one core zstd gave 1.70 GB/s into a warm block; with pwrite into a memfd 0.95 to 1.02,
// decoding straight into the memfd's mapping 0.79 to 0.84, after fallocate 0.78 to 0.88, after
// MADV_POPULATE_WRITE a block 0.61 to 0.80; into fresh private pages 1.01, into huge ones 0.36 to
// 0.53 on a machine whose memory was full of page cache. A full page that is written is not cleared
// first, and no page fault is taken.
//
// A small shard is no file: a descriptor for each would be the limit of how many small models fit,
// and its 256 KiB decode in 0.2 ms, no longer than handing a descriptor on and taking it back. Loads
// share it like any other; only a restart reads it again.

/// The raw bytes of one shard in memory.
package final class ShardMemory: Sendable {
    /// What it holds.
    package let contentID: ContentID
    /// The shard's raw bytes.
    package let rawByteCount: Int
    /// The memfd; nil for a small shard.
    package let file: ShardFile?
    /// The bytes of a small shard.
    let small: TensorStorage?

    /// The most that is written by one call, some 0.05 ms: until it ends the system may not leave the
    /// core to who waits for it.
    private static let writtenByteCountMax = 64 << 10

    /// Bytes up to which a shard is small, unless a tensor goes on in the next one.
    static let smallByteCountMax = 256 << 10

    /// Memory for a shard, to be filled by `write` and finished by `seal`.
    ///
    /// - Parameters:
    ///   - shard: The shard.
    ///   - isMapped: Whether it has to be a file, however small.
    /// - Throws: `PackageError` `outOfMemory`, or `inputOutput` at the limit of descriptors.
    init(for shard: ShardRecord, isMapped: Bool) throws(PackageError) {
        contentID = shard.contentID
        rawByteCount = shard.rawByteCount
        guard isMapped || shard.rawByteCount > Self.smallByteCountMax else {
            small = try TensorStorage.taken(shard.rawByteCount, for: shard.fileName)
            file = nil
            return
        }
        small = nil
        let descriptor = tandemsys_memfd("tandem-shard")
        guard descriptor >= 0 else {
            throw PackageError.system(
                -descriptor, "no memory file for the shard; raise LimitNOFILE= if it is that",
                shard.fileName)
        }
        let size = Self.trailerOffset(shard.rawByteCount) + Self.pageByteCount
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            let error = errno
            close(descriptor)
            throw PackageError.system(error, "no memory for the shard", shard.fileName)
        }
        file = ShardFile(owning: descriptor)
        HugePages.prepare(
            span: HugePages.span(rawByteCount: shard.rawByteCount), of: descriptor)
    }

    /// Takes back a memfd that an earlier process sealed, if it is one of ours and whole.
    ///
    /// - Parameter descriptor: Owned by the memory from now on; left alone if nil is returned.
    package init?(adopting descriptor: Int32) {
        var status = stat()
        guard tandemsys_is_sealed(descriptor), fstat(descriptor, &status) == 0 else { return nil }
        let offset = Int(status.st_size) - Self.pageByteCount
        var trailer = [UInt8](repeating: 0, count: Self.trailerByteCount)
        guard offset > 0, offset % Self.pageByteCount == 0,
            pread(descriptor, &trailer, trailer.count, off_t(offset)) == trailer.count
        else { return nil }
        let rawByteCount = trailer.littleEndian(at: 12, as: UInt64.self)
        guard let contentID = ContentID(bytes: Array(trailer[20..<52])),
            rawByteCount <= UInt64(offset),
            Self.trailer(contentID, Int(rawByteCount)) == trailer,
            Self.trailerOffset(Int(rawByteCount)) == offset
        else { return nil }
        self.contentID = contentID
        self.rawByteCount = Int(rawByteCount)
        small = nil
        file = ShardFile(owning: descriptor)
    }

    /// Writes raw bytes at their place; from any thread, different places at once.
    ///
    /// - Throws: `PackageError` `outOfMemory` or `noSpace`: memory is charged when it is written.
    /// - Precondition: The bytes lie within the shard, which is not sealed yet.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(PackageError) {
        precondition(offset >= 0 && bytes.count <= rawByteCount - offset, "bytes outside a shard")
        if let small {
            UnsafeMutableRawBufferPointer(start: small.base + offset, count: bytes.count)
                .copyMemory(from: bytes)
            return
        }
        try write(bytes, atFileOffset: offset)
    }

    /// Says what the memory holds, and that it changes no more.
    ///
    /// - Throws: `PackageError` `outOfMemory` or `inputOutput`.
    func seal() throws(PackageError) {
        guard let file else { return }
        let trailer = Self.trailer(contentID, rawByteCount)
        try trailer.withUnsafeBufferPointer { (bytes) throws(PackageError) in
            try write(
                UnsafeRawBufferPointer(bytes), atFileOffset: Self.trailerOffset(rawByteCount))
        }
        let status = tandemsys_seal(file.descriptor)
        guard status == 0 else {
            throw PackageError.system(
                -status, "cannot seal the shard's memory", contentID.hexadecimal)
        }
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, atFileOffset offset: Int
    ) throws(PackageError) {
        var done = 0
        while done < bytes.count, let file, let base = bytes.baseAddress {
            let piece = min(bytes.count - done, Self.writtenByteCountMax)
            let count = pwrite(file.descriptor, base + done, piece, off_t(offset + done))
            if count <= 0 {
                let error = count < 0 ? errno : ENOSPC
                if error == EINTR { continue }
                throw PackageError.system(
                    error == ENOSPC ? ENOMEM : error, "no memory for the shard",
                    contentID.hexadecimal)
            }
            done += count
        }
    }

    /// Bytes of addresses that a mapping takes: whole pages, of the kinds that the memory has.
    var span: Int { Self.trailerOffset(rawByteCount) }

    /// Maps the raw bytes at an address, for reading, over whatever is mapped there.
    ///
    /// - Precondition: It is a file; the address is the start of a page, and `span` bytes from there
    ///   are the caller's.
    func map(at address: UnsafeMutableRawPointer) throws(PackageError) {
        let mapped = file.map {
            mmap(address, span, PROT_READ, MAP_SHARED | MAP_FIXED, $0.descriptor, 0)
        }
        guard mapped != MAP_FAILED else {
            throw PackageError.system(errno, "cannot map the shard", contentID.hexadecimal)
        }
    }

    // MARK: Layout

    /// Bytes of a page of memory.
    static let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// The next multiple of a page.
    static func pageAligned(_ byteCount: Int) -> Int {
        (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount
    }

    private static let magic: [UInt8] = Array("tandemsh".utf8)
    /// Counts up when the meaning of the bytes changes; what has another one is not taken back.
    private static let layoutVersion: UInt32 = 2
    private static let trailerByteCount = 56

    private static func trailerOffset(_ rawByteCount: Int) -> Int {
        max(pageAligned(rawByteCount), HugePages.span(rawByteCount: rawByteCount))
    }

    private static func trailer(_ contentID: ContentID, _ rawByteCount: Int) -> [UInt8] {
        var bytes = magic
        bytes.append(littleEndian: layoutVersion)
        bytes.append(littleEndian: UInt64(rawByteCount))
        bytes += contentID.bytes
        bytes.append(littleEndian: bytes.withUnsafeBytes { CRC32C.checksum($0) })
        return bytes
    }
}

extension TensorStorage {
    /// Memory of the process, mapped if it is much.
    ///
    /// - Throws: `PackageError` `outOfMemory`, saying for what.
    static func taken(_ byteCount: Int, for what: String) throws(PackageError) -> TensorStorage {
        guard let storage = TensorStorage(lasting: byteCount) else {
            throw PackageError(
                .outOfMemory, "no memory of \(byteCount) bytes", subject: what,
                expected: UInt64(clamping: byteCount))
        }
        return storage
    }
}
