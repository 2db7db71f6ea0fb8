import TandemGraph
import Testing

/// Each graph is executed as it is over all rows, and row by row after its batch is taken out.
@Suite struct RowExtractionTests {
    private let rows = Dimension.symbol("rows")

    // MARK: What is freed

    @Test func `layers keep rows apart`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 4])
        let weight = try model.weight("w", [4, 3])
        let product = try model.node(.matmul, x, weight)
        let bias = try model.node(.binary(.add), product, try model.weight("b", [3]))
        try model.output("y", .softmax, bias)
        let result = try model.check()
        #expect(result.graph.value(named: "y").map { result.graph[$0].type.shape } == [3])
    }

    @Test func `heads of attention are moved about and rows stay apart`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 5, 4])
        let mask = try model.input("mask", [rows, 1, 1, 5])
        func heads(_ permutation: [Int]) throws -> ValueID {
            let split = try model.node(.reshape([rows, 5, 2, 2]), x)
            return try model.node(.transpose(permutation), split)
        }
        let scores = try model.node(.matmul, try heads([0, 2, 1, 3]), try heads([0, 2, 3, 1]))
        let masked = try model.node(.binary(.add), scores, mask)
        let weights = try model.node(.softmax, masked)
        let mixed = try model.node(.matmul, weights, try heads([0, 2, 1, 3]))
        let back = try model.node(.transpose([0, 2, 1, 3]), mixed)
        try model.output("y", .reshape([rows, 5, 4]), back)
        try model.check()
    }

    @Test func `a batch joined with a sequence comes apart again`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 5, 4])
        let joined = try #require(rows.multiplied(by: 5))
        let flat = try model.node(.reshape([joined, 4]), x)
        let product = try model.node(.linear, flat, try model.weight("w", [3, 4]))
        let apart = try model.node(.reshape([rows, 5, 3]), product)
        try model.output("y", .reduce(.maximum, axis: 1), apart)
        try model.check()
    }

    @Test func `a batch behind the sequence is followed`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 5, 4])
        let first = try model.node(.transpose([1, 0, 2]), x)
        let sums = try model.node(.cumulativeSum(axis: 0), first)
        let last = try model.node(.slice(axis: 0, start: 4, end: 5), sums)
        try model.output("y", .reshape([rows, 4]), last)
        try model.check()
    }

    @Test func `inputs of one row are the context, repeated in the graph or not`() throws {
        var model = try ImportedGraph()
        let user = try model.input("user", [1, 3])
        let item = try model.input("item", [rows, 2])
        let repeated = try model.node(.expand([rows, 3]), user)
        let joined = try model.node(.concat(axis: 1), repeated, item)
        let scaled = try model.node(.binary(.multiply), joined, try model.weight("s", [1, 5]))
        let score = try model.node(.reduce(.sum, axis: 1), scaled)
        let bias = try model.node(.reduce(.sum, axis: 1), user)
        try model.output("y", .binary(.add), score, bias)
        let result = try model.check()
        let type = try #require(result.graph.value(named: "user").map { result.graph[$0].type })
        #expect(type == TensorType(.float32, .context, sizes: [3]))
    }

    @Test func `named inputs are the context though the model repeats them`() throws {
        var model = try ImportedGraph()
        let user = try model.input("user", [rows, 3])
        let item = try model.input("item", [rows, 3])
        try model.output("y", .binary(.multiply), user, item)
        let result = try model.check(context: ["user"])
        let type = try #require(result.graph.value(named: "user").map { result.graph[$0].type })
        #expect(type.rows == .context)
    }

    @Test func `ids that vary by row are looked up in a table`() throws {
        var model = try ImportedGraph()
        let ids = try model.input("ids", [rows, 5], .int64)
        let table = try model.weight("table", [7, 3])
        let vectors = try model.node(.gather(axis: 0), table, ids)
        let first = try model.node(.slice(axis: 1, start: 0, end: 2), vectors)
        try model.output("y", .reduce(.mean, axis: 1), first)
        try model.check()
    }

    @Test func `constants repeated for each row are each row's`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 3])
        let zeros = try model.node(.expand([rows, 2]), try model.weight("z", [1, 2]))
        try model.output("y", .concat(axis: 1), x, zeros)
        try model.check()
    }

    @Test func `a row that looks itself up by its number is found`() throws {
        // As exporters write `mask[batch, position]`: a flat index of row * 5 + position.
        var model = try ImportedGraph()
        let mask = try model.input("mask", [rows, 5])
        let numbers = try model.node(.range(count: rows))
        let column = try model.node(.reshape([rows, 1]), numbers)
        let size = try model.node(.size(5))
        let starts = try model.node(.binary(.multiply), column, size)
        let places = try model.node(.binary(.add), starts, try model.node(.range(count: 5)))
        let joined = try #require(rows.multiplied(by: 5))
        let flat = try model.node(.reshape([joined]), mask)
        let found = try model.node(.gather(axis: 0), flat, places)
        try model.output("y", .unary(.negate), found)
        try model.check()
    }

    @Test(arguments: [1, 3])
    func `a model frozen to a batch is freed`(frozen: Int) throws {
        var model = try ImportedGraph()
        let size = Dimension.fixed(frozen)
        let x = try model.input("x", [size, 4, 2])
        let state = try model.constant("h", [size, 2], [Float](repeating: 0.5, count: 2 * frozen))
        let flat = try model.node(.reshape([.fixed(4 * frozen), 2]), x)
        let product = try model.node(.linear, flat, try model.weight("w", [2, 2]))
        let apart = try model.node(.reshape([size, 4, 2]), product)
        let sum = try model.node(.reduce(.sum, axis: 1), apart)
        try model.output("y", .binary(.add), sum, state)
        let result = try model.check(rowCount: frozen)
        // Freed, it takes any number of rows.
        #expect(result.graph[result.graph.inputs[0]].type.rows != .none)
        #expect(result.graph[result.graph.inputs[0]].type.shape == [4, 2])
    }

    // MARK: What is refused

    private func refusal(
        context: Set<String> = [], _ make: (inout ImportedGraph) throws -> Void
    ) throws -> GraphError? {
        var model = try ImportedGraph()
        try make(&model)
        let whole = model.whole
        do throws(GraphError) {
            _ = try whole.extractingRows(context: context)
            return nil
        } catch { return error }
    }

    @Test(
        arguments: [
            .softmax, .reduce(.sum, axis: 0), .cumulativeSum(axis: 0),
            .slice(axis: 0, start: 0, end: 1),
        ] as [Operation])
    func `refuses what mixes rows, by the node's name`(operation: Operation) throws {
        let error = try refusal { model in
            var x = try model.input("x", [rows, 3])
            if operation == .softmax { x = try model.node(.transpose([1, 0]), x) }
            try model.output("mixed", operation, x)
        }
        #expect(error?.code == .rowsMixed)
        #expect(error?.subject == "mixed")
    }

    @Test func `refuses a product of all rows with all`() throws {
        let error = try refusal { model in
            let x = try model.input("x", [rows, 3])
            let turned = try model.node(.transpose([1, 0]), x)
            try model.output("all", .matmul, x, turned)
        }
        #expect(error?.code == .rowsMixed && error?.subject == "all")
    }

    @Test func `refuses a sum over rows`() throws {
        let error = try refusal { model in
            let x = try model.input("x", [rows, 3])
            let turned = try model.node(.transpose([1, 0]), x)
            try model.output("sum", .matmul, turned, x)
        }
        #expect(error?.code == .rowsMixed && error?.subject == "sum")
    }

    @Test func `refuses a score that depends on the number of rows or of the row`() throws {
        let count = try refusal { model in
            let x = try model.input("x", [rows])
            let size = try model.node(.cast(.float32), try model.node(.size(rows)))
            try model.output("y", .binary(.divide), x, size)
        }
        #expect(count?.code == .rowsMixed)
        let number = try refusal { model in
            let x = try model.input("x", [rows])
            let place = try model.node(.cast(.float32), try model.node(.range(count: rows)))
            try model.output("y", .binary(.add), x, place)
        }
        #expect(number?.code == .rowsMixed)
    }

    @Test func `refuses a frozen constant that differs by row`() throws {
        let error = try refusal { model in
            let x = try model.input("x", [2, 1])
            let state = try model.constant("h", [2, 1], [1, 2])
            try model.output("y", .binary(.add), x, state)
        }
        #expect(error?.code == .rowsMixed)
        #expect(error?.message.contains("'h'") == true)
    }

    @Test func `refuses a context name that is no input and lists the inputs`() throws {
        let error = try refusal(context: ["usr"]) { model in
            try model.output("y", .unary(.relu), try model.input("user", [rows, 3]))
        }
        #expect(error?.code == .unknownValue && error?.subject == "usr")
        #expect(error?.message.contains("user") == true)
    }

    @Test func `refuses inputs that do not tell the batch`() throws {
        let error = try refusal { model in
            let a = try model.input("a", [.symbol("m"), 3])
            let b = try model.input("b", [.symbol("n"), 3])
            try model.output("y", .concat(axis: 0), a, b)
        }
        #expect(error?.code == .wrongShape)
    }

    @Test func `lists everything that mixes rows`() throws {
        var model = try ImportedGraph()
        let x = try model.input("x", [rows, 3])
        try model.output("a", .reduce(.sum, axis: 0), x)
        try model.output("b", .reduce(.maximum, axis: 0), x)
        let outcome = try RowExtraction().outcome(for: model.whole)
        #expect(outcome.refusals.map(\.subject) == ["a", "b"])
        #expect(outcome.model == nil)
    }
}
