import TandemGraph
import TandemTestSupport
import Testing

/// Passes that change what a graph's inputs are, on graphs that seeds make.
@Suite struct RandomExtractionTests {
    private let batch = "rows"

    private func imported(_ seed: UInt64) throws -> RandomGraph {
        var options = RandomGraphOptions()
        options.style = .wild
        options.rows = [.none]
        options.symbols = ["s"]
        options.batch = batch
        options.nodeCount = 6
        return try RandomGraph(seed: seed, options)
    }

    /// What extraction accepts, it must compute row by row as the whole computes all rows at once.
    @Test(arguments: [false, true])
    func `a graph of one row answers as the graph of all rows`(isFrozen: Bool) throws {
        var accepted = 0
        for seed in RandomRuns.seeds(150) {
            let random = try imported(seed)
            var sizes = random.sizes
            sizes[batch] = 17  // No other size is 17: a frozen batch is not mistaken.
            let whole = RandomGraph(random, sizes: sizes)
            for id in whole.model.graph.outputs {
                guard let model = alone(whole.model, id) else { continue }
                var source = model
                if isFrozen { source.graph = try model.graph.binding([batch: 17]) }
                let extraction = RowExtraction(
                    batch: isFrozen ? .frozen(17) : .symbol(batch))
                guard let rows = try extraction.outcome(for: source).model else { continue }
                accepted += 1
                let inputs = whole.inputs(rowCount: 1, seed: seed)
                let expected = try answer(model, inputs, rowCount: 1)
                let found = try answer(
                    rows, byRow(inputs, rows.graph, sizes), rowCount: 17)
                // Rows are the first dimension of the one, and apart in the other.
                let apart = ReferenceTensor(
                    rowCount: 17, shape: Array(expected.shape.dropFirst()), expected.elements)
                #expect(
                    found.difference(from: apart, tolerance: 0) == nil,
                    "seed \(seed), \(model.graph.text)")
            }
        }
        #expect(accepted > 50)
    }

    /// The graph with one output, if that and all inputs have the batch as their first dimension or
    /// nowhere.
    private func alone(_ model: WeightedGraph, _ output: ValueID) -> WeightedGraph? {
        let graph = model.graph
        func hasBatchFirst(_ id: ValueID) -> Bool {
            graph[id].type.shape.first == .symbol(batch)
        }
        func hasBatchLater(_ id: ValueID) -> Bool {
            graph[id].type.shape.dropFirst(hasBatchFirst(id) ? 1 : 0).contains {
                $0.symbols.contains(batch)
            }
        }
        guard hasBatchFirst(output), !hasBatchLater(output),
            !graph.inputs.contains(where: hasBatchLater)
        else { return nil }
        return try? WeightedGraph(
            Graph(
                name: graph.name, inputs: graph.inputs.map { graph[$0] },
                parameters: graph.parameters.map { graph[$0] },
                nodes: graph.nodes.map { node in
                    (node.operation, node.inputs.map { graph[$0].name }, graph[node.output].name)
                }, outputs: [graph[output].name]), model.tensors)
    }

    private func answer(
        _ model: WeightedGraph, _ inputs: [String: ReferenceTensor], rowCount: Int
    ) throws -> ReferenceTensor {
        let outputs = try ReferenceExecutor(model.graph, model.tensors)
            .run(inputs, rowCount: rowCount)
        return try #require(outputs.first?.value)
    }

    private func byRow(
        _ inputs: [String: ReferenceTensor], _ graph: Graph, _ sizes: [String: Int]
    ) -> [String: ReferenceTensor] {
        var result = inputs
        for id in graph.inputs {
            let value = graph[id]
            result[value.name]?.rowCount = value.type.rows == .candidate ? 17 : 1
            result[value.name]?.shape = value.type.shape.map {
                $0.binding(sizes)?.fixedSize ?? 0
            }
        }
        return result
    }

    // MARK: Inputs

    @Test func `an input taken apart by columns answers as the whole`() throws {
        var count = 0
        for seed in RandomRuns.seeds(60) {
            var options = RandomGraphOptions()
            options.style = .wild
            let random = try RandomGraph(seed: seed, options)
            let graph = random.model.graph
            var inputs = random.inputs(rowCount: 3, seed: seed)
            for id in graph.inputs {
                let value = graph[id]
                guard value.type.rows == .candidate, let sizes = value.type.fixedSizes,
                    sizes.count == 1, sizes[0] > 1, let tensor = inputs[value.name]
                else { continue }
                let columns =
                    Int(seed % UInt64(sizes[0] - 1))..<Int(seed % UInt64(sizes[0] - 1)) + 1
                let split = try random.model.splittingInput(value.name, contextColumns: columns)
                let rest = (0..<sizes[0]).filter { !columns.contains($0) }
                var parts = inputs
                parts["\(value.name).context"] = tensor.picking(Array(columns), rows: 1)
                parts["\(value.name).candidate"] = tensor.picking(rest, rows: 3)
                // The whole has the first row's columns in every row.
                inputs[value.name] = tensor.repeating(columns)
                let expected = try ReferenceExecutor(graph, random.model.tensors)
                    .run(inputs, rowCount: 3)
                let found = try ReferenceExecutor(split.graph, split.tensors)
                    .run(parts, rowCount: 3)
                for (name, tensor) in expected {
                    let difference = found[name]?.difference(from: tensor, tolerance: 0)
                    #expect(difference == nil, "seed \(seed), \(name)")
                }
                count += 1
                break
            }
        }
        #expect(count > 5)
    }

    @Test func `columns computed by a graft are those computed beforehand`() throws {
        var count = 0
        for seed in RandomRuns.seeds(60) {
            var options = RandomGraphOptions()
            options.style = .wild
            let whole = try RandomGraph(seed: seed, options)
            options.symbols = []
            options.rows = [.candidate]
            let donor = try RandomGraph(seed: seed &+ 1_000_000, options)
            guard let (input, width) = Self.vector(whole.model.graph.inputs, whole.model.graph),
                let (output, fed) = Self.vector(donor.model.graph.outputs, donor.model.graph),
                fed <= width, donor.model.graph[output].type.rows == .candidate
            else { continue }
            let (graph, name) = (whole.model.graph, whole.model.graph[input].name)
            let rowCount = graph[input].type.rows == .candidate ? 3 : 1
            let graft = GraphGraft(
                donor: donor.model, output: donor.model.graph[output].name, input: name,
                column: width - fed, prefix: "donor")
            let joint = try whole.model.grafting([graft])
            var inputs = whole.inputs(rowCount: 3, seed: seed)
            let given = donor.inputs(rowCount: rowCount, seed: seed)
            let computed = try ReferenceExecutor(donor.model.graph, donor.model.tensors)
                .run(given, rowCount: rowCount)
            let answer = try #require(computed[graft.output])
            var joined = inputs
            joined[name] = inputs[name]?.picking(Array(0..<(width - fed)), rows: rowCount)
            for (inner, tensor) in given { joined[graft.name(ofInput: inner)] = tensor }
            inputs[name] = inputs[name]?.replacing(from: width - fed, with: answer)
            let expected = try ReferenceExecutor(graph, whole.model.tensors)
                .run(inputs, rowCount: 3)
            let found = try ReferenceExecutor(joint.graph, joint.tensors).run(joined, rowCount: 3)
            for (output, tensor) in expected {
                let difference = found[output]?.difference(from: tensor, tolerance: 0)
                #expect(difference == nil, "seed \(seed), \(output)")
            }
            count += 1
        }
        #expect(count > 3)
    }

    /// The first f32 value of one dimension that is known, and its width.
    private static func vector(_ ids: [ValueID], _ graph: Graph) -> (ValueID, Int)? {
        for id in ids {
            let type = graph[id].type
            if type.dtype == .float32, type.shape.count == 1, let width = type.shape[0].fixedSize,
                width > 0
            {
                return (id, width)
            }
        }
        return nil
    }
}

