import TandemGraph
import Testing

/// Layers as exporters write them, before and after: the same answers, one operation.
@Suite struct CanonicalizationTests {
    /// One candidate's values, executed before and after.
    private struct Sketch {
        var builder: GraphBuilder
        var tensors: TensorSet = [:]
        var random = RandomSource(seed: 5)
        var count = 0

        init() throws { builder = try GraphBuilder(name: "sketch") }

        mutating func input(_ name: String, _ sizes: [Int]) throws -> ValueID {
            try builder.input(name, TensorType(.float32, .candidate, sizes: sizes))
        }

        mutating func constant(_ sizes: [Int], _ values: [Float]? = nil) throws -> ValueID {
            count += 1
            let values = values ?? (0..<sizes.reduce(1, *)).map { _ in random.uniform() - 0.3 }
            tensors["c\(count)"] = Tensor(.float32, shape: sizes, values)
            return try builder.parameter("c\(count)", .float32, sizes)
        }

        mutating func number(_ value: Float) throws -> ValueID { try constant([], [value]) }

        mutating func node(_ operation: Operation, _ inputs: ValueID...) throws -> ValueID {
            count += 1
            return try builder.node("n\(count)", operation, inputs)
        }

        /// Ends with one output; the names of the operations that are left, in order.
        mutating func operations(_ result: ValueID) throws -> [String] {
            let type = builder.type(of: result)
            try builder.output(try builder.node("out", .unary(.negate), [result]))
            let whole = WeightedGraph(builder.finished(), tensors)
            let plain = try Canonicalization.applied(to: whole)
            var inputs: [String: ReferenceTensor] = [:]
            for id in whole.graph.inputs {
                let shape = whole.graph[id].type.fixedSizes ?? []
                inputs[whole.graph[id].name] = ReferenceTensor(
                    rowCount: 2, shape: shape,
                    .float32((0..<2 * shape.reduce(1, *)).map { _ in random.uniform() * 4 - 2 }))
            }
            let before = try ReferenceExecutor(whole.graph, whole.tensors).run(
                inputs, rowCount: 2)
            let after = try ReferenceExecutor(plain.graph, plain.tensors).run(inputs, rowCount: 2)
            let (a, b) = (try #require(before["out"]), try #require(after["out"]))
            #expect(a.shape == b.shape && a.shape.count == type.shape.count)
            for (x, y) in zip(a.floats, b.floats) { #expect(abs(x - y) <= 2e-5 * max(1, abs(x))) }
            return plain.graph.nodes.map(\.operation.name).dropLast()
        }
    }

    @Test func `a product with a constant and a vector added are a linear layer`() throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [3, 4])
        let product = try sketch.node(.matmul, x, try sketch.constant([4, 5]))
        let sum = try sketch.node(.binary(.add), try sketch.constant([1, 5]), product)
        #expect(try sketch.operations(sum) == ["linear"])
    }

