import TandemGraph
import Testing

/// Layers over lists as exporters write them.
@Suite struct SequencePatternTests {
    /// A list of four ids and its length, looked up in a table of three columns.
    private struct List {
        var builder: GraphBuilder
        let ids: ValueID
        let length: ValueID
        let rows: ValueID
        var tensors: TensorSet

        init() throws {
            builder = try GraphBuilder(name: "list")
            ids = try builder.input("ids", TensorType(.int32, .candidate, sizes: [4]))
            length = try builder.input("length", TensorType(.int32, .candidate, []))
            let table = try builder.parameter("table", .float32, [5, 3])
            rows = try builder.node("rows", .embedding, [ids, table])
            tensors = [
                "table": Tensor(.float32, shape: [5, 3], (0..<15).map { Float($0 * $0) - 9 }),
                "one": Tensor(.float32, shape: [], [1 as Float]),
            ]
        }

        /// `float(positions < length)`, `[4]`.
        mutating func mask(_ positions: [Int32] = [0, 1, 2, 3]) throws -> ValueID {
            tensors["positions"] = Tensor(.int32, shape: [4], positions)
            let places = try builder.parameter("positions", .int32, [4])
            let end = try builder.node("end", .reshape([1]), [length])
            let inside = try builder.node("inside", .compare(.less), [places, end])
            return try builder.node("mask", .cast(.float32), [inside])
        }

        mutating func total(_ mask: ValueID) throws -> ValueID {
            let column = try builder.node("column", .reshape([4, 1]), [mask])
            let weighed = try builder.node("weighed", .binary(.multiply), [rows, column])
            return try builder.node("total", .reduce(.sum, axis: 0), [weighed])
        }

        /// The operations of the plain form, after its answers were compared with these.
        mutating func operations(_ result: ValueID) throws -> [String] {
            try builder.output(try builder.node("out", .unary(.negate), [result]))
            let whole = WeightedGraph(builder.finished(), tensors)
            let plain = try Canonicalization.applied(to: whole)
            let inputs = [
                "ids": ReferenceTensor(
                    rowCount: 4, shape: [4], .int32((0..<16).map { Int32($0 % 5) })),
                "length": ReferenceTensor(rowCount: 4, shape: [], .int32([0, 1, 3, 4])),
            ]
            let before = try ReferenceExecutor(whole.graph, whole.tensors).run(
                inputs, rowCount: 4)
            let after = try ReferenceExecutor(plain.graph, plain.tensors).run(inputs, rowCount: 4)
            for (a, b) in zip(before["out"]?.floats ?? [], after["out"]?.floats ?? [.nan]) {
                #expect(abs(a - b) <= 1e-5 * max(1, abs(a)))
            }
            return plain.graph.nodes.map(\.operation.name).dropLast()
        }
    }

    @Test func `a sum by a length's mask is a pool`() throws {
        var list = try List()
        #expect(try list.operations(try list.total(try list.mask())) == ["embedding_sum"])
    }

    @Test(arguments: [false, true])
    func `a mean by a length's mask is a pool`(countsMask: Bool) throws {
        var list = try List()
        let mask = try list.mask()
        let total = try list.total(mask)
        let one = try list.builder.parameter("one", .float32, [])
        let count =
            countsMask
            ? try list.builder.node("count", .reduce(.sum, axis: 0), [mask])
            : try list.builder.node("count", .cast(.float32), [list.length])
        let divisor = try list.builder.node("divisor", .binary(.maximum), [count, one])
        let mean = try list.builder.node("mean", .binary(.divide), [total, divisor])
        #expect(try list.operations(mean) == ["embedding_mean"])
    }

    @Test func `a mask of other positions is none of a length`() throws {
        var list = try List()
        let total = try list.total(try list.mask([1, 0, 2, 3]))
        #expect(try list.operations(total).contains("reduce_sum"))
    }

    @Test(arguments: [0, 0.5] as [Float])
    func `states of zeros are left out, and others are not`(state: Float) throws {
        var list = try List()
        list.tensors["w"] = Tensor(.float32, shape: [8, 3], (0..<24).map { Float($0) / 99 - 0.1 })
        list.tensors["r"] = Tensor(.float32, shape: [8, 2], (0..<16).map { Float($0) / 9 - 0.7 })
        list.tensors["b"] = Tensor(.float32, shape: [16], (0..<16).map { Float($0) / 20 })
        list.tensors["h"] = Tensor(.float32, shape: [2], [state, 0])
        var layer = Recurrence(.lstm, result: .last)
        layer.hasLength = true
        layer.hasInitialState = true
        layer.hasInitialCell = true
        var inputs = [list.rows]
        for (name, sizes) in [("w", [8, 3]), ("r", [8, 2]), ("b", [16])] {
            inputs.append(try list.builder.parameter(name, .float32, sizes))
        }
        let first = try list.builder.parameter("h", .float32, [2])
        inputs += [list.length, first, first]
        let value = try list.builder.node("layer", .recurrent(layer), inputs)
        #expect(try list.operations(value) == ["embedding", "lstm"])
        let plain = try Canonicalization.applied(
            to: WeightedGraph(list.builder.finished(), list.tensors))
        #expect(plain.graph.nodes[1].inputs.count == (state == 0 ? 5 : 7))
    }
}
