import CTandemKernels
import TandemGraph

/// Decides which values have memory of their own, which are views, and where each lies.
struct Placement {
    private enum Place {
        /// In a planned buffer, at an element offset within its rows.
        case buffer(Int, elementOffset: Int)
        /// In the candidate inputs, at an offset in bytes a row of capacity.
        case candidateInput(byteOffset: Int, stride: Int, elementOffset: Int)
        /// A parameter, or a view of one.
        case fixed(Tensor, elementOffset: Int)
    }

    private let graph: Graph
    private let uses: GraphUses
    private let tensors: TensorSet
    private var places: [ValueID: Place] = [:]
    private var context = MemoryPlan()
    private var block = MemoryPlan()
    /// All buffers: which plan they belong to, and their row's elements.
    private var buffers: [(rows: RowAxis, planned: Int, width: Int, bytesPerRow: Int)] = []
    private(set) var candidateInputBytesPerRow = 0

    init(graph: Graph, uses: GraphUses, tensors: TensorSet) {
        self.graph = graph
        self.uses = uses
        self.tensors = tensors
    }

    // MARK: Walk 1

    mutating func placeInput(_ id: ValueID) throws(EngineError) {
        let value = graph[id]
        guard let width = value.type.rowElementCount,
            value.type.dtype == .float32 || value.type.dtype == .int32
        else {
            throw EngineError(
                .unsupportedOperation, value.name,
                "inputs have fixed row shapes and are f32 or i32, this is \(value.type)")
        }
        if value.type.rows == .candidate {
            places[id] = .candidateInput(
                byteOffset: candidateInputBytesPerRow, stride: width, elementOffset: 0)
            candidateInputBytesPerRow += width * 4
        } else {
            // A context input lives as long as the request.
            places[id] = .buffer(addBuffer(rows: .context, width: width), elementOffset: 0)
        }
    }

    /// Places views, last node first, so that a concat within a concat ends in one buffer.
    mutating func placeViews() throws(EngineError) {
        for node in graph.nodes.reversed() {
            // Along the first dimension the parts of a row lie one behind the other.
            guard case .concat(axis: 0) = node.operation else { continue }
            let whole = placeOwn(node.output)
            guard case .buffer(let buffer, var elementOffset) = whole else { continue }
            for input in node.inputs {
                if canWriteInto(input, of: node) {
                    places[input] = .buffer(buffer, elementOffset: elementOffset)
                }
                elementOffset += graph[input].type.rowElementCount ?? 0
            }
        }
    }

    /// Whether the concat's input is made by a node for this concat alone, on its row axis.
    private func canWriteInto(_ input: ValueID, of node: Node) -> Bool {
        guard let maker = uses.makers[input.index], places[input] == nil,
            uses.soleReader(of: input) != nil,
            graph[input].type.rows == graph[node.output].type.rows
        else { return false }
        switch graph.nodes[maker].operation {
        case .reshape, .slice(axis: 0, _, _): return false  // They are views of something else.
        default: return true
        }
    }

    /// The place of a value, making a buffer if it has none.
    @discardableResult
    private mutating func placeOwn(_ id: ValueID) -> Place {
        if let place = places[id] { return place }
        let type = graph[id].type
        let rows: RowAxis = type.rows == .candidate ? .candidate : .context
        let width = type.rowElementCount ?? 0
        let place = Place.buffer(
            addBuffer(rows: rows, width: width, bytesPerRow: width * type.dtype.byteCount),
            elementOffset: 0)
        places[id] = place
        return place
    }

    private mutating func addBuffer(rows: RowAxis, width: Int) -> Int {
        addBuffer(rows: rows, width: width, bytesPerRow: width * 4)
    }

    /// Adds a buffer that is no value of the graph, such as quantised rows.
    mutating func addBuffer(rows: RowAxis, width: Int, bytesPerRow: Int) -> Int {
        let planned =
            rows == .candidate
            ? block.add(byteCount: bytesPerRow) : context.add(byteCount: bytesPerRow)
        buffers.append((rows, planned, width, bytesPerRow))
        return buffers.count - 1
    }

    // MARK: Walk 2

    /// Places a value's view of another one (reshape, slice).
    mutating func placeView(_ id: ValueID, of source: ValueID, elementOffset: Int) {
        if let tensor = parameter(source) {
            places[id] = .fixed(tensor, elementOffset: elementOffset)
            return
        }
        switch placeOwn(source) {
        case .buffer(let buffer, let offset):
            places[id] = .buffer(buffer, elementOffset: offset + elementOffset)
        case .candidateInput(let byteOffset, let stride, let offset):
            places[id] = .candidateInput(
                byteOffset: byteOffset, stride: stride, elementOffset: offset + elementOffset)
        case .fixed(let tensor, let offset):
            places[id] = .fixed(tensor, elementOffset: offset + elementOffset)
        }
    }

