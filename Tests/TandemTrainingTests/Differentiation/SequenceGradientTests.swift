import TandemGraph
import TandemTraining
import Testing

/// Gradients of layers over sequences against finite differences.
@Suite struct SequenceGradientTests {
    /// Lengths of the check's five rows: whole, in part, one, none, whole.
    private static let lengths = [4, 2, 1, 0, 4]

    @Test(
        arguments: [Recurrence.Cell.lstm, .gru(resetsAfter: true), .plain],
        [Recurrence.Result.last, .sequence])
    func `a recurrent layer with lengths`(
        cell: Recurrence.Cell, result: Recurrence.Result
    ) throws {
        for isReversed in [false, true] {
            var check = try GradientCheck()
            var layer = Recurrence(cell, result: result)
            layer.isReversed = isReversed
            layer.hasLength = true
            let value = try recurrent(&check, layer, lengths: Self.lengths)
            try check.run(try check.head(value))
        }
    }

    @Test func `a recurrent layer over whole sequences`() throws {
        var check = try GradientCheck()
        let value = try recurrent(&check, Recurrence(.lstm, result: .last), lengths: nil)
        try check.run(try check.head(value))
    }

    @Test(arguments: [Recurrence.Cell.lstm, .gru(resetsAfter: true)], Recurrence.Result.allCases)
    func `a recurrent layer that is given its first state`(
        cell: Recurrence.Cell, result: Recurrence.Result
    ) throws {
        guard cell == .lstm || result != .lastCell else { return }
        var check = try GradientCheck()
        var layer = Recurrence(cell, result: result)
        layer.hasLength = true
        layer.hasInitialState = true
        layer.hasInitialCell = cell == .lstm
        let gates = cell.gateCount * 3
        var inputs = [
            try check.rows("x", [4, 2]), try check.parameter("w", [gates, 2]),
            try check.parameter("r", [gates, 3]), try check.parameter("b", [2 * gates]),
            try check.ids("length", [], Self.lengths), try check.rows("state", [3]),
        ]
        if cell == .lstm { inputs.append(try check.parameter("cell", [3])) }
        let value = try check.builder.node("layer", .recurrent(layer), inputs)
        try check.run(try check.head(value))
    }

    private func recurrent(
        _ check: inout GradientCheck, _ layer: Recurrence, lengths: [Int]?
    ) throws -> ValueID {
        let gates = layer.cell.gateCount * 3
        var inputs = [
            try check.rows("x", [4, 2]), try check.parameter("w", [gates, 2]),
            try check.parameter("r", [gates, 3]), try check.parameter("b", [2 * gates]),
        ]
        if let lengths { inputs.append(try check.ids("length", [], lengths)) }
        return try check.builder.node("layer", .recurrent(layer), inputs)
    }

    @Test func `attention of queries over other keys and values`() throws {
        var check = try GradientCheck()
        let inputs = [
            try check.rows("q", [3, 4]), try check.rows("k", [5, 4]),
            try check.rows("v", [5, 6]),
        ]
        let value = try check.builder.node("y", .attention(heads: 2, scale: 0.7), inputs)
        try check.run(try check.head(value))
    }

    @Test(arguments: [[4], [2, 1, 4], [1, 4, 4]])
    func `self-attention with a mask that is learnt`(mask: [Int]) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4, 6])
        let mask = try check.rows("m", mask)
        let value = try check.builder.node(
            "y", .attention(heads: 2, scale: 0.5), [x, x, x, mask])
        try check.run(try check.head(value))
    }

    @Test func `attention over keys that all rows share`() throws {
        var check = try GradientCheck()
        let inputs = [
            try check.rows("q", [3, 4]), try check.parameter("k", [5, 4]),
            try check.parameter("v", [5, 2]),
        ]
        let value = try check.builder.node("y", .attention(heads: 1, scale: 1), inputs)
        try check.run(try check.head(value))
    }

    @Test(arguments: [[1, 3], [3], [4, 1]])
    func `a value repeated to a larger shape`(sizes: [Int]) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", sizes)
        let value = try check.builder.node("y", .expand([2, 4, 3]), [x])
        try check.run(try check.head(value))
    }

    @Test(arguments: Comparison.allCases)
    func `a mask of positions by a length`(comparison: Comparison) throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4])
        check.parameters["at"] = Tensor(.int32, shape: [4], [0, 1, 2, 3] as [Int32])
        let places = try check.builder.parameter("at", .int32, [4])
        let length = try check.ids("length", [1], Self.lengths)
        let inside = try check.builder.node("inside", .compare(comparison), [places, length])
        let mask = try check.builder.node("mask", .cast(.float32), [inside])
        let value = try check.builder.node("y", .binary(.multiply), [x, mask])
        try check.run(try check.head(value))
    }

    @Test func `refuses arithmetic on whole numbers, by the node's name`() throws {
        var check = try GradientCheck()
        let ids = try check.ids("ids", [2], Array(0..<10))
        let sum = try check.builder.node("sum", .binary(.add), [ids, ids])
        let numbers = try check.builder.node("numbers", .cast(.float32), [sum])
        let head = try check.head(numbers)
        let graph = check.builder.finished()
        let store = try ParameterStore(graph, check.parameters)
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [head])
        }
        #expect(error?.code == .notDifferentiable && error?.node == "sum")
    }

    @Test func `refuses to compare what is trained`() throws {
        var check = try GradientCheck()
        let x = try check.rows("x", [4])
        let above = try check.builder.node("above", .compare(.less), [x, x])
        let mask = try check.builder.node("mask", .cast(.float32), [above])
        let head = try check.head(try check.builder.node("y", .binary(.multiply), [x, mask]))
        let graph = check.builder.finished()
        let store = try ParameterStore(graph, check.parameters)
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [head])
        }
        #expect(error?.node == "above")
    }

    @Test func `refuses a cell that resets before the product, by the node's name`() throws {
        var check = try GradientCheck()
        let layer = Recurrence(.gru(resetsAfter: false), result: .last)
        let head = try check.head(try recurrent(&check, layer, lengths: nil))
        let graph = check.builder.finished()
        let store = try ParameterStore(graph, check.parameters)
        let error = #expect(throws: TrainingError.self) {
            try GradientPlan(graph, parameters: store, heads: [head])
        }
        #expect(error?.code == .notDifferentiable && error?.node == "layer")
    }
}
