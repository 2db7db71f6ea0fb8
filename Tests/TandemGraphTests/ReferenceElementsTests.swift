import TandemGraph
import Testing

/// Operations on each element; expected numbers are NumPy's.
@Suite struct ReferenceElementsTests {
    private func floats(_ values: [Float]) -> ReferenceTensor {
        ReferenceTensor(shape: [values.count], .float32(values))
    }

    private func integers(_ values: [Int32]) -> ReferenceTensor {
        ReferenceTensor(shape: [values.count], .int32(values))
    }

    private func run(_ operation: Operation, _ inputs: ReferenceTensor...) throws -> ReferenceTensor
    {
        try OneOperation.run(operation, inputs)
    }

    static let unary: [(UnaryFunction, [Float])] = [
        (.exp, [0.082085, 0.6065307, 1, 4.481689, 12.18249]),
        (.tanh, [-0.9866143, -0.4621172, 0, 0.9051483, 0.9866143]),
        (.sin, [-0.5984721, -0.4794255, 0, 0.997495, 0.5984721]),
        (.cos, [-0.8011436, 0.8775826, 1, 0.0707372, -0.8011436]),
        (.floor, [-3, -1, 0, 1, 2]), (.ceil, [-2, 0, 0, 2, 3]), (.sign, [-1, -1, 0, 1, 1]),
        (.abs, [2.5, 0.5, 0, 1.5, 2.5]), (.round, [-2, 0, 0, 2, 2]),
        (.negate, [2.5, 0.5, 0, -1.5, -2.5]), (.relu, [0, 0, 0, 1.5, 2.5]),
        (.erf, [-0.999593, -0.5204999, 0, 0.9661051, 0.999593]),
        (.gelu, [-0.01552416, -0.1542688, 0, 1.399789, 2.484476]),
        (.geluTanh, [-0.01508427, -0.154286, 0, 1.399572, 2.484916]),
        (.sigmoid, [0.07585818, 0.3775407, 0.5, 0.8175745, 0.9241418]),
        (.reciprocal, [-0.4, -2, .infinity, 0.6666667, 0.4]),
    ]

    @Test(arguments: unary.indices)
    func `functions of one number are NumPy's`(index: Int) throws {
        let (function, expected) = Self.unary[index]
        let y = try run(.unary(function), floats([-2.5, -0.5, 0, 1.5, 2.5]))
        for (found, wanted) in zip(y.floats, expected) where found != wanted {
            #expect(abs(found - wanted) <= 1e-6 * max(1, abs(wanted)), "\(function)")
        }
    }

    /// The engine's kernels say the same: a fault upstream is to be seen, not to become a 0.
    @Test func `a rectifier lets NaN and the sign of 0 pass`() throws {
        let y = try run(.unary(.relu), floats([.nan, -0.0, -.infinity, .infinity])).floats
        #expect(y[0].isNaN && y[1].sign == .minus && y[2] == 0 && y[3] == .infinity)
    }

    @Test func `no candidates have no results`() throws {
        let context = ReferenceTensor(rowCount: 1, shape: [2], .float32([1, 2]))
        let none = ReferenceTensor(rowCount: 0, shape: [2], .float32([]))
        let sum = try OneOperation.run(
            .binary(.add), [(.context, context), (.candidate, none)], rowCount: 0)
        #expect(sum == none)
        let linear = try OneOperation.run(
            .linear,
            [(.candidate, none), (.none, ReferenceTensor(shape: [1, 2], .float32([1, 2])))],
            rowCount: 0)
        #expect(linear == ReferenceTensor(rowCount: 0, shape: [1], .float32([])))
    }

    @Test(
        arguments: [([.nan, 127], [0, 127]), ([.nan, -127], [-127, -127])] as [([Float], [Float])])
    func `a NaN in a row to be quantised is the lowest step and does not scale the row`(
        row: [Float], expected: [Float]
    ) throws {
        let y = try OneOperation.run(
            .quantizedLinear,
            [
                (.candidate, ReferenceTensor(shape: [2], .float32(row))),
                (.none, ReferenceTensor(shape: [2, 2], .int8([1, 0, 0, 1]))),
                (.none, ReferenceTensor(shape: [2], .float32([1, 1]))),
            ], rowCount: 1)
        for (found, wanted) in zip(y.floats, expected) { #expect(abs(found - wanted) < 1e-3) }
    }

    @Test func `an infinity in a row to be quantised does not end the program`() throws {
        for number in [.infinity, -.infinity] as [Float] {
            let y = try OneOperation.run(
                .quantizedLinear,
                [
                    (.candidate, ReferenceTensor(shape: [1], .float32([number]))),
                    (.none, ReferenceTensor(shape: [1, 1], .int8([1]))),
                    (.none, ReferenceTensor(shape: [1], .float32([1]))),
                ], rowCount: 1)
            #expect(!y.floats[0].isFinite)
        }
    }

    @Test func `negation and absolute value of whole numbers wrap around`() throws {
        let x = ReferenceTensor(shape: [4], .int8([-128, -3, 0, 5]))
        #expect(try run(.unary(.negate), x).elements == .int8([-128, 3, 0, -5]))
        #expect(try run(.unary(.abs), x).elements == .int8([-128, 3, 0, 5]))
        #expect(try run(.unary(.sign), x).elements == .int8([-1, -1, 0, 1]))
        let bytes = ReferenceTensor(shape: [2], .uint8([0, 1]))
        #expect(try run(.unary(.negate), bytes).elements == .uint8([0, 255]))
    }

    @Test func `arithmetic of whole numbers wraps around and truncates`() throws {
        let a = integers([7, -7, 7, -7, .min, .max])
        let b = integers([2, 2, -2, -2, -1, 2])
        let expected: [(BinaryFunction, [Int32])] = [
            (.add, [9, -5, 5, -9, .max, -2_147_483_647]),
            (.multiply, [14, -14, -14, 14, .min, -2]),
            (.divide, [3, -3, -3, 3, .min, 1_073_741_823]),
            (.modulo, [1, 1, -1, -1, 0, 1]), (.remainder, [1, -1, 1, -1, 0, 1]),
            (.minimum, [2, -7, -2, -7, .min, 2]), (.maximum, [7, 2, 7, -2, -1, .max]),
        ]
        for (function, values) in expected {
            #expect(try run(.binary(function), a, b).elements == .int32(values), "\(function)")
        }
    }

    @Test(arguments: [BinaryFunction.divide, .remainder, .modulo])
    func `refuses to divide a whole number by 0`(function: BinaryFunction) {
        let error = #expect(throws: GraphError.self) {
            try run(.binary(function), integers([1, 5]), integers([1, 0]))
        }
        #expect(error?.code == .divisionByZero)
        #expect(error?.subject == "y")
    }

