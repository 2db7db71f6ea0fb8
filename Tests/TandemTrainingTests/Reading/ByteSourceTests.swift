import TandemTraining
import Testing

@Suite struct ByteSourceTests {
    static let plain = Array("a,b\n1,2\n".utf8)
    /// `plain`, packed by gzip.
    static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 212, 73, 226, 50, 212, 49, 226, 2, 0, 123, 7, 151, 10,
        8, 0, 0, 0,
    ]
    /// `plain`, packed by zstd.
    static let zstd: [UInt8] = [
        0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0x41, 0x00, 0x00, 0x61, 0x2C, 0x62, 0x0A, 0x31, 0x2C,
        0x32, 0x0A, 0x35, 0xE7, 0xCA, 0xCE,
    ]

    @Test(arguments: [plain, gzip, zstd])
    func `gives the same bytes however the file is packed and named`(packed: [UInt8]) throws {
        #expect(try bytes(packed, suffix: ".txt") == Self.plain)
        #expect(try bytes(packed, suffix: ".zst") == Self.plain)
    }

    @Test(arguments: [gzip, zstd])
    func `reads members that follow each other as one`(packed: [UInt8]) throws {
        #expect(try bytes(packed + packed) == Self.plain + Self.plain)
    }

    @Test func `unpacks into buffers of one byte`() throws {
        #expect(try bytes(Self.gzip, at: 1) == Self.plain)
        #expect(try bytes(Self.zstd, at: 1) == Self.plain)
    }

    @Test(arguments: [gzip, zstd])
    func `refuses a packed file that is cut at any byte`(packed: [UInt8]) throws {
        for length in 4..<packed.count {
            let error = try refusal { () throws(TrainingError) in
                _ = try self.bytes(Array(packed.prefix(length)))
            }
            #expect(error.code == .damagedCompression, "cut at \(length)")
        }
    }

    @Test(arguments: [gzip, zstd])
    func `refuses a packed file with a flipped bit`(packed: [UInt8]) throws {
        var damaged = packed
        damaged[packed.count - 6] ^= 0x10
        let bytes = damaged
        let error = try refusal { () throws(TrainingError) in _ = try self.bytes(bytes) }
        #expect(error.code == .damagedCompression)
        #expect(error.remedy.isEmpty == false)
    }

    @Test func `refuses what people send instead of CSV, by name`() throws {
        let magics: [([UInt8], String)] = [
            ([0x50, 0x4B, 0x03, 0x04], "zip"), ([0x42, 0x5A, 0x68, 0x39], "bzip2"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"), ([0x50, 0x41, 0x52, 0x31], "Parquet"),
            ([0xFF, 0xFE, 0x61, 0x00], "UTF-16"),
        ]
        for (magic, name) in magics {
            let error = try refusal { () throws(TrainingError) in _ = try self.bytes(magic) }
            #expect(error.code == .unknownCompression)
            #expect(error.description.contains(name))
        }
    }

    @Test func `refuses a folder`() throws {
        let error = try refusal { () throws(TrainingError) in _ = try ByteSource(path: "/") }
        #expect(error.code == .unreadableFile)
    }

    private func bytes(
        _ packed: [UInt8], suffix: String = ".csv", at step: Int = 7
    ) throws(TrainingError) -> [UInt8] {
        guard let file = try? TemporaryFile(packed, suffix: suffix) else { return [] }
        let source = try ByteSource(path: file.path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 1)
        defer { buffer.deallocate() }
        var bytes: [UInt8] = []
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { return bytes }
            bytes += buffer.prefix(count)
        }
    }
}
