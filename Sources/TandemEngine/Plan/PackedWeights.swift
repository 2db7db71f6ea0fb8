import CTandemKernels
package import TandemGraph

// Design: weights are packed before a graph is lowered, one source tensor at a time.
//
// What a plan packs follows from its graph alone (`Packing.all`). So whoever loads knows which
// tensors only pass through, need not read those whose packed form another plan has, and lets go of
// each as soon as it is packed: a model is never in memory twice. Layers that are computed as one are
// joined when the program is written (`ParallelLinears`), so a panel comes from one tensor, but that
// may be of several layers. Panels of a joined weight that did not change could only be copied, which
// is no faster than packing them: some 0.2 ms for 1 MB, and joined weights are some kB to 100 kB.
//
// Panels do not depend on each other, so several threads pack one weight. Raw weights go in batches
// of a few MiB: one by one, threads would begin and end more often than they pack.

/// Where a step finds packed weights; the plan keeps their memory.
///
/// Steps hold addresses and no references, so that running one counts none.
struct Weights {
    var base: UnsafeMutableRawPointer
    var outputCount: Int
    var inputCount: Int
}

/// Has pieces of work, numbered from 0, done on the threads that there are; returns when all are.
package typealias ParallelPieces =
    (_ count: Int, _ piece: @escaping @Sendable (Int) -> Void) -> Void

/// A weight that plans of a graph pack.
package struct Packing: Hashable, Sendable {
    /// The parameter `[N, K]`.
    package let weight: String
    /// The parameter `[N]` with an int8 weight's scales; nil for a float weight.
    package let scale: String?

    /// The names of both.
    package var parameters: [String] { [weight] + (scale.map { [$0] } ?? []) }

    /// What is packed for a graph, in the order of its nodes, each once.
    package static func all(of graph: Graph) -> [Packing] {
        let parameters = Set(graph.parameters)
        var found: Set<Packing> = []
        return graph.nodes.flatMap { node in
            positions(node.operation).compactMap { position in
                let isGiven =
                    parameters.contains(node.inputs[position.weight])
                    && position.scale.map { parameters.contains(node.inputs[$0]) } ?? true
                let packing = Packing(node, position, graph)
                return isGiven && found.insert(packing).inserted ? packing : nil
            }
        }
    }

    /// Parameters that nothing reads but to pack them: they need not be kept.
    package static func parameters(of graph: Graph) -> Set<String> {
        var packed: Set<ValueID> = []
        var read = Set(graph.outputs)
        for node in graph.nodes {
            let positions = positions(node.operation)
            let indices = positions.map(\.weight) + positions.compactMap(\.scale)
            for (index, input) in node.inputs.enumerated() {
                if indices.contains(index) { packed.insert(input) } else { read.insert(input) }
            }
        }
        packed.subtract(read)
        return Set(graph.parameters.filter(packed.contains).map { graph[$0].name })
    }

    /// Which of an operation's inputs are packed.
    typealias Position = (weight: Int, scale: Int?)

    static func positions(_ operation: Operation) -> [Position] {
        switch operation {
        case .linear: [(1, nil)]
        case .quantizedLinear, .staticQuantizedLinear, .quantizedRecurrent: [(1, 2)]
        case .recurrent: [(1, nil), (2, nil)]
        default: []
        }
    }

    /// What a node packs at a position.
    init(_ node: Node, _ position: Position, _ graph: Graph) {
        weight = graph[node.inputs[position.weight]].name
        scale = position.scale.map { graph[node.inputs[$0]].name }
    }
}

