// Design: lowering in three walks over the graph.
//
// 1. Placement: values that are views of others (reshape, slice, an input of a concat that nothing
//    else reads) get no memory of their own; a producer writes straight into the joined buffer, so
//    concatenation costs nothing. Every other value gets a buffer.
// 2. Steps: one kernel call a node, on the list of its row axis. A rectifier that alone reads a
//    product is that product's activation; rows that several int8 products read are quantised once.
// 3. Memory: buffers get offsets from their lives, and steps get locations.
// Steps refer to buffers until memory is planned; therefore they are made by closures that run last.

import CTandemKernels
import TandemGraph

/// Lowers one graph.
final class Lowering {
    let graph: Graph
    let tensors: TensorSet
    private let packed: [Packing: PackedWeights]
    let uses: GraphUses
    var lowered = LoweredGraph()
    var placement: Placement
    /// Steps in order, made once locations are known.
    var pending: [PendingStep] = []
    /// For each value, the outputs that depend on it.
    let tasks: [TaskMask]
    /// Values that features give, maybe moved about.
    let madeByFeatures: Set<ValueID>
    var quantized: [QuantizedValue: QuantizedBuffer] = [:]
    /// Scratch memory of the greediest step: whatever the rows, and for each row of a block.
    var scratchBytes = 0
    var scratchBytesPerRow = 0
    /// Parts of a row's scratch begin on cache lines.
    private let scratchSlack = 1024
    /// Rectifiers that were folded into the product before them.
    var folded: Set<ValueID> = []
    /// Results of nodes whose steps are queued: some are lowered before their turn.
    private var loweredResults: Set<ValueID> = []

    /// Begins to lower a graph.
    ///
    /// - Parameters:
    ///   - graph: The graph.
    ///   - tensors: Its parameters, but for those that are only packed.
    ///   - packed: What is packed for it.
    init(_ graph: Graph, _ tensors: TensorSet, _ packed: [Packing: PackedWeights]) {
        self.graph = graph
        self.tensors = tensors
        self.packed = packed
        uses = GraphUses(graph)
        tasks = graph.dependentTasks
        madeByFeatures = Self.valuesMadeByFeatures(graph)
        placement = Placement(graph: graph, uses: uses, tensors: tensors)
    }

    /// A step before memory is planned.
    struct PendingStep {
        var rows: RowAxis
        /// The outputs it works for.
        var tasks: TaskMask
        var text: String
        var cost: Plan.StepCost
        var make: (Lowering) throws(EngineError) -> any Step
    }

    /// A value as int8 rows: each with its own grid, or all by one.
    struct QuantizedValue: Hashable {
        var value: ValueID
        var grid: ActivationGrid?
    }

    /// Where a quantised value's rows and scales lie.
    struct QuantizedBuffer {
        var rows: Int
        var scales: Int
        var inputCount: Int
        var positions: Int
        var axis: RowAxis
        /// Of both.
        var bytesPerRow: Int
    }

    func lowered(
        blockRowCount: Int?, blockRowCountMax: Int
    ) throws(EngineError) -> LoweredGraph {
        for id in graph.inputs { try placement.placeInput(id) }
        try placement.placeViews()
        for node in graph.nodes { try lower(node) }
        for id in graph.outputs { placement.touch(id, step: pending.count) }
        lowered.blockRowCount =
            blockRowCount
            ?? placement.preferredBlockRowCount(
                besides: scratchBytesPerRow, atMost: blockRowCountMax)
        lowered.scratchBytes = max(
            scratchBytes, scratchBytesPerRow * lowered.blockRowCount + scratchSlack)
        lowered.retained = graph.parameters.compactMap { tensors[graph[$0].name] }
        lowered.memory.parameters = lowered.retained.reduce(0) { $0 + $1.byteCount }
        try placement.assignOffsets(&lowered)
        for step in pending {
            let made = PlannedStep(
                tasks: step.tasks, step: try step.make(self), work: step.cost.work)
            let note = Plan.StepNote(rows: step.rows, text: step.text, cost: step.cost)
            if step.rows == .candidate {
                lowered.candidateSteps.append(made)
                lowered.candidateNotes.append(note)
            } else {
                lowered.contextSteps.append(made)
                lowered.contextNotes.append(note)
            }
            lowered.text += "\(step.rows == .candidate ? "row " : "once") \(step.text)\n"
        }
        lowered.inputs = graph.inputs.map { placement.location($0, readBy: graph[$0].type.rows) }
        lowered.outputs = graph.outputs.map { placement.location($0, readBy: .candidate) }
        lowered.memory.arena = lowered.contextBytes + lowered.blockBytes
        return lowered
    }

