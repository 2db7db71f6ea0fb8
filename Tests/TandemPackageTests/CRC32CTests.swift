import CTandemSystem
import TandemGraph
import Testing

/// By the instruction and by table.
@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the check value of the CRC catalogues.
    @Test func `gives the published values`() {
        let known: [([UInt8], UInt32)] = [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283), ([], 0),
        ]
        for (bytes, crc) in known {
            #expect(tandemsys_crc32c(0, bytes, bytes.count) == crc)
            #expect(tandemsys_crc32c_table(0, bytes, bytes.count) == crc)
        }
    }

    /// Around words, around the three lanes of 4,096 bytes, at every alignment.
    @Test func `gives the same by instruction and by table`() {
        var random = RandomSource(seed: 5)
        let bytes = (0..<30_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let counts = Array(0...70) + [4095, 4096, 12_287, 12_288, 12_289, 24_575, 24_576, 29_000]
        bytes.withUnsafeBytes { buffer in
            for count in counts {
                for start in 0..<9 {
                    let place = buffer.baseAddress.map { $0 + start }
                    let expected = tandemsys_crc32c_table(0, place, count)
                    #expect(tandemsys_crc32c(0, place, count) == expected, "\(count) at \(start)")
                }
            }
        }
    }

    @Test func `goes on where it stopped`() {
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = tandemsys_crc32c(0, bytes, bytes.count)
        for cut in [0, 1, 8, 4096, 12_288, 19_999, 20_000] {
            let first = tandemsys_crc32c(0, bytes, cut)
            let rest = Array(bytes[cut...])
            #expect(tandemsys_crc32c(first, rest, rest.count) == whole)
        }
    }
}