/// A linear layer's weights in the order in which the kernels read them; plans share them.
package final class PackedWeights: Sendable {
    let outputCount: Int
    let inputCount: Int
    private let isQuantized: Bool
    private let storage: TensorStorage

    /// Bytes that they take.
    package var byteCount: Int { storage.byteCount }

    /// Where they are, for as long as somebody holds them.
    var place: Weights {
        Weights(base: storage.base, outputCount: outputCount, inputCount: inputCount)
    }

    /// Takes memory for one weight, to be filled by `pieces`.
    ///
    /// - Throws: `EngineError` `tooLarge` or `outOfMemory`.
    /// - Precondition: The tensors have the types of parameters of a checked graph.
    fileprivate init(_ packing: Packing, _ weight: Tensor) throws(EngineError) {
        outputCount = weight.shape[0]
        inputCount = weight.shape[1]
        isQuantized = packing.scale != nil
        guard let byteCount = Self.byteCount(outputCount, inputCount, isQuantized) else {
            throw EngineError(
                .tooLarge, packing.weight,
                "weights \(weight.shape) exceed \(TANDEMK_N_MAX) outputs or \(TANDEMK_K_MAX) inputs"
            )
        }
        guard let storage = TensorStorage(lasting: byteCount) else {
            throw EngineError(
                .outOfMemory, packing.weight, "no memory of \(byteCount) bytes to pack it into")
        }
        self.storage = storage
    }

    /// What is left to do, in any order and on any thread, while the tensors live: runs of panels.
    fileprivate func pieces(_ weight: Tensor, _ scale: Tensor?) -> [Piece] {
        let panel = Int(TANDEMK_PANEL)
        let panelByteCount = Self.byteCount(panel, inputCount, isQuantized) ?? 0
        let panels = max(1, Self.pieceByteCount / max(panelByteCount, 1))
        let rowByteCount = inputCount * weight.dtype.byteCount
        let scales = scale?.base.assumingMemoryBound(to: Float.self)
        return stride(from: 0, to: outputCount, by: panels * panel).map { first in
            let count = min(panels * panel, outputCount - first)
            return Piece(
                outputCount: count, inputCount: inputCount,
                weight: weight.base + first * rowByteCount, scale: scales.map { $0 + first },
                packed: storage.base + first / panel * panelByteCount)
        }
    }

    private static func byteCount(
        _ outputCount: Int, _ inputCount: Int, _ isQuantized: Bool
    ) -> Int? {
        var byteCount = 0
        let fits =
            isQuantized
            ? tandemk_qd8_f32_qc8w_gemm_packed_bytes(outputCount, inputCount, &byteCount)
            : tandemk_f32_gemm_packed_bytes(outputCount, inputCount, &byteCount)
        return fits ? byteCount : nil
    }

    /// Some 50 us of work.
    private static let pieceByteCount = 256 << 10

    /// Some panels of one weight.
    fileprivate struct Piece: @unchecked Sendable {
        let outputCount: Int
        let inputCount: Int
        let weight: UnsafeMutableRawPointer
        let scale: UnsafePointer<Float>?
        let packed: UnsafeMutableRawPointer

        func pack() {
            if let scale {
                tandemk_qd8_f32_qc8w_gemm_pack(
                    outputCount, inputCount, weight.assumingMemoryBound(to: Int8.self), scale,
                    packed)
            } else {
                tandemk_f32_gemm_pack(
                    outputCount, inputCount, weight.assumingMemoryBound(to: Float.self), packed)
            }
        }
    }
}

extension [Packing: PackedWeights] {
    /// Bytes that are packed before raw weights are let go.
    private static let batchByteCount = 8 << 20

    /// Packs what is missing for a graph.
    ///
    /// - Parameters:
    ///   - graph: The graph.
    ///   - tensors: Loses what only passes through, soon after it is packed.
    ///   - inParallel: Does pieces of it.
    /// - Throws: `EngineError` `tooLarge` or `outOfMemory`.
    mutating func pack(
        _ graph: Graph, _ tensors: inout TensorSet, _ inParallel: ParallelPieces
    ) throws(EngineError) {
        let passing = Packing.parameters(of: graph)
        // By name, as shards are written: so their memory goes shard by shard.
        let packings = Packing.all(of: graph).sorted { $0.weight < $1.weight }
        var uses: [String: Int] = [:]
        for name in packings.flatMap(\.parameters) { uses[name, default: 0] += 1 }
        var batch = Batch()
        for (index, packing) in packings.enumerated() {
            if self[packing] == nil { self[packing] = try batch.add(packing, tensors) }
            batch.names += packing.parameters
            guard batch.byteCount >= Self.batchByteCount || index == packings.count - 1 else {
                continue
            }
            batch.pack(inParallel)
            for name in batch.names {
                uses[name, default: 0] -= 1
                if uses[name] == 0, passing.contains(name) { tensors[name] = nil }
            }
            batch = Batch()
        }
    }

    /// Weights that are packed together.
    private struct Batch {
        var names: [String] = []
        private(set) var byteCount = 0
        private var pieces: [PackedWeights.Piece] = []

        mutating func add(
            _ packing: Packing, _ tensors: TensorSet
        ) throws(EngineError) -> PackedWeights {
            guard let weight = tensors[packing.weight] else {
                throw EngineError(
                    .invalidGraph, packing.weight, "no tensor has this parameter's name")
            }
            let weights = try PackedWeights(packing, weight)
            // A graph that was checked has the scale.
            pieces += weights.pieces(weight, packing.scale.flatMap { tensors[$0] })
            byteCount += weights.byteCount
            return weights
        }

        func pack(_ inParallel: ParallelPieces) {
            let pieces = pieces
            inParallel(pieces.count) { pieces[$0].pack() }
        }
    }
}
