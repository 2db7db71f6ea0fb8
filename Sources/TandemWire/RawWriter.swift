// Design: the two messages that carry arrays, Predict's request and answer, are written by hand,
// because protobuf-c would want the arrays copied into its structs first. Everything else goes
// through protobuf-c. Sizes are computed before the first byte is written, as in protobuf's own
// encoders, so that a nested message's length stands before it without moving bytes.

/// The size of protobuf's encodings, in bytes.
enum EncodedSize {
    /// A varint's size: 1 to 10.
    static func varint(_ value: UInt64) -> Int {
        // 7 bits a byte: ceil(significant bits / 7), and 1 for 0.
        max(1, (64 - value.leadingZeroBitCount + 6) / 7)
    }

    /// A length-delimited field with a one-byte tag (field number below 16), nothing for none.
    static func field(_ count: Int) -> Int {
        count == 0 ? 0 : 1 + varint(UInt64(count)) + count
    }

    /// A varint field with a one-byte tag, nothing for 0, as proto3 has it.
    static func varintField(_ value: UInt64) -> Int { value == 0 ? 0 : 1 + varint(value) }
}

/// Writes protobuf fields one after another into memory that is known to be large enough.
///
/// Field numbers are below 16, so that tags are one byte. Unchecked in release builds: callers
/// computed the size with `EncodedSize` before.
struct RawWriter {
    /// Where the next byte goes.
    private(set) var cursor: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    /// Writes to `memory` from its start.
    init(_ memory: UnsafeMutableRawPointer, count: Int) {
        cursor = memory
        end = memory + count
    }

    /// Bytes that are left.
    var remaining: Int { end - cursor }

    mutating func byte(_ value: UInt8) {
        assert(remaining >= 1)
        cursor.storeBytes(of: value, as: UInt8.self)
        cursor += 1
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    /// A tag with wire type 2 and the length that follows it.
    mutating func lengthTag(_ field: UInt8, _ count: Int) {
        byte(field << 3 | 2)
        varint(UInt64(count))
    }

    /// A varint field; nothing for 0.
    mutating func varintField(_ field: UInt8, _ value: UInt64) {
        guard value != 0 else { return }
        byte(field << 3)
        varint(value)
    }

    /// A length-delimited field; nothing for none.
    mutating func bytesField(_ field: UInt8, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        lengthTag(field, bytes.count)
        raw(bytes)
    }

    /// Bytes as they are.
    mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        assert(remaining >= bytes.count)
        if let source = bytes.baseAddress {
            cursor.copyMemory(from: source, byteCount: bytes.count)
        }
        cursor += bytes.count
    }

    /// Passes over bytes that someone else writes.
    mutating func skip(_ count: Int) {
        assert(remaining >= count)
        cursor += count
    }

    /// Zeroes.
    mutating func zeroes(_ count: Int) {
        for _ in 0..<count { byte(0) }
    }
}
