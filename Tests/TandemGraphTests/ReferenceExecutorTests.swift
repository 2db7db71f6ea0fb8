import TandemGraph
import TandemTestSupport
import Testing

@Suite struct ReferenceExecutorTests {
    private func run(
        _ operation: Operation, _ inputs: [(RowAxis, ReferenceTensor)], rowCount: Int = 2
    ) throws -> ReferenceTensor {
        try OneOperation.run(operation, inputs, rowCount: rowCount)
    }

    private func floats(_ rowCount: Int, _ shape: [Int], _ values: [Float]) -> ReferenceTensor {
        ReferenceTensor(rowCount: rowCount, shape: shape, .float32(values))
    }

    private func ids(_ rowCount: Int, _ shape: [Int], _ values: [Int32]) -> ReferenceTensor {
        ReferenceTensor(rowCount: rowCount, shape: shape, .int32(values))
    }

    @Test func `linear multiplies by rows of weights and adds the bias`() throws {
        let y = try run(
            .linear,
            [
                (.candidate, floats(2, [2], [1, 2, 3, 4])),
                (.none, floats(1, [3, 2], [1, 0, 0, 1, 1, 1])),
                (.none, floats(1, [3], [10, 20, 30])),
            ])
        #expect(y == floats(2, [3], [11, 22, 33, 13, 24, 37]))
    }

    @Test func `a context bias is the same for all candidates`() throws {
        let y = try run(
            .linear,
            [
                (.candidate, floats(2, [1], [1, 2])), (.none, floats(1, [1, 1], [5])),
                (.context, floats(1, [1], [100])),
            ])
        #expect(y == floats(2, [1], [105, 110]))
    }

    @Test func `quantized linear follows its definition`() throws {
        let y = try run(
            .quantizedLinear,
            [
                (.candidate, floats(2, [2], [1, -0.6, 0, 0])),
                (.none, ReferenceTensor(rowCount: 1, shape: [1, 2], .int8([100, -50]))),
                (.none, floats(1, [1], [0.01])), (.none, floats(1, [1], [3])),
            ])
        // Row 0: steps of 1.6 / 255, of which 1 is 159.4 and -0.6 is -95.6; sum 15900 + 4800.
        let scale = (1 - -0.6 as Float) / 255
        #expect(y.floats[0] == (3 as Float).addingProduct(20700, scale * 0.01))
        #expect(y.floats[1] == 3)
    }

    @Test func `concat repeats the context for each candidate`() throws {
        let y = try run(
            .concat(axis: 0),
            [(.context, floats(1, [1], [9])), (.candidate, floats(2, [2], [1, 2, 3, 4]))])
        #expect(y == floats(2, [3], [9, 1, 2, 9, 3, 4]))
    }

    @Test func `concat and slice work along inner axes`() throws {
        let a = floats(1, [2, 1], [1, 2])
        let b = floats(1, [2, 2], [3, 4, 5, 6])
        let joined = try run(
            .concat(axis: 1), [(.context, a), (.context, b)], rowCount: 1)
        #expect(joined == floats(1, [2, 3], [1, 3, 4, 2, 5, 6]))
        let cut = try run(.slice(axis: 1, start: 1, end: 3), [(.context, joined)], rowCount: 1)
        #expect(cut == b)
    }

