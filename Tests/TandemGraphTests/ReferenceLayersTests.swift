import TandemGraph
import Testing

/// Sums, products and layers; expected numbers are NumPy's, PyTorch's (convolution) and ONNX
/// Runtime's (recurrence), all from `OneOperation.pattern` inputs.
@Suite struct ReferenceLayersTests {
    private func pattern(_ shape: [Int], _ step: Int = 7, _ modulus: Int = 13) -> ReferenceTensor {
        OneOperation.pattern(shape, step, modulus)
    }

    static let reductions: [(Reduction, [Float])] = [
        (.sum, [-3.75, 1.5, -1.5, 3.75]), (.mean, [-1.25, 0.5, -0.5, 1.25]),
        (.maximum, [-1, 0.75, -0.25, 1.5]), (.minimum, [-1.5, 0.25, -0.75, 1]),
        (.product, [-1.875, 0.09375, -0.09375, 1.875]),
    ]

    @Test(arguments: reductions.indices)
    func `reductions along an inner axis are NumPy's`(index: Int) throws {
        let (reduction, expected) = Self.reductions[index]
        let y = try OneOperation.run(.reduce(reduction, axis: 1), [pattern([2, 3, 2])])
        #expect(OneOperation.agree(y, [2, 2], expected))
    }

    @Test func `reductions of nothing are neutral and a NaN is the largest and smallest`() throws {
        let nothing = ReferenceTensor(shape: [0], .float32([]))
        func value(_ reduction: Reduction, _ x: ReferenceTensor) throws -> Float {
            try #require(try OneOperation.run(.reduce(reduction, axis: 0), [x]).floats.first)
        }
        #expect(try value(.sum, nothing) == 0)
        #expect(try value(.product, nothing) == 1)
        #expect(try value(.mean, nothing).isNaN)
        #expect(try value(.maximum, nothing) == -.infinity)
        let nan = ReferenceTensor(shape: [3], .float32([1, .nan, 2]))
        #expect(try value(.maximum, nan).isNaN)
        #expect(try value(.minimum, nan).isNaN)
        let whole = ReferenceTensor(shape: [0], .int64([]))
        #expect(
            try OneOperation.run(.reduce(.maximum, axis: 0), [whole]).elements == .int64([.min]))
    }

    @Test func `whole numbers are summed around the corner`() throws {
        let x = ReferenceTensor(shape: [2], .int32([.max, 1]))
        #expect(try OneOperation.run(.reduce(.sum, axis: 0), [x]).elements == .int32([.min]))
        #expect(
            try OneOperation.run(.cumulativeSum(axis: 0), [x]).elements == .int32([.max, .min]))
    }

    @Test func `running sums go along one axis`() throws {
        let y = try OneOperation.run(.cumulativeSum(axis: 1), [pattern([2, 3, 2])])
        #expect(
            OneOperation.agree(
                y, [2, 3, 2],
                [-1.5, 0.25, -2.75, 0.75, -3.75, 1.5, -0.75, 1, -1.25, 2.25, -1.5, 3.75]))
    }

    @Test func `matmul broadcasts its outer dimensions`() throws {
        let y = try OneOperation.run(.matmul, [pattern([2, 1, 2, 3]), pattern([3, 3, 2], 5, 11)])
        #expect(
            OneOperation.agree(
                y, [2, 3, 2, 2],
                [
                    0.9375, 0.5625, -1.125, -0.125, -1.3125, 2.4375, 0.0625, -0.3125, 0.5625,
                    -2.5625, -0.125, 0.1875, 1.6875, 0, -0.375, -0.6875, -0.1875, 0.1875, 1.1875,
                    -2.5625, 0, -0.3125, -0.6875, 2.4375,
                ]))
    }

    @Test func `matmul multiplies each row's matrix with the context's, and whole numbers`() throws
    {
        let a = ReferenceTensor(rowCount: 2, shape: [1, 2], .int32([1, 2, 3, 4]))
        let b = ReferenceTensor(shape: [2, 2], .int32([1, 10, 100, 1000]))
        let y = try OneOperation.run(.matmul, [(.candidate, a), (.context, b)], rowCount: 2)
        #expect(
            y == ReferenceTensor(rowCount: 2, shape: [1, 2], .int32([201, 2010, 403, 4030])))
    }

    @Test(arguments: [1, 2, 3, 5, 66])
    func `products of any size are the plain sums`(size: Int) throws {
        let x = pattern([size, size + 2])
        let weight = pattern([size + 1, size + 2], 5, 11)
        let y = try OneOperation.run(.linear, [x, weight], parameters: [1])
        for row in 0..<size {
            for column in 0..<size + 1 {
                var sum = 0.0
                for k in 0..<size + 2 {
                    sum +=
                        Double(x.floats[row * (size + 2) + k])
                        * Double(weight.floats[column * (size + 2) + k])
                }
                #expect(y.floats[row * (size + 1) + column] == Float(sum))
            }
        }
    }

    @Test func `a layer of no inputs is its bias`() throws {
        let y = try OneOperation.run(
            .linear,
            [
                ReferenceTensor(shape: [2, 0], .float32([])),
                ReferenceTensor(shape: [1, 0], .float32([])),
                ReferenceTensor(shape: [1], .float32([3])),
            ], parameters: [1, 2])
        #expect(y == ReferenceTensor(shape: [2, 1], .float32([3, 3])))
    }

    @Test func `convolution steps, dilates, pads and keeps its groups apart`() throws {
        let convolution = Convolution(
            strides: [2], dilations: [2], paddingBefore: [1], paddingAfter: [2], groups: 2)
        let y = try OneOperation.run(
            .convolution(convolution),
            [pattern([1, 4, 5]), pattern([6, 2, 2], 5, 11), pattern([6], 3, 7)],
            parameters: [1, 2])
        #expect(
            OneOperation.agree(
                y, [1, 6, 3],
                [
                    -0.5625, -1.875, -2, 0.4375, -0.1875, 0.125, 1.4375, 0.8125, 0.875, 2.125,
                    -1.5, -0.4375, 1.875, -1.375, 0.6875, -0.125, -3, 0.0625,
                ]))
    }

    @Test func `convolution of images pads each side by its own number`() throws {
        let convolution = Convolution(
            strides: [1, 2], dilations: [1, 1], paddingBefore: [1, 0], paddingAfter: [0, 1])
        let y = try OneOperation.run(
            .convolution(convolution), [pattern([2, 1, 3, 4]), pattern([2, 1, 2, 3], 5, 11)],
            parameters: [1])
        #expect(
            OneOperation.agree(
                y, [2, 2, 3, 2],
                [
                    1.25, 0.8125, 1.6875, 2.75, 1.8125, 2.5, 3.125, 1.375, 0.1875, -0.3125,
                    -0.5625, -0.6875, -1.625, -1.3125, -1.1875, -1.25, -1.0625, -1.5, -0.6875,
                    -0.5625, -0.4375, 0.1875, -1.1875, -0.1875,
                ]))
    }

    @Test func `attention keeps heads apart and adds its mask`() throws {
        let mask = ReferenceTensor(shape: [3], .float32([0, -1, 0.5]))
        let inputs = [
            pattern([2, 2, 4]), pattern([2, 3, 4], 5, 11), pattern([2, 3, 6], 3, 7), mask,
        ]
        let expected: [Float] = [
            -0.6388179, 0.0343211, 0.3134904, 0.02155051, 0.5694599, -0.2284495, -0.611838,
            0.02789369, 0.2518328, 0.003282555, 0.5373332, -0.2467174, 0.5223737, -0.258721,
            0.2723737, -0.5223737, 0.008720992, 0.04095815, 0.5937479, -0.2198651, 0.3437479,
            -0.4751172, 0.07762416, -0.3075208,
        ]
        let whole = try OneOperation.run(.attention(heads: 2, scale: 0.5), inputs)
        #expect(OneOperation.agree(whole, [2, 2, 6], expected))
        let rows = inputs.prefix(3).map { tensor in
            var row = tensor
            row.rowCount = 2
            row.shape.removeFirst()
            return (RowAxis.candidate, row)
        }
        let byRow = try OneOperation.run(
            .attention(heads: 2, scale: 0.5), rows + [(.context, mask)], rowCount: 2)
        #expect(byRow.elements == whole.elements)
    }

    // MARK: Recurrence

    private func recurrent(
        _ recurrence: Recurrence, _ optional: [ReferenceTensor]
    ) throws -> ReferenceTensor {
        let gates = recurrence.cell.gateCount
        let weights = [
            pattern([gates * 2, 2], 5, 11), pattern([gates * 2, 2], 3, 7),
            pattern([gates * 4], 4, 9),
        ]
        var parameters: Set<Int> = [1, 2, 3]
        if let peepholes = recurrence.optionalInputs.peepholes { parameters.insert(peepholes) }
        return try OneOperation.run(
            .recurrent(recurrence), [pattern([2, 3, 2])] + weights + optional,
            parameters: parameters)
    }

    @Test func `an LSTM runs backwards with lengths, states and peepholes`() throws {
        var lstm = Recurrence(.lstm, result: .sequence)
        lstm.isReversed = true
        lstm.hasLength = true
        lstm.hasInitialState = true
        lstm.hasInitialCell = true
        lstm.hasPeepholes = true
        let optional = [
            ReferenceTensor(shape: [2], .int32([3, 2])), pattern([2, 2], 2, 5),
            pattern([2, 2], 3, 5), pattern([6], 2, 7),
        ]
        #expect(
            try OneOperation.agree(
                recurrent(lstm, optional), [2, 3, 2],
                [
                    0.11016, 0.01489731, 0.1711936, 0.02565516, 0.1601173, 0.04240846, 0.2065159,
                    0.0428695, 0.1659294, 0.08517291, 0, 0,
                ]))
        lstm.result = .last
        #expect(
            try OneOperation.agree(
                recurrent(lstm, optional), [2, 2],
                [0.11016, 0.01489731, 0.2065159, 0.0428695]))
        lstm.result = .lastCell
        #expect(
            try OneOperation.agree(
                recurrent(lstm, optional), [2, 2],
                [0.2962331, 0.03970578, 0.4639557, 0.1139982]))
    }

    static let gru: [(Bool, [Float])] = [
        (
            false,
            [
                -0.4622359, -0.1365474, -0.4430743, -0.3623521, 0, 0, -0.01676381, -0.6761927,
                -0.3200786, -0.8113508, -0.5233981, -0.8774904,
            ]
        ),
        (
            true,
            [
                -0.4622359, -0.7700927, -0.4837147, -0.8685189, 0, 0, -0.04579863, -0.8249421,
                -0.399122, -0.9448683, -0.6198794, -0.9754862,
            ]
        ),
    ]

    @Test(arguments: gru.indices)
    func `a GRU resets before or after its product`(index: Int) throws {
        let (resetsAfter, expected) = Self.gru[index]
        var gru = Recurrence(.gru(resetsAfter: resetsAfter), result: .sequence)
        gru.hasLength = true
        gru.hasInitialState = true
        let optional = [ReferenceTensor(shape: [2], .int32([2, 3])), pattern([2, 2], 2, 5)]
        #expect(try OneOperation.agree(recurrent(gru, optional), [2, 3, 2], expected))
        gru.result = .last
        let last = expected[2..<4] + expected[10..<12]
        #expect(try OneOperation.agree(recurrent(gru, optional), [2, 2], Array(last)))
    }

    @Test func `a plain recurrence is a tanh of two products`() throws {
        #expect(
            try OneOperation.agree(
                recurrent(Recurrence(.plain, result: .sequence), []), [2, 3, 2],
                [
                    0.9540453, -0.9751367, 0.689481, -0.7522777, 0.6248298, -0.7540684, 0.7340715,
                    -0.8931934, 0.07430923, -0.3915658, 0.2512702, -0.6549262,
                ]))
    }

    @Test(arguments: [-1, 4] as [Int32])
    func `refuses a length outside its sequence`(length: Int32) {
        var gru = Recurrence(.gru(resetsAfter: true), result: .last)
        gru.hasLength = true
        let error = #expect(throws: GraphError.self) {
            try recurrent(gru, [ReferenceTensor(shape: [2], .int32([0, length]))])
        }
        #expect(error?.code == .indexOutOfRange)
    }
}
