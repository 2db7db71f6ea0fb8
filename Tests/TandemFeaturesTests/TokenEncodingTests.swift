import TandemFeatures
import TandemGraph
import Testing

@Suite struct TokenEncodingTests {
    /// A question of four tokens, with mask, segments and length.
    private static func model(
        _ change: (inout Feature) -> Void = { _ in }, isRequired: Bool = false
    ) throws -> (encoder: FeatureEncoder, graph: Graph) {
        var builder = try GraphBuilder(name: "text")
        let names = ["ids", "mask", "segments"]
        let inputs = try names.map {
            try builder.input($0, TensorType(.int32, .candidate, sizes: [4]))
        }
        let length = try builder.input("length", TensorType(.int32, .candidate, []))
        let table = try builder.parameter("table", .float32, [9, 2])
        let joined = try builder.node("joined", .concat(axis: 0), inputs)
        let rows = try builder.node("rows", .embedding, [joined, table])
        let mean = try builder.node("mean", .reduce(.mean, axis: 0), [rows])
        let pooled = try builder.node("pooled", .embeddingPool(.sum), [inputs[0], length, table])
        try builder.output(try builder.node("vector", .binary(.add), [mean, pooled]))
        var feature = Feature(
            name: "question", side: .candidate, rawType: .text, listLengthMax: 4,
            isRequired: isRequired, encoding: .tokens(try TokenizerTests.pieces()),
            slot: FeatureSlot(
                input: "ids", lengthInput: "length", maskInput: "mask", segmentInput: "segments"))
        change(&feature)
        let graph = builder.finished()
        let signature = Signature(features: [feature], tasks: [Task("vector", .vector(width: 2))])
        return (try FeatureEncoder(signature: signature, graph: graph), graph)
    }

    /// The rows of all inputs, one array a row of ids, mask, segments and length.
    private func rows(_ texts: [String?]) throws -> (rows: [[Int32]], counts: FeatureCounts) {
        let encoder = try Self.model().encoder
        var memory = [Int32](repeating: -9, count: texts.count * 13)
        let column = OwnedColumn.texts(texts)
        var counts = FeatureCounts()
        try memory.withUnsafeMutableBytes { memory in
            let base = try #require(memory.baseAddress)
            let inputs = EncodedInputs(
                [0, 4, 8, 12].map {
                    EncodedInput(base: base + $0 * 4, rowStride: 13)
                })
            try column.withRaw { raw in
                try encoder.encode(
                    feature: 0, raw, rowCount: texts.count, into: inputs, counts: &counts)
            }
        }
        return (
            texts.indices.map { Array(memory[($0 * 13)..<($0 * 13 + 13)]) }, counts
        )
    }

    @Test func `fills rows up and says what is real`() throws {
        let (rows, counts) = try rows(["b", "b b b", nil, "x"])
        #expect(rows[0] == [2, 7, 3, 0, 1, 1, 1, 0, 0, 0, 0, 0, 3])
        #expect(rows[1] == [2, 7, 7, 3, 1, 1, 1, 1, 0, 0, 0, 0, 4])
        #expect(rows[2] == [2, 3, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 2])
        #expect(rows[3] == [2, 1, 3, 0, 1, 1, 1, 0, 0, 0, 0, 0, 3])
        #expect(counts.clippedValues == 1 && counts.missingRows == 1)
        #expect(counts.unknownValues == 1 && counts.values == 10)
    }

    @Test func `refuses a text that is not UTF-8, by its row`() throws {
        let encoder = try Self.model().encoder
        let column = OwnedColumn(.text(blob: [0x62, 0xFF], byteCounts: [1, 1]))
        var memory = [Int32](repeating: 0, count: 26)
        let error = failure {
            try memory.withUnsafeMutableBytes { memory in
                let base = try #require(memory.baseAddress)
                let inputs = EncodedInputs(
                    [0, 4, 8, 12].map {
                        EncodedInput(base: base + $0 * 4, rowStride: 13)
                    })
                var counts = FeatureCounts()
                try column.withRaw { raw in
                    try encoder.encode(
                        feature: 0, raw, rowCount: 2, into: inputs, counts: &counts)
                }
            }
        }
        #expect(error?.code == .invalidText && error?.row == 1)
        #expect(error?.message == "row 1 is not UTF-8; send text in that encoding")
    }

    @Test func `refuses features whose places do not fit`() throws {
        func refusal(_ change: (inout Feature) -> Void) -> FeatureError? {
            failure { _ = try Self.model(change) }
        }
        #expect(refusal { $0.listLengthMax = 2 }?.code == .invalidEncoding)
        #expect(refusal { $0.listLengthMax = nil }?.code == .invalidEncoding)
        #expect(refusal { $0.rawType = .int64 }?.code == .invalidEncoding)
        #expect(refusal { $0.slot.maskInput = nil }?.code == .uncoveredInput)
        #expect(refusal { $0.slot.maskInput = "segments" }?.code == .overlappingColumns)
        #expect(refusal { $0.slot.segmentInput = "length" }?.code == .wrongInput)
        let words = refusal { $0.encoding = .hashedWords(HashEncoding(bucketCount: 8)) }
        #expect(words?.message == "has a mask or segment input, which only tokens have")
    }
}
