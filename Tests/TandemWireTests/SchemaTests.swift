import CTandemProto
import Foundation
import TandemTestSupport
import TandemWire
import Testing

/// The numbers of the schema, which never change their meaning.
///
/// `TANDEM_WRITE_GOLDEN=1 swift test` writes the files again; a change of a line or a byte that was
/// there before is a broken wire, an added one is a new field.
@Suite struct SchemaTests {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden/wire")
    static let isWriting = ProcessInfo.processInfo.environment["TANDEM_WRITE_GOLDEN"] != nil

    /// All frames that are pinned, by file name.
    static func frames() throws -> [(name: String, bytes: [UInt8])] {
        let arena = try ArenaAllocator()
        let requests = RequestEncoder(arena: arena)
        let responses = ResponseEncoder(arena: arena)
        var frames = try Specimens.requests.map { ("request_" + $0.name, try $0.frame(requests)) }
        frames += try Specimens.answers.map {
            ("response_" + $0.name, try responses.control(id: 301, $0.answer).bytes)
        }
        frames.append(("response_status", try responses.status(id: 300, Specimens.status).bytes))
        frames.append(
            (
                "response_going_away",
                try responses.goingAway(reason: "restart", closesInNanoseconds: 1_000).bytes
            ))
        frames.append(("response_predict", try predictFrame(responses)))
        return frames
    }

    /// The Predict answer with everything in it, at an address that is a multiple of 4.
    static func predictFrame(_ encoder: ResponseEncoder) throws -> [UInt8] {
        let layout = try PredictResponseLayout(
            Specimens.template, id: 300, rows: 2, rankedCount: 2, includesGates: true)
        let explanation = try encoder.explanation(Specimens.explanation)
        let count = layout.frameBytes(with: explanation)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { memory.deallocate() }
        let base = try #require(memory.baseAddress)
        let arrays = UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>.allocate(capacity: 3)
        defer { arrays.deallocate() }
        let ranked = try #require(layout.write(to: base, arrays: arrays))
        for (block, width) in [1, 3, 2].enumerated() {
            for index in 0..<2 * width { arrays[block][index] = Float(10 * block + index) }
        }
        for index in 0..<2 {
            ranked.rows[index] = UInt32(1 - index)
            ranked.scores[index] = 1 - Float(index)
        }
        #expect(layout.add(explanation, to: base) == count)
        return Array(memory)
    }

    @Test func `every message's bytes are as they always were`() throws {
        for frame in try Self.frames() {
            let file = Self.golden.appending(path: frame.name + ".frame")
            if Self.isWriting { try Foundation.Data(frame.bytes).write(to: file) }
            let expected = try [UInt8](Foundation.Data(contentsOf: file))
            #expect(frame.bytes == expected, "\(frame.name)")
        }
        let names = try Set(Self.frames().map { $0.name + ".frame" })
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.golden.path)
        #expect(Set(files.filter { $0.hasSuffix(".frame") }) == names)
    }

    @Test func `every field's number and type is as it always was`() throws {
        var walk = SchemaWalk()
        walk.describe(tandem__v1__request__descriptor)
        walk.describe(tandem__v1__response__descriptor)
        let text = walk.lines.sorted().joined(separator: "\n") + "\n"
        let file = Self.golden.appending(path: "numbers.txt")
        if Self.isWriting { try text.write(to: file, atomically: true, encoding: .utf8) }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected)
    }

    @Test func `the specimens set every field of every message`() throws {
        let arena = try ArenaAllocator()
        var all = SchemaWalk()
        all.describe(tandem__v1__request__descriptor)
        all.describe(tandem__v1__response__descriptor)
        var seen = SchemaWalk()
        for frame in try Self.frames() {
            let payload = try WireFixture.payload(of: frame.bytes)
            let descriptor =
                frame.name.hasPrefix("request_")
                ? tandem__v1__request__descriptor : tandem__v1__response__descriptor
            try payload.withUnsafeBufferPointer { bytes in
                try withUnsafePointer(to: descriptor) { descriptor in
                    let message = try #require(
                        protobuf_c_message_unpack(
                            descriptor, nil, bytes.count, bytes.baseAddress))
                    seen.visit(message)
                    protobuf_c_message_free_unpacked(message, nil)
                }
            }
        }
        withExtendedLifetime(arena) {}
        #expect(all.fields.count > 200)
        #expect(all.fields.subtracting(seen.fields) == [])
    }

    @Test func `no message contains itself`() {
        var walk = SchemaWalk()
        walk.describe(tandem__v1__request__descriptor)
        walk.describe(tandem__v1__response__descriptor)
        #expect(!walk.isRecursive)
        #expect(walk.depthMax <= 6)
    }

    @Test func `status codes are google.rpc's numbers`() throws {
        for code in StatusCode.allCases {
            let value = try withUnsafePointer(to: tandem__v1__code__descriptor) { descriptor in
                try #require(protobuf_c_enum_descriptor_get_value(descriptor, Int32(code.rawValue)))
            }
            #expect(String(cString: value.pointee.name) == "CODE_" + code.name)
        }
        #expect(StatusCode.allCases.count == Int(tandem__v1__code__descriptor.n_values))
        #expect(StatusCode(wire: 99) == .unknown)
    }
}
