// Design: everything about a graph that does not depend on addresses.
//
// From the values whose losses are wanted, the plan walks back: which nodes are needed, which values
// need a gradient, which read of a value is the first to bring its gradient, and where activations
// and gradients lie in one run of memory. Activations are all kept, since the way back reads them; a
// gradient lives only from its first contribution to the node that made the value, and its place is
// taken by another one afterwards.

package import TandemGraph

/// Which nodes lead to a set of values, and the memory that a minibatch needs for them.
package struct GradientPlan: Sendable {
    /// The graph that is executed.
    package let graph: Graph
    /// The values whose gradients start the way back, or that are only computed.
    package let heads: [ValueID]
    /// Whether there is a way back.
    package let differentiates: Bool
    /// Positions in `graph.nodes` of the nodes needed, in order.
    let nodes: [Int]
    /// For each value, whether its gradient is needed.
    let needsGradient: [Bool]
    /// For each needed node and each of its inputs, whether the gradient adds to an earlier one.
    let accumulates: [[Bool]]
    /// For each value, where its activation lies; nil for parameters and inputs that nobody reads,
    /// and for a reshaped value, which shares its operand's memory.
    let activations: [Region?]
    /// For each value, where its gradient lies; nil for parameters and where none is needed.
    let gradients: [Region?]
    /// Elements for each row of the minibatch, and elements in all for values without rows.
    let arenaSize: Region

    /// A place in the arena, for values with rows and for those without: both grow apart.
    struct Region: Hashable, Sendable {
        /// Elements before it in one row's share; the arena has `perRow * rowCountMax` of them.
        var perRow = 0
        /// Elements before it in the part that does not depend on the rows.
        var fixed = 0
    }

    /// Plans for the losses of `heads`, or only for their values.
    ///
    /// - Parameters:
    ///   - graph: The graph.
    ///   - parameters: The graph's parameters; frozen ones get no gradient.
    ///   - heads: Values on rows, each once.
    ///   - differentiates: Whether there is a way back.
    /// - Throws: `TrainingError` `notDifferentiable`, naming the node, for what has no derivative
    ///   here, has sizes that are not known, or does not depend on any trained parameter.
    package init(
        _ graph: Graph, parameters: ParameterStore, heads: [ValueID], differentiates: Bool = true
    ) throws(TrainingError) {
        precondition(Set(heads).count == heads.count, "a head stands twice")
        self.graph = graph
        self.heads = heads
        self.differentiates = differentiates
        nodes = Self.needed(graph, heads)
        try Self.check(graph, nodes, heads)
        needsGradient = differentiates ? Self.gradientNeeds(graph, nodes, parameters) : []
        if differentiates {
            try Self.checkTrained(graph, heads, needsGradient)
            try Self.checkCompared(graph, nodes, needsGradient)
        }
        accumulates = Self.contributions(graph, nodes, heads, needsGradient)
        var allocator = RegionAllocator(graph)
        activations = allocator.activations(nodes)
        gradients = allocator.gradients(nodes, heads, needsGradient)
        arenaSize = allocator.size
    }

    private static func needed(_ graph: Graph, _ heads: [ValueID]) -> [Int] {
        var wanted = Set(heads)
        var nodes: [Int] = []
        for (position, node) in graph.nodes.enumerated().reversed()
        where wanted.contains(node.output) {
            nodes.append(position)
            wanted.formUnion(node.inputs)
        }
        return nodes.reversed()
    }

    private static func check(
        _ graph: Graph, _ nodes: [Int], _ heads: [ValueID]
    ) throws(TrainingError) {
        func refusal(_ name: String, _ problem: String) -> TrainingError {
            TrainingError(.notDifferentiable, "node '\(name)': \(problem)").with(\.node, name)
        }
        for node in nodes.map({ graph.nodes[$0] }) {
            let name = graph[node.output].name
            switch node.operation {
            case .quantizedLinear, .staticQuantizedLinear, .quantizedEmbedding,
                .quantizedEmbeddingPool, .quantizedRecurrent, .quantizationResidual:
                throw refusal(
                    name,
                    "\(node.operation.name) has no derivative; train the float program instead")
            case let operation where !isDifferentiable(operation):
                throw refusal(name, "\(operation.name) has no derivative here")
            default: break
            }
            for id in node.inputs + [node.output] {
                let type = graph[id].type
                guard type.rowElementCount != nil else {
                    throw refusal(name, "the sizes of '\(graph[id].name)', \(type), are not fixed")
                }
                // Bools are made of numbers here and are numbers again before they are read.
                let isMade = node.output == id || !graph.parameters.contains(id)
                let isBool = type.dtype == .bool && isMade && !graph.inputs.contains(id)
                guard type.dtype == .float32 || type.dtype == .int32 || isBool else {
                    throw refusal(name, "works on \(type.dtype.name), not on f32 or i32")
                }
            }
            if graph[node.output].type.dtype == .int32, !isMove(node.operation) {
                throw refusal(name, "\(node.operation.name) of whole numbers has no step here")
            }
            if let reason = outerDimensions(graph, node) { throw refusal(name, reason) }
        }
        for head in heads {
            let value = graph[head]
            guard value.type.rows != .none, value.type.dtype == .float32 else {
                throw refusal(value.name, "a loss needs f32 values on rows, not \(value.type)")
            }
        }
    }

    /// Whether an operation only moves elements, whatever they are.
    private static func isMove(_ operation: Operation) -> Bool {
        switch operation {
        case .concat, .slice, .reshape, .expand: true
        default: false
        }
    }

    /// Why a whole layer with leading dimensions has no step; nil if it has one.
    private static func outerDimensions(_ graph: Graph, _ node: Node) -> String? {
        switch node.operation {
        case .attention, .recurrent:
            graph[node.inputs[0]].type.shape.count == 2
                ? nil : "\(node.operation.name) has a derivative for one sequence a row only"
        default: nil
        }
    }

    /// Whether there is a step for the operation.
    package static func isDifferentiable(_ operation: Operation) -> Bool {
        switch operation {
        case .unary(let function):
            switch function {
            case .geluTanh, .sin, .cos, .floor, .ceil, .round, .sign, .reciprocal: false
            default: true
            }
        case .binary(let function):
            switch function {
            case .power, .remainder, .modulo: false
            default: true
            }
        case .reduce(let reduction, _): reduction == .sum || reduction == .mean
        case .affine, .linear, .concat, .slice, .reshape, .expand, .softmax, .layerNorm,
            .embedding, .embeddingPool, .mixture, .attention, .compare, .cast(.float32):
            true
        case .recurrent(let layer):
            layer.cell != .gru(resetsAfter: false) && !layer.hasPeepholes
        default: false
        }
    }

    private static func checkTrained(
        _ graph: Graph, _ heads: [ValueID], _ needsGradient: [Bool]
    ) throws(TrainingError) {
        for head in heads where !needsGradient[head.index] {
            let name = graph[head].name
            throw TrainingError(
                .notDifferentiable, "node '\(name)': does not depend on any trained parameter"
            ).with(\.node, name)
        }
    }

    /// A comparison's outcome has no derivative, so nothing trained may end there.
    private static func checkCompared(
        _ graph: Graph, _ nodes: [Int], _ needsGradient: [Bool]
    ) throws(TrainingError) {
        for node in nodes.map({ graph.nodes[$0] }) {
            guard case .compare = node.operation,
                let trained = node.inputs.first(where: { needsGradient[$0.index] })
            else { continue }
            let name = graph[node.output].name
            throw TrainingError(
                .notDifferentiable,
                "node '\(name)': compares '\(graph[trained].name)', which depends on parameters"
            ).with(\.node, name)
        }
    }

    private static func gradientNeeds(
        _ graph: Graph, _ nodes: [Int], _ parameters: ParameterStore
    ) -> [Bool] {
        var needs = [Bool](repeating: false, count: graph.values.count)
        for id in graph.parameters {
            needs[id.index] = parameters.slot(of: id).map { $0.kind != .frozen } ?? false
        }
        for node in nodes.map({ graph.nodes[$0] }) where graph[node.output].type.dtype == .float32 {
            needs[node.output.index] = node.inputs.contains { needs[$0.index] }
        }
        return needs
    }

    /// Walks the way back and notes for each read of a value whether it comes first.
    private static func contributions(
        _ graph: Graph, _ nodes: [Int], _ heads: [ValueID], _ needsGradient: [Bool]
    ) -> [[Bool]] {
        // The losses write the heads' gradients before the first step runs.
        var written = Set(heads)
        var result: [[Bool]] = []
        guard !needsGradient.isEmpty else { return [] }
        for node in nodes.reversed().map({ graph.nodes[$0] }) {
            result.append(
                node.inputs.map { needsGradient[$0.index] && !written.insert($0).inserted })
        }
        return result.reversed()
    }
}

