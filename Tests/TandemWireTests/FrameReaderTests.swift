import TandemWire
import Testing

@Suite struct FrameReaderTests {
    /// What the reader sees in these bytes.
    private func scan(_ bytes: [UInt8], frameBytesMax: Int = 300) -> FrameScan {
        bytes.withUnsafeBytes { FrameReader(frameBytesMax: frameBytesMax).scan($0) }
    }

    private func refusal(_ bytes: [UInt8]) -> WireError? {
        guard case .refused(let error) = scan(bytes) else { return nil }
        return error
    }

    private func payload(_ bytes: [UInt8], frameBytesMax: Int = 300) -> Range<Int>? {
        guard case .frame(let payload) = scan(bytes, frameBytesMax: frameBytesMax) else {
            return nil
        }
        return payload
    }

    private func bytesMin(_ bytes: [UInt8]) -> Int? {
        guard case .needsMore(let count) = scan(bytes) else { return nil }
        return count
    }

    @Test func `finds a frame and where the next one begins`() {
        #expect(payload([3, 10, 11, 12, 1, 9]) == 1..<4)
    }

    @Test func `says how many bytes it needs`() {
        #expect(bytesMin([]) == 1)
        #expect(bytesMin([0x81]) == 2)
        #expect(bytesMin([0x81, 0x01]) == 2 + 129)
        #expect(bytesMin([3]) == 4)
        #expect(bytesMin([3, 1, 1]) == 4)
    }

    @Test func `takes a frame one byte under and at the limit`() {
        // 299 is 0xAB 0x02 and 300 is 0xAC 0x02 as a varint.
        #expect(payload([0xAB, 0x02] + [UInt8](repeating: 1, count: 299)) == 2..<301)
        #expect(payload([0xAC, 0x02] + [UInt8](repeating: 1, count: 300)) == 2..<302)
    }

    @Test func `refuses a frame one byte over the limit before it has arrived`() throws {
        let error = try #require(refusal([0xAD, 0x02]))
        #expect(error.code == .frameTooLarge)
        #expect(error.limit == "frame_bytes_max")
        #expect(error.bound == 300)
        #expect(error.actual == 301)
        #expect(error.losesFraming)
        #expect(error.statusCode == .resourceExhausted)
    }

    @Test func `refuses a frame of length 0`() throws {
        let error = try #require(refusal([0, 1, 2]))
        #expect(error.code == .frameEmpty)
        #expect(error.losesFraming)
    }

    @Test func `refuses a length prefix that never ends`() throws {
        #expect(bytesMin([0x80, 0x80, 0x80, 0x80]) == 5)
        let error = try #require(refusal([0x80, 0x80, 0x80, 0x80, 0x80]))
        #expect(error.code == .lengthPrefixEndless)
        #expect(error.losesFraming)
        #expect(refusal([UInt8](repeating: 0xFF, count: 100))?.code == .lengthPrefixEndless)
    }

    @Test func `refuses a length prefix that is not in its shortest form`() throws {
        let error = try #require(refusal([0x81, 0x00, 7]))
        #expect(error.code == .lengthPrefixNotShortest)
        #expect(error.actual == 2)
        #expect(refusal([0x80, 0x00])?.code == .lengthPrefixNotShortest)
        #expect(refusal([0x81, 0x80, 0x80, 0x80, 0x00])?.code == .lengthPrefixNotShortest)
    }

    @Test func `refuses the largest length that five bytes can say`() throws {
        let error = try #require(refusal([0xFF, 0xFF, 0xFF, 0xFF, 0x7F]))
        #expect(error.code == .frameTooLarge)
        #expect(error.actual == 0x7_FFFF_FFFF)
    }

    @Test func `needs more at every byte but the last of every message`() throws {
        for frame in try SchemaTests.frames() {
            for count in 0..<frame.bytes.count {
                guard
                    case .needsMore(let bytesMin) = scan(
                        Array(frame.bytes.prefix(count)), frameBytesMax: 1 << 20)
                else {
                    Issue.record("\(frame.name) at \(count)")
                    return
                }
                #expect(bytesMin > count && bytesMin <= frame.bytes.count)
            }
            #expect(payload(frame.bytes, frameBytesMax: 1 << 20)?.upperBound == frame.bytes.count)
        }
    }

    @Test func `never reads past the window, whatever the bytes`() {
        var generator = SeededGenerator(seed: 20_260_101)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            switch scan(bytes) {
            case .needsMore(let bytesMin): #expect(bytesMin > count)
            case .frame(let payload):
                #expect(payload.lowerBound > 0 && !payload.isEmpty && payload.upperBound <= count)
            case .refused(let error): #expect(error.losesFraming)
            }
        }
    }
}