    @Test func `the bias of one number is a bias too`() throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [1, 4])
        let product = try sketch.node(.matmul, x, try sketch.constant([4, 1]))
        let sum = try sketch.node(.binary(.add), product, try sketch.constant([1]))
        #expect(try sketch.operations(sum) == ["linear"])
    }

    @Test(arguments: 0..<5)
    func `gelu in every spelling`(spelling: Int) throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [6])
        func erf() throws -> ValueID {
            let scaled = try sketch.node(.binary(.divide), x, try sketch.number(1.414_213_5))
            let error = try sketch.node(.unary(.erf), scaled)
            return try sketch.node(.binary(.add), error, try sketch.number(1))
        }
        let half = try sketch.number(0.5)
        let result: ValueID
        switch spelling {
        case 0:
            let product = try sketch.node(.binary(.multiply), x, try erf())
            result = try sketch.node(.binary(.multiply), product, half)
        case 1:
            let halved = try sketch.node(.binary(.multiply), x, half)
            result = try sketch.node(.binary(.multiply), try erf(), halved)
        case 2:
            let gate = try sketch.node(.binary(.multiply), half, try erf())
            result = try sketch.node(.binary(.multiply), x, gate)
        default:
            var cube = try sketch.node(.binary(.multiply), x, x)
            cube =
                spelling == 3
                ? try sketch.node(.binary(.power), x, try sketch.number(3))
                : try sketch.node(.binary(.multiply), cube, x)
            cube = try sketch.node(.binary(.multiply), cube, try sketch.number(0.044_715))
            let sum = try sketch.node(.binary(.add), x, cube)
            let scaled = try sketch.node(
                .binary(.multiply), sum, try sketch.number(0.797_884_56))
            let tangent = try sketch.node(.unary(.tanh), scaled)
            let shifted = try sketch.node(.binary(.add), tangent, try sketch.number(1))
            let product = try sketch.node(.binary(.multiply), x, shifted)
            result = try sketch.node(.binary(.multiply), product, half)
        }
        #expect(try sketch.operations(result) == [spelling < 3 ? "gelu" : "gelu_tanh"])
    }

    @Test(arguments: [false, true], [false, true])
    func `layer normalisation with a root or its reciprocal`(
        isReciprocal: Bool, isSquare: Bool
    ) throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [3, 8])
        func mean(_ value: ValueID) throws -> ValueID {
            let mean = try sketch.node(.reduce(.mean, axis: 1), value)
            return try sketch.node(.reshape([3, 1]), mean)
        }
        let centred = try sketch.node(.binary(.subtract), x, try mean(x))
        let squares =
            isSquare
            ? try sketch.node(.binary(.multiply), centred, centred)
            : try sketch.node(.binary(.power), centred, try sketch.number(2))
        let variance = try sketch.node(
            .binary(.add), try mean(squares), try sketch.number(1e-5))
        let root = try sketch.node(.unary(.sqrt), variance)
        var normal: ValueID
        if isReciprocal {
            let inverse = try sketch.node(.binary(.divide), try sketch.number(1), root)
            normal = try sketch.node(.binary(.multiply), centred, inverse)
        } else {
            normal = try sketch.node(.binary(.divide), centred, root)
        }
        normal = try sketch.node(.binary(.multiply), normal, try sketch.constant([8]))
        let shifted = try sketch.node(.binary(.add), normal, try sketch.constant([8]))
        #expect(try sketch.operations(shifted) == ["layer_norm"])
    }

    @Test(arguments: 0..<4)
    func `attention with its scale and mask in every place`(form: Int) throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [5, 8])
        let mask = try sketch.input("mask", [5])
        func heads(_ value: ValueID, _ permutation: [Int]) throws -> ValueID {
            let apart = try sketch.node(.reshape([5, 2, 4]), value)
            let turned = try sketch.node(.transpose([1, 0, 2]), apart)
            return permutation == [1, 0, 2]
                ? turned : try sketch.node(.transpose([0, 2, 1]), turned)
        }
        let weight = try sketch.constant([8, 8])
        let projected = try sketch.node(.linear, x, weight)
        var query = try heads(projected, [1, 0, 2])
        var key = try heads(x, [1, 2, 0])
        if form == 1 { query = try sketch.node(.binary(.multiply), query, try sketch.number(0.5)) }
        if form == 2 {
            let root = try sketch.number(0.707_106_77)
            query = try sketch.node(.binary(.multiply), query, root)
            key = try sketch.node(.binary(.multiply), key, root)
        }
        var scores = try sketch.node(.matmul, query, key)
        if form == 0 { scores = try sketch.node(.binary(.divide), scores, try sketch.number(2)) }
        if form != 3 {
            let shaped = try sketch.node(.reshape([1, 1, 5]), mask)
            scores = try sketch.node(.binary(.add), scores, shaped)
        }
        let weights = try sketch.node(.softmax, scores)
        let mixed = try sketch.node(.matmul, weights, try heads(x, [1, 0, 2]))
        let back = try sketch.node(.transpose([1, 0, 2]), mixed)
        let result = try sketch.node(.reshape([5, 8]), back)
        let operations = try sketch.operations(result)
        #expect(operations.filter { $0 != "reshape" } == ["linear", "attention"])
    }

    @Test(arguments: 0..<5)
    func `a mixture of experts in every spelling`(spelling: Int) throws {
        var sketch = try Sketch()
        let gate = try sketch.node(.softmax, try sketch.input("gate", [3]))
        var experts: [ValueID] = []
        for index in 0..<3 { experts.append(try sketch.input("e\(index)", [4])) }
        func stack(_ shape: [Dimension], _ axis: Int) throws -> ValueID {
            var parts: [ValueID] = []
            for expert in experts { parts.append(try sketch.node(.reshape(shape), expert)) }
            sketch.count += 1
            return try sketch.builder.node("stack", .concat(axis: axis), parts)
        }
        let result: ValueID
        switch spelling {
        case 0:
            let weights = try sketch.node(.reshape([1, 3]), gate)
            let sum = try sketch.node(.matmul, weights, try stack([1, 4], 0))
            result = try sketch.node(.reshape([4]), sum)
        case 1:
            let weights = try sketch.node(.reshape([3, 1]), gate)
            let sum = try sketch.node(.matmul, try stack([4, 1], 1), weights)
            result = try sketch.node(.reshape([4]), sum)
        case 2:
            let weights = try sketch.node(.reshape([3, 1]), gate)
            let product = try sketch.node(.binary(.multiply), weights, try stack([1, 4], 0))
            result = try sketch.node(.reduce(.sum, axis: 0), product)
        case 3:
            var sum: ValueID?
            for (index, expert) in experts.enumerated().reversed() {
                let slice = Operation.slice(
                    axis: 0, start: .fixed(index), end: .fixed(index + 1))
                let share = try sketch.node(slice, gate)
                let term = try sketch.node(.binary(.multiply), expert, share)
                sum = try sum.map { try sketch.node(.binary(.add), $0, term) } ?? term
            }
            result = try #require(sum)
        default:
            let weights = try sketch.node(.reshape([1, 3]), gate)
            let product = try sketch.node(.binary(.multiply), try stack([4, 1], 1), weights)
            result = try sketch.node(.reduce(.sum, axis: 1), product)
        }
        #expect(try sketch.operations(result) == ["softmax", "mixture"])
    }

    @Test func `slices of what was joined are the parts`() throws {
        var sketch = try Sketch()
        let a = try sketch.input("a", [2])
        let b = try sketch.input("b", [3])
        let joined = try sketch.node(.concat(axis: 0), a, b)
        let part = try sketch.node(.slice(axis: 0, start: 2, end: 5), joined)
        let inner = try sketch.node(.slice(axis: 0, start: 1, end: 3), part)
        let operations = try sketch.operations(inner)
        #expect(operations == ["slice"])
    }

    @Test func `what is computed twice is computed once, whatever the order of a sum`() throws {
        var sketch = try Sketch()
        let a = try sketch.input("a", [2])
        let b = try sketch.input("b", [2])
        let left = try sketch.node(.unary(.tanh), try sketch.node(.binary(.add), a, b))
        let right = try sketch.node(.unary(.tanh), try sketch.node(.binary(.add), b, a))
        let product = try sketch.node(.binary(.multiply), left, right)
        #expect(try sketch.operations(product) == ["add", "tanh", "multiply"])
    }

    @Test func `steps of scale and offset are one`() throws {
        var sketch = try Sketch()
        let x = try sketch.input("x", [2])
        let scaled = try sketch.node(.binary(.multiply), x, try sketch.number(3))
        let shifted = try sketch.node(.binary(.subtract), try sketch.number(1), scaled)
        let halved = try sketch.node(.binary(.divide), shifted, try sketch.number(2))
        #expect(try sketch.operations(halved) == ["affine"])
    }

    @Test func `whole numbers of 64 bits become 32, saturating`() throws {
        var builder = try GraphBuilder(name: "ids")
        let ids = try builder.input("ids", TensorType(.int64, .candidate, []))
        let limit = try builder.parameter("limit", .int64, [])
        let least = try builder.node("least", .binary(.minimum), [ids, limit])
        try builder.output(try builder.node("y", .cast(.float32), [least]))
        let narrow = try Narrowing.applied(
            to: WeightedGraph(
                builder.finished(), ["limit": Tensor(.int64, shape: [], [Int64.max])]))
        #expect(narrow.graph.values.allSatisfy { $0.type.dtype != .int64 })
        #expect(narrow.tensors["limit"]?.elements(as: Int32.self)[0] == .max)
    }
}