/// Lays activations end to end, and gradients wherever an earlier one is no longer needed.
private struct RegionAllocator {
    private let graph: Graph
    private var live: [(range: Range<Int>, value: Int)] = []
    private var gradientBase = 0
    var size = GradientPlan.Region()

    init(_ graph: Graph) { self.graph = graph }

    private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    mutating func activations(_ nodes: [Int]) -> [GradientPlan.Region?] {
        var regions = [GradientPlan.Region?](repeating: nil, count: graph.values.count)
        let read = Set(nodes.flatMap { graph.nodes[$0].inputs })
        for id in graph.inputs where read.contains(id) { regions[id.index] = place(id) }
        for node in nodes.map({ graph.nodes[$0] }) {
            if case .reshape = node.operation { continue }
            regions[node.output.index] = place(node.output)
        }
        gradientBase = size.perRow
        return regions
    }

    private mutating func place(_ id: ValueID) -> GradientPlan.Region {
        let count = Self.aligned(graph[id].type.rowElementCount ?? 0)
        defer {
            if graph[id].type.rows == .none { size.fixed += count } else { size.perRow += count }
        }
        return size
    }

    mutating func gradients(
        _ nodes: [Int], _ heads: [ValueID], _ needsGradient: [Bool]
    ) -> [GradientPlan.Region?] {
        var regions = [GradientPlan.Region?](repeating: nil, count: graph.values.count)
        guard !needsGradient.isEmpty else { return regions }
        let parameters = Set(graph.parameters)
        for head in heads where regions[head.index] == nil { regions[head.index] = reserve(head) }
        for node in nodes.reversed().map({ graph.nodes[$0] }) {
            for input in node.inputs
            where needsGradient[input.index] && !parameters.contains(input)
                && regions[input.index] == nil
            {
                regions[input.index] = reserve(input)
            }
            live.removeAll { $0.value == node.output.index }
        }
        return regions
    }

    /// The lowest gap among the live gradients; values without rows are small and never reused.
    private mutating func reserve(_ id: ValueID) -> GradientPlan.Region {
        if graph[id].type.rows == .none { return place(id) }
        let count = Self.aligned(graph[id].type.rowElementCount ?? 0)
        var start = gradientBase
        for other in live.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if other.lowerBound >= start + count { break }
            start = max(start, other.upperBound)
        }
        live.append((start..<start + count, id.index))
        size.perRow = max(size.perRow, start + count)
        return GradientPlan.Region(perRow: start, fixed: size.fixed)
    }
}
