// Design: one stream of bytes for plain, gzip and zstd files.
//
// What a file is, is told by its first bytes and never by its name, because names lie (`.csv` that
// is packed, `.gz` that a browser already unpacked). Bytes are unpacked on the way, a buffer at a
// time: a packed file of any size costs two buffers and the decoder's window. Members that follow
// each other (`cat a.gz b.gz`, zstd frames) are one stream, as their tools have it.

import CZlib
import CZstd
import Glibc

/// The unpacked bytes of a file, in order.
///
/// Not for use by two threads at once.
package final class ByteSource {
    /// How the file is packed.
    package enum Packing: Sendable {
        /// As it is.
        case plain
        /// RFC 1952.
        case gzip
        /// RFC 8878.
        case zstd
    }

    /// The file, as the caller named it.
    package let path: String
    /// How the file is packed.
    package let packing: Packing

    private let file: RawFile
    private var gzip: GzipDecoder?
    private var zstd: ZstdDecoder?

    /// Opens a file and looks at its first bytes.
    package init(path: String) throws(TrainingError) {
        self.path = path
        file = try RawFile(path: path)
        try file.fill()
        packing = try Self.packing(of: file.pending, path)
        switch packing {
        case .plain: break
        case .gzip: gzip = try GzipDecoder(path)
        case .zstd: zstd = try ZstdDecoder(path)
        }
    }

    /// Takes the next bytes.
    ///
    /// - Parameter target: Overwritten from its start; must not be empty.
    /// - Returns: How many bytes were written; 0 at the end.
    /// - Throws: `unreadableFile` or `damagedCompression`.
    package func read(into target: UnsafeMutableRawBufferPointer) throws(TrainingError) -> Int {
        if let gzip { return try gzip.read(from: file, into: target) }
        if let zstd { return try zstd.read(from: file, into: target) }
        return try file.copy(into: target)
    }

    /// The next bytes, at most so many.
    package func prefix(_ countMax: Int) throws(TrainingError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: countMax, alignment: 1)
        defer { buffer.deallocate() }
        var count = 0
        while count < countMax {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let read = try read(into: rest)
            if read == 0 { break }
            count += read
        }
        return Array(buffer.prefix(count))
    }

    /// What the first bytes say; refuses forms that people meet and that are not read here.
    private static func packing(
        of bytes: UnsafeRawBufferPointer, _ path: String
    ) throws(TrainingError) -> Packing {
        func starts(_ magic: [UInt8]) -> Bool { bytes.prefix(magic.count).elementsEqual(magic) }
        if starts([0x1F, 0x8B]) { return .gzip }
        if starts([0x28, 0xB5, 0x2F, 0xFD]) { return .zstd }
        let others: [(magic: [UInt8], name: String, remedy: String)] = [
            (
                [0x50, 0x4B, 0x03, 0x04], "a zip archive or spreadsheet",
                "unpack or export it as CSV"
            ),
            ([0x42, 0x5A, 0x68], "packed with bzip2", "unpack it, or pack it with gzip or zstd"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "packed with xz", "unpack it, or use gzip or zstd"),
            ([0x50, 0x41, 0x52, 0x31], "a Parquet file", "export it as CSV"),
            ([0xFF, 0xFE], "UTF-16 text", "convert it to UTF-8"),
            ([0xFE, 0xFF], "UTF-16 text", "convert it to UTF-8"),
        ]
        for other in others where starts(other.magic) {
            throw TrainingError(
                .unknownCompression, "is \(other.name), which is not read here",
                remedy: other.remedy
            ).with(\.file, path)
        }
        return .plain
    }
}

/// A file's bytes as they lie on disk, through one buffer.
private final class RawFile {
    let path: String
    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var isAtEnd = false