    @Test func `binary broadcasts row shapes as NumPy does`() throws {
        let y = try run(
            .binary(.multiply),
            [
                (.candidate, floats(2, [2, 1], [1, 2, 3, 4])),
                (.none, floats(1, [3], [1, 10, 100])),
            ])
        #expect(
            y == floats(2, [2, 3], [1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400]))
    }

    @Test func `softmax sums to one and does not overflow`() throws {
        let y = try run(.softmax, [(.candidate, floats(2, [2], [1000, 1000, 0, 1]))])
        #expect(y.floats[0] == 0.5)
        #expect(abs(y.floats[2] - 0.26894143) < 1e-7)
        #expect(y.floats[2] + y.floats[3] == 1)
    }

    @Test func `reductions and layer norm follow their definitions`() throws {
        let x = floats(1, [2, 2], [1, 2, 3, 6])
        #expect(
            try run(.reduce(.sum, axis: 0), [(.context, x)], rowCount: 1) == floats(1, [2], [4, 8]))
        #expect(
            try run(.reduce(.mean, axis: 1), [(.context, x)], rowCount: 1)
                == floats(1, [2], [1.5, 4.5]))
        let normed = try run(
            .layerNorm(epsilon: 0),
            [(.context, x), (.none, floats(1, [2], [2, 2])), (.none, floats(1, [2], [1, 1]))],
            rowCount: 1)
        #expect(normed == floats(1, [2, 2], [-1, 3, -1, 3]))
    }

    @Test func `pools the first elements of a list and gives zeros for none`() throws {
        let table = (RowAxis.none, floats(1, [3, 2], [1, 2, 3, 4, 5, 9]))
        let lists = (RowAxis.candidate, ids(2, [2], [0, 2, 1, 1]))
        let lengths = (RowAxis.candidate, ids(2, [], [2, 0]))
        #expect(
            try run(.embeddingPool(.mean), [lists, lengths, table])
                == floats(2, [2], [3, 5.5, 0, 0]))
        #expect(
            try run(.embeddingPool(.sum), [lists, lengths, table])
                == floats(2, [2], [6, 11, 0, 0]))
    }

    /// 10 is 0x41200000, 0.5 is 0x3F000000, little-endian behind each row; or in a tensor beside.
    private static let int8Tables: [[ReferenceTensor]] = [
        [
            ReferenceTensor(
                shape: [2, 6], .int8([1, 2, 0, 0, 0x20, 0x41, -3, 4, 0, 0, 0, 0x3F]))
        ],
        [
            ReferenceTensor(shape: [2, 2], .int8([1, 2, -3, 4])),
            ReferenceTensor(shape: [2], .float32([10, 0.5])),
        ],
    ]

    @Test(arguments: int8Tables)
    func `int8 tables have a scale a row, at its end or beside`(table: [ReferenceTensor]) throws {
        let table = table.map { (RowAxis.none, $0) }
        let y = try run(.quantizedEmbedding, [(.candidate, ids(2, [], [1, 0]))] + table)
        #expect(y == floats(2, [2], [-1.5, 2, 10, 20]))
        let pooled = try run(
            .quantizedEmbeddingPool(.sum),
            [(.candidate, ids(2, [2], [1, 0, 1, 1])), (.candidate, ids(2, [], [2, 1]))] + table)
        #expect(pooled == floats(2, [2], [8.5, 22, -1.5, 2]))
    }

    @Test func `a row of no values is its scale alone`() throws {
        let values = Tensor(zeros: .int8, shape: [3, 0])
        let table = ScaledRows.joined(
            values: values, scales: Tensor(.float32, shape: [3], [1, 2, 3] as [Float]))
        #expect(table.shape == [3, 4])
        let y = try run(
            .quantizedEmbedding,
            [(.candidate, ids(2, [], [1, 0])), (.none, ReferenceTensor(table))])
        #expect(y == floats(2, [0], []))
    }

    @Test func `mixture weighs the experts by their gates`() throws {
        let y = try run(
            .mixture,
            [
                (.candidate, floats(2, [2], [0.25, 0.75, 1, 0])),
                (.candidate, floats(2, [1], [4, 8])), (.context, floats(1, [1], [8])),
            ])
        #expect(y == floats(2, [1], [7, 8]))
    }

    @Test(arguments: [-1, 2] as [Int32])
    func `refuses an id outside its table`(id: Int32) throws {
        let error = #expect(throws: GraphError.self) {
            try run(
                .embedding,
                [(.candidate, ids(2, [], [0, id])), (.none, floats(1, [2, 1], [1, 2]))])
        }
        #expect(error?.code == .indexOutOfRange)
    }

    @Test func `refuses inputs that are missing or of another shape`() throws {
        let model = try SampleModels.sharedBottom()
        let executor = try ReferenceExecutor(model.graph, model.parameters)
        var inputs = SampleModels.inputs(for: model.graph, rowCount: 3, seed: 1)
        inputs["item_id"] = ids(2, [], [0, 0])
        #expect(throws: GraphError.self) { try executor.run(inputs, rowCount: 3) }
        inputs["item_id"] = nil
        let error = #expect(throws: GraphError.self) { try executor.run(inputs, rowCount: 3) }
        #expect(error?.code == .missingTensor)
        #expect(error?.subject == "item_id")
    }
}
