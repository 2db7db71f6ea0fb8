import TandemGraph
import Testing

/// Operations that move elements, over whole graphs without rows and over rows.
@Suite struct ReferenceMovingTests {
    private let grid = ReferenceTensor(shape: [2, 3], .int32([0, 1, 2, 3, 4, 5]))

    private func run(_ operation: Operation, _ inputs: ReferenceTensor...) throws -> ReferenceTensor
    {
        try OneOperation.run(operation, inputs)
    }

    @Test func `transpose names where each dimension comes from`() throws {
        #expect(
            try run(.transpose([1, 0]), grid)
                == ReferenceTensor(shape: [3, 2], .int32([0, 3, 1, 4, 2, 5])))
        let cube = ReferenceTensor(shape: [2, 1, 3, 2], .int32(Array(0..<12)))
        // numpy.arange(12).reshape(2, 1, 3, 2).transpose(2, 0, 3, 1)
        #expect(
            try run(.transpose([2, 0, 3, 1]), cube)
                == ReferenceTensor(
                    shape: [3, 2, 2, 1], .int32([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11])))
    }

    @Test func `a row's dimensions are transposed row by row`() throws {
        let x = ReferenceTensor(rowCount: 2, shape: [1, 2], .uint8([1, 2, 3, 4]))
        let y = try OneOperation.run(.transpose([1, 0]), [(.candidate, x)], rowCount: 2)
        #expect(y == ReferenceTensor(rowCount: 2, shape: [2, 1], .uint8([1, 2, 3, 4])))
    }

    @Test func `expand repeats sizes of 1 and puts dimensions in front`() throws {
        let x = ReferenceTensor(shape: [2, 1], .bool([true, false]))
        #expect(
            try run(.expand([2, 2, 2]), x)
                == ReferenceTensor(
                    shape: [2, 2, 2],
                    .bool([true, true, false, false, true, true, false, false])))
    }

    @Test func `gather takes whole slices by indices of any shape`() throws {
        let indices = ReferenceTensor(shape: [2, 2], .int64([0, -1, 1, 0]))
        #expect(
            try run(.gather(axis: 1), grid, indices)
                == ReferenceTensor(shape: [2, 2, 2], .int32([0, 2, 1, 0, 3, 5, 4, 3])))
        let one = ReferenceTensor(shape: [], .int32([1]))
        #expect(
            try run(.gather(axis: 0), grid, one) == ReferenceTensor(shape: [3], .int32([3, 4, 5])))
    }

    @Test func `each row gathers with its own indices from what exists once`() throws {
        let table = ReferenceTensor(shape: [3], .int8([10, 20, 30]))
        let indices = ReferenceTensor(rowCount: 2, shape: [2], .int32([0, 2, -2, 1]))
        let y = try OneOperation.run(
            .gather(axis: 0), [(.context, table), (.candidate, indices)], rowCount: 2)
        #expect(y == ReferenceTensor(rowCount: 2, shape: [2], .int8([10, 30, 20, 20])))
    }

    @Test func `take along picks one element an index`() throws {
        let indices = ReferenceTensor(shape: [2, 2], .int64([2, 0, -1, 1]))
        #expect(
            try run(.takeAlong(axis: 1), grid, indices)
                == ReferenceTensor(shape: [2, 2], .int32([2, 0, 5, 4])))
        let rows = ReferenceTensor(shape: [1, 3], .int32([1, 0, 1]))
        #expect(
            try run(.takeAlong(axis: 0), grid, rows)
                == ReferenceTensor(shape: [1, 3], .int32([3, 1, 5])))
    }

    @Test(arguments: [Operation.gather(axis: 1), .takeAlong(axis: 1)], [3, -4] as [Int64])
    func `refuses an index outside its axis`(operation: Operation, index: Int64) {
        let indices = ReferenceTensor(shape: [2, 1], .int64([0, index]))
        let error = #expect(throws: GraphError.self) { try run(operation, grid, indices) }
        #expect(error?.code == .indexOutOfRange)
        #expect(error?.message.contains("\(index)") == true)
    }

    @Test func `empty tensors are moved as well`() throws {
        let nothing = ReferenceTensor(shape: [2, 0], .int32([]))
        #expect(try run(.concat(axis: 1), nothing, grid) == grid)
        #expect(
            try run(.slice(axis: 1, start: 1, end: 1), grid) == nothing)
        #expect(try run(.transpose([1, 0]), nothing).shape == [0, 2])
        #expect(
            try run(.gather(axis: 0), grid, ReferenceTensor(shape: [0], .int32([]))).shape == [
                0, 3,
            ])
    }

    @Test func `ranges and sizes are numbers of a graph`() throws {
        #expect(
            try run(.range(count: 3)) == ReferenceTensor(shape: [3], .int64([0, 1, 2])))
        #expect(try run(.size(7)) == ReferenceTensor(shape: [], .int64([7])))
    }
}