    @Test func `arithmetic of floats is NumPy's`() throws {
        let a = floats([5.5, -5.5, 5.5, -5.5, -1e-8])
        let b = floats([2, 2, -2, -2, 3])
        #expect(
            try run(.binary(.remainder), a, b).floats == [1.5, -1.5, 1.5, -1.5, -1e-8])
        #expect(try run(.binary(.modulo), a, b).floats == [1.5, 0.5, -0.5, -1.5, 3])
        let power = try run(.binary(.power), floats([2, 3, -2]), floats([0.5, 2, 3]))
        #expect(OneOperation.agree(power, [3], [1.414214, 9, -8]))
        let nan = try run(.binary(.minimum), floats([1, .nan]), floats([.nan, 1])).floats
        #expect(nan.allSatisfy { $0.isNaN })
    }

    @Test func `three dimensions broadcast against one another and against rows`() throws {
        let a = ReferenceTensor(rowCount: 2, shape: [2, 1], .int64([1, 2, 3, 4]))
        let b = ReferenceTensor(rowCount: 1, shape: [3, 1, 2], .int64([0, 10, 20, 30, 40, 50]))
        let y = try OneOperation.run(
            .binary(.add), [(.candidate, a), (.context, b)], rowCount: 2)
        #expect(y.shape == [3, 2, 2])
        #expect(
            y.elements
                == .int64([
                    1, 11, 2, 12, 21, 31, 22, 32, 41, 51, 42, 52,
                    3, 13, 4, 14, 23, 33, 24, 34, 43, 53, 44, 54,
                ]))
    }

    @Test func `comparisons hold for no NaN and order bools`() throws {
        let a = floats([1, 2, .nan])
        let b = floats([1, 1, .nan])
        #expect(try run(.compare(.equal), a, b).elements == .bool([true, false, false]))
        #expect(try run(.compare(.less), b, a).elements == .bool([false, true, false]))
        #expect(try run(.compare(.lessOrEqual), a, b).elements == .bool([true, false, false]))
        let flags = ReferenceTensor(shape: [2], .bool([false, true]))
        let truth = ReferenceTensor(shape: [2], .bool([true, true]))
        #expect(try run(.compare(.less), flags, truth).elements == .bool([true, false]))
        #expect(try run(.compare(.equal), flags, truth).elements == .bool([false, true]))
    }

    @Test func `logic is that of bools`() throws {
        let a = ReferenceTensor(shape: [4], .bool([false, false, true, true]))
        let b = ReferenceTensor(shape: [4], .bool([false, true, false, true]))
        #expect(try run(.logical(.and), a, b).elements == .bool([false, false, false, true]))
        #expect(try run(.logical(.or), a, b).elements == .bool([false, true, true, true]))
        #expect(try run(.logical(.xor), a, b).elements == .bool([false, true, true, false]))
        #expect(try run(.not, a).elements == .bool([true, true, false, false]))
    }

    @Test func `select broadcasts all three and takes any dtype`() throws {
        let condition = ReferenceTensor(shape: [2, 1], .bool([true, false]))
        let a = ReferenceTensor(shape: [3], .uint8([1, 2, 3]))
        let b = ReferenceTensor(shape: [], .uint8([9]))
        let y = try run(.select, condition, a, b)
        #expect(y == ReferenceTensor(shape: [2, 3], .uint8([1, 2, 3, 9, 9, 9])))
    }

    @Test func `casts truncate, saturate, wrap and test for 0`() throws {
        let x = floats([3.9, -3.9, 300, -300, .nan, .infinity, 0])
        #expect(
            try run(.cast(.int32), x).elements == .int32([3, -3, 300, -300, 0, .max, 0]))
        #expect(try run(.cast(.int8), x).elements == .int8([3, -3, 127, -128, 0, 127, 0]))
        #expect(try run(.cast(.uint8), x).elements == .uint8([3, 0, 255, 0, 0, 255, 0]))
        #expect(
            try run(.cast(.bool), x).elements
                == .bool([true, true, true, true, true, true, false]))
        let wide = ReferenceTensor(shape: [3], .int64([1 << 40 | 5, -1, 16_777_217]))
        #expect(try run(.cast(.int32), wide).elements == .int32([5, -1, 16_777_217]))
        #expect(try run(.cast(.uint8), wide).elements == .uint8([5, 255, 1]))
        #expect(try run(.cast(.float32), wide).floats == [1_099_511_627_776, -1, 16_777_216])
        let flags = ReferenceTensor(shape: [2], .bool([false, true]))
        #expect(try run(.cast(.int64), flags).elements == .int64([0, 1]))
    }
}
