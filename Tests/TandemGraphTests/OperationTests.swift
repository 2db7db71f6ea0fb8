import TandemGraph
import Testing

@Suite struct OperationTests {
    private static let row = TensorType(.float32, .candidate, sizes: [4])
    private static let ids = TensorType(.int32, .candidate, [])
    private static let numbers = TensorType(.int32, .candidate, sizes: [4])
    private static let flags = TensorType(.bool, .candidate, sizes: [4])
    private static let weights = TensorType(.float32, .none, sizes: [4])
    private static let matrix = TensorType(.float32, .candidate, sizes: [2, 4])
    private static let kernel = TensorType(.float32, .none, sizes: [3, 2, 2])
    private static let huge = TensorType(.bool, .candidate, sizes: [.max])

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
        (
            .staticQuantizedLinear(ActivationGrid(scale: 0, stepsBelow: 0)),
            [
                row, TensorType(.int8, .none, sizes: [2, 4]),
                TensorType(.float32, .none, sizes: [2]),
            ], .invalidAttribute
        ),
        (
            .staticQuantizedLinear(ActivationGrid(scale: 1, stepsBelow: 256)),
            [
                row, TensorType(.int8, .none, sizes: [2, 4]),
                TensorType(.float32, .none, sizes: [2]),
            ], .invalidAttribute
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
        (.quantizedEmbedding, [ids, TensorType(.int8, .none, sizes: [9, 3])], .wrongShape),
        (.quantizedEmbedding, [ids, TensorType(.float32, .none, sizes: [9, 6])], .wrongType),
        (.quantizedEmbedding, [ids, TensorType(.int8, .none, sizes: [0, 6])], .wrongShape),
        (.quantizedEmbedding, [ids], .wrongArity),
        (
            .quantizedEmbeddingPool(.sum),
            [
                TensorType(.int32, .candidate, sizes: [3]), TensorType(.int32, .candidate, []),
                TensorType(.int8, .none, sizes: [9, 3]),
            ], .wrongShape
        ),
        (
            .embeddingPool(.mean),
            [
                TensorType(.int32, .candidate, sizes: [3]), TensorType(.int32, .context, []),
                TensorType(.float32, .none, sizes: [9, 2]),
            ], .wrongShape
        ),
        (.mixture, [TensorType(.float32, .candidate, sizes: [2]), row], .wrongShape),
        (.affine(scale: .nan, offset: 0), [row], .invalidAttribute),
        (.affine(scale: 1, offset: .infinity), [row], .invalidAttribute),
        (.layerNorm(epsilon: .nan), [row, weights, weights], .invalidAttribute),
        (.attention(heads: 1, scale: .nan), [matrix, matrix, matrix], .invalidAttribute),
        (.attention(heads: 3, scale: 1), [matrix, matrix, matrix], .wrongShape),
        (.attention(heads: 1, scale: 1), [matrix, matrix, row], .wrongShape),
        (.attention(heads: 1, scale: 1), [matrix, matrix, matrix, matrix, row], .wrongArity),
        (
            .attention(heads: 1, scale: 1),
            [matrix, matrix, matrix, TensorType(.float32, .none, sizes: [5])], .wrongShape
        ),
        (.unary(.exp), [ids], .wrongType), (.unary(.negate), [flags], .wrongType),
        (.binary(.add), [row, ids], .wrongType), (.binary(.add), [flags, flags], .wrongType),
        (.binary(.power), [ids, ids], .wrongType), (.compare(.less), [row, ids], .wrongType),
        (.compare(.less), [row], .wrongArity), (.logical(.and), [row, flags], .wrongType),
        (.logical(.and), [flags], .wrongArity), (.not, [row], .wrongType), (.not, [], .wrongArity),
        (.select, [row, row, row], .wrongType), (.select, [flags, row, ids], .wrongType),
        (.select, [flags, row], .wrongArity),
        (.select, [flags, row, TensorType(.float32, .none, sizes: [3])], .wrongShape),
        (.cast(.bool), [], .wrongArity), (.reshape([2, -2]), [row], .wrongShape),
        (.reshape([4]), [row, row], .wrongArity),
        (.transpose([0, 0]), [matrix], .invalidAttribute),
        (.transpose([0]), [matrix], .invalidAttribute), (.expand([3]), [row], .wrongShape),
        (.expand([[Dimension](repeating: 1, count: 8), [4]].flatMap(\.self)), [row], .wrongShape),
        (.gather(axis: 1), [row, ids], .invalidAttribute),
        (.gather(axis: 0), [row, row], .wrongType), (.gather(axis: 0), [row], .wrongArity),
        (.gather(axis: 0), [TensorType(.float32, .none, sizes: [0]), ids], .wrongShape),
        (.takeAlong(axis: 0), [row, ids], .wrongShape),
        (.takeAlong(axis: 0), [row, row], .wrongType),
        (.takeAlong(axis: 1), [row, ids], .invalidAttribute),
        (.range(count: -1), [], .invalidAttribute), (.range(count: 1), [row], .wrongArity),
        (.size(-1), [], .invalidAttribute), (.size(1), [row], .wrongArity),
        (.softmax, [ids], .wrongType), (.reduce(.mean, axis: 0), [numbers], .wrongType),
        (.reduce(.sum, axis: 0), [flags], .wrongType), (.reduce(.sum, axis: 0), [], .wrongArity),
        (.cumulativeSum(axis: 0), [flags], .wrongType),
        (.cumulativeSum(axis: 1), [row], .invalidAttribute),
        (.matmul, [row, matrix], .wrongShape), (.matmul, [matrix, matrix], .wrongShape),
        (.matmul, [matrix, numbers], .wrongType), (.matmul, [flags, flags], .wrongType),
        (.convolution(Convolution(steps: [1])), [row, matrix], .wrongShape),
        (.convolution(Convolution(steps: [0])), [matrix, kernel], .invalidAttribute),
        (.convolution(Convolution(steps: [])), [matrix, kernel], .invalidAttribute),
        (.convolution(Convolution(steps: [1])), [matrix, kernel, row], .rowsMixed),
        (
            .convolution(Convolution(steps: [2])),
            [TensorType(.float32, .candidate, [2, .symbol("s")]), kernel], .wrongShape
        ),
        (.recurrent(Recurrence(.plain, result: .lastCell)), [matrix], .wrongArity),
        (
            .recurrent(Recurrence(.plain, result: .lastCell)),
            [matrix, weights, weights, weights], .invalidAttribute
        ),
        (
            .recurrent(Recurrence(.plain, result: .last)), [matrix, weights, weights, weights],
            .wrongShape
        ),
        (
            .recurrent(Recurrence(.gru(resetsAfter: true), result: .last)),
            [
                matrix, TensorType(.float32, .none, sizes: [4, 4]),
                TensorType(.float32, .none, sizes: [4, 1]),
                TensorType(.float32, .none, sizes: [8]),
            ], .wrongShape
        ),
        (
            .embedding, [ids, TensorType(.float32, .none, sizes: [0, 2])], .wrongShape
        ),
        (
            .embeddingPool(.maximum),
            [numbers, ids, TensorType(.float32, .none, sizes: [9, 2])], .invalidAttribute
        ),
        (
            .quantizedLinear,
            [
                TensorType(.float32, .candidate, sizes: [65_537]),
                TensorType(.int8, .none, sizes: [1, 65_537]),
                TensorType(.float32, .none, sizes: [1]),
            ], .overflow
        ),
        (.concat(axis: 0), [huge, huge], .overflow),
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
                .quantizedLinear, .quantizationResidual, .quantizedEmbedding,
                .quantizedEmbeddingPool(.sum),
                .staticQuantizedLinear(ActivationGrid(scale: 0.25, stepsBelow: 7)),
                .quantizedEmbeddingPool(.mean),
                .quantizedRecurrent(Recurrence(.lstm, result: .lastCell)),
                .quantizedRecurrent(Recurrence(.gru(resetsAfter: true), result: .last)),
            ]
        #expect(Set(operations).count == operations.count)
        let functions =
            Comparison.allCases.map(\.rawValue) + LogicalFunction.allCases.map(\.rawValue)
            + Reduction.allCases.map { "reduce_\($0.rawValue)" }
        #expect(
            Set(operations.map(\.name)).union(functions) == Set(Operation.storedNames))
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

extension Convolution {
    /// No padding, and these steps.
    fileprivate init(steps: [Int]) {
        let zeros = [Int](repeating: 0, count: steps.count)
        self.init(
            strides: steps, dilations: [Int](repeating: 1, count: steps.count),
            paddingBefore: zeros, paddingAfter: zeros)
    }
}
