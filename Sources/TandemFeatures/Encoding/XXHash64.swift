/// XXH64, the 64-bit hash of the xxHash family; stable for ever, the same on every processor.
///
/// Source: xxHash fast digest algorithm, specification 0.2, section "XXH64 algorithm description".
package enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// The hash of some bytes.
    ///
    /// Allocates nothing; O(bytes).
    package static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var position = 0
        var accumulator: UInt64
        if bytes.count >= 32 {
            accumulator = stripes(bytes, seed, &position)
        } else {
            accumulator = seed &+ prime5
        }
        accumulator &+= UInt64(bytes.count)
        while position + 8 <= bytes.count {
            accumulator ^= round(0, lane(bytes, position))
            accumulator = rotated(accumulator, 27) &* prime1 &+ prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let word = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            accumulator ^= UInt64(word) &* prime1
            accumulator = rotated(accumulator, 23) &* prime2 &+ prime3
            position += 4
        }
        while position < bytes.count {
            accumulator ^= UInt64(bytes[position]) &* prime5
            accumulator = rotated(accumulator, 11) &* prime1
            position += 1
        }
        return avalanche(accumulator)
    }

    /// The hash of a whole number: that of its 8 little-endian bytes.
    package static func hash(_ value: Int64, seed: UInt64) -> UInt64 {
        withUnsafeBytes(of: value.littleEndian) { hash($0, seed: seed) }
    }

    private static func stripes(
        _ bytes: UnsafeRawBufferPointer, _ seed: UInt64, _ position: inout Int
    ) -> UInt64 {
        var a = seed &+ prime1 &+ prime2
        var b = seed &+ prime2
        var c = seed
        var d = seed &- prime1
        while position + 32 <= bytes.count {
            a = round(a, lane(bytes, position))
            b = round(b, lane(bytes, position + 8))
            c = round(c, lane(bytes, position + 16))
            d = round(d, lane(bytes, position + 24))
            position += 32
        }
        var sum = rotated(a, 1) &+ rotated(b, 7) &+ rotated(c, 12) &+ rotated(d, 18)
        sum = merged(sum, a)
        sum = merged(sum, b)
        sum = merged(sum, c)
        return merged(sum, d)
    }

    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotated(accumulator &+ lane &* prime2, 31) &* prime1
    }

    private static func merged(_ sum: UInt64, _ lane: UInt64) -> UInt64 {
        (sum ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func lane(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        var value = value
        value ^= value >> 33
        value = value &* prime2
        value ^= value >> 29
        value = value &* prime3
        return value ^ (value >> 32)
    }
}
