import TandemGraph
import Testing

@Suite struct OperationTests {
    private static let row = TensorType(.float32, .candidate, sizes: [4])
    private static let ids = TensorType(.int32, .candidate, [])

    /// One refusal a line: operation, inputs, the code that must come.
    static let refusals: [(Operation, [TensorType], GraphError.Code)] = [
        (.unary(.relu), [], .wrongArity),
        (.unary(.relu), [ids], .wrongType),
        (.binary(.add), [row], .wrongArity),
        (.binary(.add), [row, TensorType(.float32, .none, sizes: [3])], .wrongShape),
        (.softmax, [TensorType(.float32, .candidate, [])], .wrongShape),
        (.linear, [row, TensorType(.float32, .none, sizes: [2, 3])], .wrongShape),
        (.linear, [row, TensorType(.float32, .candidate, sizes: [2, 4])], .wrongShape),
        (.linear, [row, TensorType(.int8, .none, sizes: [2, 4])], .wrongType),
        (
            .linear, [row, TensorType(.float32, .none, sizes: [2, 4]), row], .wrongShape
        ),
        (
            .linear,
            [
                row, TensorType(.float32, .none, sizes: [2, 4]),
                TensorType(.float32, .candidate, sizes: [2]),
            ], .wrongShape
        ),
        (
            .quantizedLinear,
            [
                row, TensorType(.int8, .none, sizes: [2, 4]),
                TensorType(.float32, .none, sizes: [3]),
            ],
            .wrongShape
        ),
        (.concat(axis: 0), [], .wrongArity),
        (.concat(axis: 1), [row], .invalidAttribute),
        (.concat(axis: 0), [row, ids], .wrongType),
        (.concat(axis: 0), [row, TensorType(.float32, .none, sizes: [1, 4])], .wrongShape),
        (.slice(axis: 0, start: 3, end: 2), [row], .invalidAttribute),
        (.slice(axis: 0, start: 0, end: 5), [row], .invalidAttribute),
        (.reshape([5]), [row], .wrongShape),
        (.reduce(.sum, axis: 1), [row], .invalidAttribute),
        (.layerNorm(epsilon: 1e-5), [row, row, row], .rowsMixed),
        (.embedding, [row, TensorType(.float32, .none, sizes: [9, 2])], .wrongType),
        (.embedding, [ids, TensorType(.float32, .none, sizes: [9])], .wrongShape),
        (.embedding, [ids, TensorType(.float32, .context, sizes: [9, 2])], .wrongShape),
        (
            .quantizedEmbedding,
            [
                ids, TensorType(.int8, .none, sizes: [9, 2]),
                TensorType(.float32, .none, sizes: [2]),
            ],
            .wrongShape
        ),
        (
            .embeddingPool(.mean),
            [
                TensorType(.int32, .candidate, sizes: [3]), TensorType(.int32, .context, []),
                TensorType(.float32, .none, sizes: [9, 2]),
            ], .wrongShape
        ),
        (.mixture, [TensorType(.float32, .candidate, sizes: [2]), row], .wrongShape),
        (
            .mixture,
            [
                TensorType(.float32, .candidate, sizes: [2]), row,
                TensorType(.float32, .candidate, sizes: [5]),
            ], .wrongShape
        ),
    ]