    /// Queues a step that writes `output`, or `bytes` in its place, and reads `inputs`; `others` are
    /// nodes that it does too.
    func queue(
        _ node: Node, reads inputs: [ValueID], writes output: ValueID? = nil,
        as bytes: QuantizedBuffer? = nil, with others: [Node] = [], text: String? = nil,
        _ make: @escaping (Lowering) throws(EngineError) -> any Step
    ) {
        let step = pending.count
        for input in inputs { placement.touch(input, step: step) }
        let written = output ?? node.output
        var cost = others.reduce(cost(of: node)) { $0 + self.cost(of: $1) }
        if let bytes {
            touch(bytes, step: step)
            cost.rowBytes += bytes.bytesPerRow - rowBytes(written)
        } else {
            placement.touch(written, step: step)
        }
        pending.append(
            PendingStep(
                rows: axis(of: node), tasks: tasks[written.index],
                text: text ?? graph.text(of: node), cost: cost, make: make))
    }

    /// Marks a node as lowered; false if it was before.
    func lowerOnce(_ node: Node) -> Bool { loweredResults.insert(node.output).inserted }

    /// Whether a node's steps are queued.
    func isLowered(_ node: Node) -> Bool { loweredResults.contains(node.output) }

    /// The list a node's step goes to.
    func axis(of node: Node) -> RowAxis { graph[node.output].type.rows }

    /// Where a step on a node's row axis finds a value.
    func location(_ id: ValueID, for node: Node) -> Location {
        placement.location(id, readBy: axis(of: node))
    }

    /// A parameter's tensor.
    func parameter(_ id: ValueID, _ node: Node) throws(EngineError) -> Tensor {
        let name = graph[id].name
        guard graph[id].type.rows == .none, let tensor = tensors[name] else {
            throw unsupported(node, "'\(name)' must be a parameter, not computed")
        }
        return tensor
    }

    /// What a node reads packed, at one of its positions; the plan keeps it.
    func packed(_ node: Node, _ index: Int = 0) throws(EngineError) -> Weights {
        let position = Packing.positions(node.operation)[index]
        let packing = Packing(node, position, graph)
        guard let weights = packed[packing] else {
            let names = packing.parameters.joined(separator: "' and '")
            throw unsupported(node, "'\(names)' must be parameters, not computed")
        }
        if lowered.packed.updateValue(weights, forKey: packing) == nil {
            lowered.memory.packedWeights += weights.byteCount
        }
        return weights.place
    }

    func unsupported(_ node: Node, _ reason: String) -> EngineError {
        EngineError(
            .unsupportedOperation, graph[node.output].name,
            "the engine cannot run this \(node.operation.name): \(reason)")
    }
}

/// Who reads each value of a graph.
struct GraphUses {
    /// Nodes that read a value, by position; a node stands once for each of its inputs.
    private(set) var readers: [[Int]]
    /// The node that makes a value.
    private(set) var makers: [Int?]
    private var outputs: Set<ValueID>

    init(_ graph: Graph) {
        readers = Array(repeating: [], count: graph.values.count)
        makers = Array(repeating: nil, count: graph.values.count)
        outputs = Set(graph.outputs)
        for (index, node) in graph.nodes.enumerated() {
            makers[node.output.index] = index
            for input in node.inputs { readers[input.index].append(index) }
        }
    }

    /// The one node that reads a value which is not an output; nil otherwise.
    func soleReader(of id: ValueID) -> Int? {
        let nodes = readers[id.index]
        return nodes.count == 1 && !outputs.contains(id) ? nodes[0] : nil
    }
}