    /// The tensor of a parameter.
    private func parameter(_ id: ValueID) -> Tensor? {
        graph[id].type.rows == .none && uses.makers[id.index] == nil
            ? tensors[graph[id].name] : nil
    }

    /// Whether a value has been written into its place by its producer.
    func isPlaced(_ id: ValueID, insideOf other: ValueID) -> Bool {
        guard case .buffer(let a, _) = places[id], case .buffer(let b, _) = places[other] else {
            return false
        }
        return a == b
    }

    /// Keeps a value's buffer alive at a step.
    mutating func touch(_ id: ValueID, step: Int) {
        if parameter(id) != nil { return }
        if case .buffer(let buffer, _) = placeOwn(id) { touchBuffer(buffer, step: step) }
    }

    mutating func touchBuffer(_ buffer: Int, step: Int) {
        if buffers[buffer].rows == .candidate {
            block.extend(buffers[buffer].planned, to: step)
        } else {
            context.extend(buffers[buffer].planned, to: step)
        }
    }

    // MARK: Walk 3

    /// As many rows as keep a block's memory within a second-level cache of 1 MiB.
    ///
    /// Weights are read once a block, so more rows are better until their own values come from
    /// further off: against blocks of half the memory, ranking models take 0.984 to 1.000 of the
    /// time at 64 and 256 rows, and with blocks of 32 rows 1.02 to 1.03.
    ///
    /// Sixteen at least, since kernels take rows by the dozen, but not where one row alone is large
    /// (a sequence, the scores of attention): then as many as eight megabytes hold, at least one.
    func preferredBlockRowCount(besides scratchBytesPerRow: Int, atMost most: Int) -> Int {
        var trial = block
        trial.scale(by: 16)
        let bytesPerRow = scratchBytesPerRow + trial.place() / 16
        let rows = bytesPerRow == 0 ? most : (1 << 20) / bytesPerRow
        let least = bytesPerRow == 0 ? 16 : min(max((8 << 20) / bytesPerRow, 1), 16)
        return min(max(rows / 16 * 16, least), most)
    }

    mutating func assignOffsets(_ lowered: inout LoweredGraph) throws(EngineError) {
        lowered.candidateInputBytesPerRow = candidateInputBytesPerRow
        // Context values may be read by any block, and there is one row of each: no sharing.
        context.keepAll()
        lowered.contextBytes = context.place()
        block.scale(by: lowered.blockRowCount)
        lowered.blockBytes = block.place()
        lowered.blockBuffers = block.buffers
    }

    /// Where a step on a row axis finds a value; a context value is one row for all candidates.
    func location(_ id: ValueID, readBy axis: RowAxis) -> Location {
        let width = graph[id].type.rowElementCount ?? 0
        let bytes = graph[id].type.dtype.byteCount
        switch places[id] {
        case .candidateInput(let byteOffset, let stride, let elementOffset):
            return Location(
                region: .candidateInput, byteOffset: byteOffset, stride: stride, width: width,
                elementOffset: elementOffset, elementBytes: bytes)
        case .buffer(let buffer, let elementOffset):
            var found = location(
                buffer: buffer, readBy: axis, elementOffset: elementOffset, width: width)
            found.elementBytes = bytes
            return found
        case .fixed(let tensor, let elementOffset):
            return Self.location(tensor, elementOffset, width)
        case nil:
            guard let tensor = parameter(id) else {
                preconditionFailure("value \(graph[id].name) has no place")
            }
            return Self.location(tensor, 0, width)
        }
    }

    /// A parameter: one row for whoever reads it.
    private static func location(
        _ tensor: Tensor, _ elementOffset: Int, _ width: Int
    ) -> Location {
        Location(
            region: .fixed(tensor.base), byteOffset: 0, stride: 0, width: width,
            elementOffset: elementOffset, elementBytes: tensor.dtype.byteCount)
    }

    /// Where a buffer lies.
    func location(
        buffer: Int, readBy axis: RowAxis, elementOffset: Int = 0, width: Int? = nil
    ) -> Location {
        let found = buffers[buffer]
        let isBlock = found.rows == .candidate
        let plan = isBlock ? block : context
        return Location(
            region: isBlock ? .block : .context,
            byteOffset: plan.buffers[found.planned].byteOffset,
            stride: isBlock || axis != .candidate ? found.width : 0, width: width ?? found.width,
            elementOffset: elementOffset)
    }
}