extension RandomGraph {
    /// The same graph with other sizes.
    fileprivate init(_ graph: RandomGraph, sizes: [String: Int]) {
        self = graph
        self.sizes = sizes
    }
}

extension ReferenceTensor {
    /// Columns of the first rows of a tensor of one dimension.
    fileprivate func picking(_ columns: [Int], rows: Int) -> ReferenceTensor {
        let places = (0..<rows).flatMap { row in columns.map { row * shape[0] + $0 } }
        return ReferenceTensor(rowCount: rows, shape: [columns.count], elements.picking(places))
    }

    /// Some columns of the first row in every row.
    fileprivate func repeating(_ columns: Range<Int>) -> ReferenceTensor {
        let places = (0..<rowCount * shape[0]).map { place in
            columns.contains(place % shape[0]) ? place % shape[0] : place
        }
        return ReferenceTensor(rowCount: rowCount, shape: shape, elements.picking(places))
    }

    /// The columns from one on taken from another tensor of f32, row by row.
    fileprivate func replacing(from column: Int, with other: ReferenceTensor) -> ReferenceTensor {
        var values = floats
        for place in values.indices where place % shape[0] >= column {
            let row = other.rowCount == 1 ? 0 : place / shape[0]
            values[place] = other.floats[row * other.shape[0] + place % shape[0] - column]
        }
        return ReferenceTensor(rowCount: rowCount, shape: shape, .float32(values))
    }
}

extension ReferenceTensor.Elements {
    fileprivate func picking(_ places: [Int]) -> ReferenceTensor.Elements {
        switch self {
        case .float32(let values): .float32(places.map { values[$0] })
        case .int32(let values): .int32(places.map { values[$0] })
        case .int64(let values): .int64(places.map { values[$0] })
        case .bool(let values): .bool(places.map { values[$0] })
        case .int8(let values): .int8(places.map { values[$0] })
        case .uint8(let values): .uint8(places.map { values[$0] })
        }
    }
}