    @Test(arguments: refusals.indices)
    func `refuses inputs that do not fit and names the node`(index: Int) throws {
        let (operation, inputs, code) = Self.refusals[index]
        let error = #expect(throws: GraphError.self) {
            try operation.resultType(of: inputs, node: "here")
        }
        #expect(error?.code == code, "\(operation.name) \(inputs)")
        #expect(error?.subject == "here")
    }

    @Test func `a context bias brings the request's share of a layer`() throws {
        let type = try Operation.linear.resultType(
            of: [
                Self.row, TensorType(.float32, .none, sizes: [2, 4]),
                TensorType(.float32, .context, sizes: [2]),
            ], node: "n")
        #expect(type == TensorType(.float32, .candidate, sizes: [2]))
    }

    @Test func `what meets a candidate is a candidate`() throws {
        let context = TensorType(.float32, .context, sizes: [4])
        let sum = try Operation.binary(.add).resultType(of: [context, Self.row], node: "n")
        #expect(sum.rows == .candidate)
        let both = try Operation.binary(.add).resultType(of: [context, context], node: "n")
        #expect(both.rows == .context)
    }

    @Test func `symbolic dimensions pass through`() throws {
        let type = TensorType(.float32, .candidate, [.symbol("length"), .fixed(4)])
        let result = try Operation.linear.resultType(
            of: [type, TensorType(.float32, .none, sizes: [2, 4])], node: "n")
        #expect(result.shape == [.symbol("length"), .fixed(2)])
        #expect(result.rowElementCount == nil)
    }

    @Test func `the stored form of each operation gives it back`() throws {
        var lstm = Recurrence(.lstm, result: .lastCell)
        lstm.isReversed = true
        lstm.hasLength = true
        lstm.hasInitialState = true
        lstm.hasInitialCell = true
        lstm.hasPeepholes = true
        let elementwise: [Operation] =
            UnaryFunction.allCases.map(Operation.unary)
            + BinaryFunction.allCases.map(Operation.binary)
        let operations: [Operation] =
            elementwise + [
                .affine(scale: 2, offset: -1), .linear, .concat(axis: 1),
                .slice(axis: 0, start: 1, end: 3), .reshape([2, 3]), .softmax,
                .reshape([.symbol("s"), 3]), .expand([.symbol("s"), 3]), .transpose([1, 0]),
                .cast(.int64), .compare(.lessOrEqual), .logical(.xor), .not, .select,
                .gather(axis: 1), .takeAlong(axis: 0), .range(count: .symbol("s")), .size(3),
                .slice(axis: 0, start: 0, end: .symbol("s")), .cumulativeSum(axis: 1), .matmul,
                .convolution(
                    Convolution(
                        strides: [1, 2], dilations: [1, 1], paddingBefore: [0, 1],
                        paddingAfter: [2, 0])),
                .attention(heads: 12, scale: 0.125), .reduce(.maximum, axis: 2),
                .recurrent(Recurrence(.gru(resetsAfter: true), result: .sequence)),
                .recurrent(Recurrence(.plain, result: .last)), .recurrent(lstm),
                .layerNorm(epsilon: 1e-5), .reduce(.sum, axis: 0), .reduce(.mean, axis: 1),
                .embedding, .embeddingPool(.sum), .embeddingPool(.mean), .mixture,
                .quantizedLinear, .quantizedEmbedding, .quantizedEmbeddingPool(.sum),
                .quantizedEmbeddingPool(.mean),
            ]
        #expect(Set(operations).count == operations.count)
        for operation in operations {
            let again = try Operation(
                name: operation.name, attributes: operation.attributes, node: "n")
            #expect(again == operation)
        }
    }

    @Test func `refuses unknown operations and attributes`() {
        func code(_ name: String, _ attributes: [Attribute]) -> GraphError.Code? {
            do {
                _ = try Operation(name: name, attributes: attributes, node: "n")
                return nil
            } catch { return error.code }
        }
        #expect(code("transmogrify", []) == .unknownOperation)
        #expect(code("concat", []) == .invalidAttribute)
        #expect(code("concat", [Attribute("axis", .integer(-1))]) == .invalidAttribute)
        #expect(code("linear", [Attribute("axis", .integer(0))]) == .invalidAttribute)
        #expect(code("layer_norm", [Attribute("epsilon", .float(.nan))]) == .invalidAttribute)
        #expect(
            code("reshape", [Attribute("shape", .integers([Int64](repeating: 1, count: 9)))])
                == .invalidAttribute)
    }
}