    init(path: String) throws(TrainingError) {
        self.path = path
        buffer = .allocate(byteCount: TrainingLimits.readBytes, alignment: 64)
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("cannot be opened", path) }
    }

    deinit {
        buffer.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes that were read and not yet taken.
    var pending: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[start..<end]) }

    /// Marks bytes as taken.
    func take(_ count: Int) { start += count }

    /// Reads on if nothing is pending; afterwards `pending` is empty only at the file's end.
    func fill() throws(TrainingError) {
        guard start == end, !isAtEnd else { return }
        start = 0
        end = 0
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("cannot be read", path) }
            end = count
            isAtEnd = count == 0
            return
        }
    }

    func copy(into target: UnsafeMutableRawBufferPointer) throws(TrainingError) -> Int {
        try fill()
        let count = min(target.count, pending.count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: pending.prefix(count)))
        take(count)
        return count
    }

    private static func failure(_ problem: String, _ path: String) -> TrainingError {
        let reason = String(cString: strerror(errno))
        return TrainingError(
            .unreadableFile, "\(problem): \(reason)", remedy: "check the path and its permissions"
        ).with(\.file, path)
    }
}

/// Unpacks gzip members.
private final class GzipDecoder {
    private let path: String
    // On the heap, because zlib keeps the address of its stream and refuses a moved one.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isWithinMember = true

    init(_ path: String) throws(TrainingError) {
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 more for the gzip header.
        let status = inflateInit2_(
            stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw damaged("zlib cannot start") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func read(
        from file: RawFile, into target: UnsafeMutableRawBufferPointer
    ) throws(TrainingError) -> Int {
        var written = 0
        while written == 0 {
            try file.fill()
            let pending = file.pending
            if pending.isEmpty {
                if isWithinMember { throw damaged("the file ends before its last member does") }
                return 0
            }
            if !isWithinMember {
                inflateReset(stream)
                isWithinMember = true
            }
            written = try step(pending, file, target)
        }
        return written
    }

    private func step(
        _ pending: UnsafeRawBufferPointer, _ file: RawFile, _ target: UnsafeMutableRawBufferPointer
    ) throws(TrainingError) -> Int {
        let room = UInt32(min(target.count, 1 << 30))
        let available = UInt32(pending.count)
        let input = pending.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input)
        stream.pointee.avail_in = available
        stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = room
        let status = inflate(stream, Z_NO_FLUSH)
        file.take(Int(available - stream.pointee.avail_in))
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isWithinMember = false
        default:
            throw damaged(stream.pointee.msg.map { String(cString: $0) } ?? "code \(status)")
        }
        return Int(room - stream.pointee.avail_out)
    }

    private func damaged(_ reason: String) -> TrainingError {
        damage("gzip", reason, path)
    }
}

/// Unpacks zstd frames.
private final class ZstdDecoder {
    private let path: String
    private let context: OpaquePointer
    private var isWithinFrame = true

    init(_ path: String) throws(TrainingError) {
        self.path = path
        guard let context = ZSTD_createDCtx() else {
            throw damage("zstd", "the decoder cannot start", path)
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    func read(
        from file: RawFile, into target: UnsafeMutableRawBufferPointer
    ) throws(TrainingError) -> Int {
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        while output.pos == 0 {
            try file.fill()
            let pending = file.pending
            // A frame may still have output when its input is all taken: ask with none.
            let isAtEnd = pending.isEmpty
            var input = ZSTD_inBuffer(src: pending.baseAddress, size: pending.count, pos: 0)
            if isAtEnd, !isWithinFrame { return 0 }
            let status = ZSTD_decompressStream(context, &output, &input)
            guard ZSTD_isError(status) == 0 else {
                throw damage("zstd", String(cString: ZSTD_getErrorName(status)), path)
            }
            file.take(input.pos)
            isWithinFrame = status != 0
            if isAtEnd, output.pos == 0, isWithinFrame {
                throw damage("zstd", "the file ends before its last frame does", path)
            }
        }
        return output.pos
    }
}

private func damage(_ format: String, _ reason: String, _ path: String) -> TrainingError {
    TrainingError(
        .damagedCompression, "the \(format) stream is damaged: \(reason)",
        remedy: "fetch or pack the file again"
    ).with(\.file, path)
}
