internal import Crypto

/// The identity of bytes: their SHA-256.
package struct ContentID: Hashable, Sendable, CustomStringConvertible {
    /// Number of bytes.
    package static let byteCount = 32

    /// The digest.
    package let bytes: [UInt8]

    /// Adopts a digest; nil if it has not 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The identity of these bytes.
    package init(of content: UnsafeRawBufferPointer) {
        var hash = ContentHash()
        hash.update(content)
        self = hash.finish()
    }

    fileprivate init(digest: SHA256.Digest) { bytes = Array(digest) }

    /// 64 lower-case hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package var description: String { hexadecimal }
}

/// Computes a content id piece by piece.
struct ContentHash {
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    func finish() -> ContentID { ContentID(digest: hash.finalize()) }
}
