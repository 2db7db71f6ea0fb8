import TandemGraph
import TandemTestSupport
import Testing

/// What holds for every graph, tried on graphs that seeds make.
@Suite struct RandomGraphTests {
    private static var wild: RandomGraphOptions {
        var options = RandomGraphOptions()
        options.style = .wild
        return options
    }

    /// What one graph answers, for three candidates.
    private func answers(
        _ model: WeightedGraph, _ inputs: [String: ReferenceTensor]
    ) throws -> [String: ReferenceTensor] {
        try ReferenceExecutor(model.graph, model.tensors).run(inputs, rowCount: 3)
    }

    private func expectEqual(
        _ found: [String: ReferenceTensor], _ expected: [String: ReferenceTensor],
        tolerance: Float, _ seed: UInt64
    ) {
        #expect(Set(found.keys) == Set(expected.keys), "seed \(seed)")
        for (name, tensor) in expected {
            guard let other = found[name] else { continue }
            let difference = other.difference(from: tensor, tolerance: tolerance)
            #expect(difference == nil, "seed \(seed), \(name)")
        }
    }

    @Test func `every operation and dtype comes up`() throws {
        var names: Set<String> = []
        var dtypes: Set<DataType> = []
        var axes: Set<RowAxis> = []
        for seed in 0..<150 as Range<UInt64> {
            let graph = try RandomGraph(seed: seed, Self.wild).model.graph
            names.formUnion(graph.nodes.map(\.operation.name))
            dtypes.formUnion(graph.values.map(\.type.dtype))
            axes.formUnion(graph.nodes.map { graph[$0.output].type.rows })
        }
        #expect(Set(Operation.storedNames).subtracting(names) == [])
        #expect(dtypes == Set(DataType.allCases))
        #expect(axes == Set(RowAxis.allCases))
    }

    @Test func `a graph's text reads back to the same graph, with the same answers`() throws {
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed, Self.wild)
            let model = random.model
            let text = model.graph.text
            let read = WeightedGraph(try Graph(text: text), model.tensors)
            #expect(read.graph.text == text, "seed \(seed)")
            #expect(try Graph(text: read.graph.text) == read.graph, "seed \(seed)")
            let contents = { (tensor: Tensor) in "\(Array(tensor.bytes))" }
            #expect(
                try read.canonicalText(contentID: contents)
                    == model.canonicalText(contentID: contents), "seed \(seed)")
            let inputs = random.inputs(rowCount: 3, seed: seed)
            expectEqual(
                try answers(read, inputs), try answers(model, inputs), tolerance: 0, seed)
        }
    }

    /// A line that lacks something, says another type or another name: refused or another graph,
    /// and never the end of the program.
    @Test func `a changed text is refused by name or is a graph that reads back`() throws {
        var refused = 0
        var random = RandomSource(seed: 3)
        for seed in RandomRuns.seeds(60) {
            let text = try RandomGraph(seed: seed, Self.wild).model.graph.text
            for _ in 0..<8 {
                let changed = TextMutation.mutated(text, &random)
                do {
                    let graph = try Graph(text: changed)
                    #expect(try Graph(text: graph.text) == graph, "seed \(seed)")
                } catch let error {
                    refused += 1
                    #expect(!error.subject.isEmpty, "seed \(seed)")
                }
            }
        }
        #expect(refused > 60)
    }

    // MARK: Passes

    /// Passes that only move work about answer with the same bits.
    @Test func `shared results and bound sizes change no bit`() throws {
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed, Self.wild)
            let inputs = random.inputs(rowCount: 3, seed: seed)
            let expected = try answers(random.model, inputs)
            let shared = try SharedResults.applied(to: random.model)
            expectEqual(try answers(shared, inputs), expected, tolerance: 0, seed)
            let bound = WeightedGraph(
                try random.model.graph.binding(random.sizes), random.model.tensors)
            expectEqual(try answers(bound, inputs), expected, tolerance: 0, seed)
        }
    }

    /// `x / 4` becomes `x * 0.25`, two scales become one: last bits change, and nothing else.
    @Test(arguments: ["simplification", "patterns", "canonicalization"])
    func `a pass keeps the answers`(pass: String) throws {
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed)
            let inputs = random.inputs(rowCount: 3, seed: seed)
            let changed: WeightedGraph =
                switch pass {
                case "simplification": try Simplification.applied(to: random.model)
                case "patterns": try LayerPatterns.applied(to: random.model)
                default: try Canonicalization.applied(to: random.model)
                }
            expectEqual(
                try answers(changed, inputs), try answers(random.model, inputs),
                tolerance: 1e-4, seed)
        }
    }

    @Test func `a canonical graph is its own canonical form`() throws {
        for seed in RandomRuns.seeds(60) {
            let once = try Canonicalization.applied(to: RandomGraph(seed: seed).model)
            let twice = try Canonicalization.applied(to: once)
            #expect(twice.graph == once.graph, "seed \(seed)")
        }
    }

    @Test func `narrow numbers answer what wide ones do`() throws {
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed)
            let inputs = random.inputs(rowCount: 3, seed: seed)
            let narrow = try Narrowing.applied(to: random.model)
            let fed = inputs.mapValues { tensor -> ReferenceTensor in
                guard case .int64(let values) = tensor.elements else { return tensor }
                return ReferenceTensor(
                    rowCount: tensor.rowCount, shape: tensor.shape,
                    .int32(values.map { Int32(clamping: $0) }))
            }
            expectEqual(
                try answers(narrow, fed), try answers(random.model, inputs), tolerance: 0, seed)
        }
    }

    @Test func `constants folded beforehand are what they are when computed`() throws {
        var count = 0
        for seed in RandomRuns.seeds(60) {
            let random = try RandomGraph(seed: seed, Self.wild)
            let (graph, tensors) = (random.model.graph, random.model.tensors)
            let values = try ReferenceExecutor(graph, tensors).runAll(
                random.inputs(rowCount: 3, seed: seed), rowCount: 3)
            for node in graph.nodes {
                let inputs = node.inputs.compactMap { tensors[graph[$0].name] }
                guard inputs.count == node.inputs.count,
                    let expected = values[node.output.index],
                    let folded = ConstantFolding.folded(
                        node.operation, inputs, graph[node.output].type)
                else { continue }
                count += 1
                #expect(
                    ReferenceTensor(folded).difference(from: expected, tolerance: 0) == nil,
                    "seed \(seed), \(graph[node.output].name)")
            }
        }
        #expect(count > 20)
    }
}

/// One change of a graph's text.
private enum TextMutation {
    static func mutated(_ text: String, _ random: inout RandomSource) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let place = Int.random(in: 0..<lines.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: lines.remove(at: place)
        case 1: lines.swapAt(place, Int.random(in: 0..<lines.count, using: &random))
        case 2: lines.insert(lines[place], at: place)
        case 3: lines[place] = dropped(lines[place], ", ", &random)
        case 4: lines[place] = lines[place].replacing("candidate", with: "context")
        case 5: lines[place] = lines[place].replacing("f32", with: "i32")
        case 6: lines[place] = lines[place].replacing("1", with: "2")
        default: lines[place] = lines[place].replacing("x1", with: "x2")
        }
        return lines.joined(separator: "\n")
    }

    /// A line without one of its parts.
    private static func dropped(
        _ line: String, _ mark: String, _ random: inout RandomSource
    ) -> String {
        var parts = line.split(separator: mark, omittingEmptySubsequences: false)
        guard parts.count > 1 else { return String(line.dropLast(3)) }
        parts.remove(at: Int.random(in: 0..<parts.count, using: &random))
        return parts.joined(separator: mark)
    }
}
