import TandemWire
import Testing

@Suite struct TextViewTests {
    private func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { TextView($0).isUTF8 }
    }

    @Test func `takes text of every length of character`() {
        for text in ["", "a", "price", "größe", "價格", "🛒 cart", "\u{0}", "\u{10FFFF}"] {
            #expect(isUTF8(Array(text.utf8)), "\(text)")
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x9B], [0x61, 0xFF], [0xE2, 0x28, 0xA1],
            [0xF0, 0x9F, 0x28, 0x92],
        ] as [[UInt8]])
    func `refuses what is cut, overlong, a surrogate or beyond Unicode`(_ bytes: [UInt8]) {
        #expect(!isUTF8(bytes))
    }

    @Test func `agrees with the standard library on every pair of bytes and on random text`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                let known = String(validating: bytes, as: UTF8.self) != nil
                if isUTF8(bytes) != known { Issue.record("\(bytes)") }
            }
        }
        var generator = SeededGenerator(seed: 3)
        // Bytes that begin, go on and end characters, so that many texts are nearly right.
        let pieces: [UInt8] = [0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC3, 0xE0, 0xED, 0xEF, 0xF0, 0xF4]
        for _ in 0..<50_000 {
            let bytes = (0..<5).compactMap { _ in pieces.randomElement(using: &generator) }
            let known = String(validating: bytes, as: UTF8.self) != nil
            if isUTF8(bytes) != known { Issue.record("\(bytes)") }
        }
    }

    @Test func `compares bytes`() {
        Array("click".utf8).withUnsafeBytes { bytes in
            let text = TextView(bytes)
            #expect(text.equals("click"))
            #expect(!text.equals("clic"))
            #expect(!text.equals("clicks"))
            #expect(text.string == "click")
            #expect(text.equals(bytes))
        }
    }
}
