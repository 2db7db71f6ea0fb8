internal import TandemEngine
internal import TandemGraph
internal import TandemPackage

// Design: what was packed for one version serves the next.
//
// A weight is known by where it lies in shards, which are named by their content (`TensorContent`).
// As long as some plan has it packed, another plan takes that, and the raw weight is not even read.
// As with shards, the pool knows memory and does not own it.

/// Packed weights in memory, by what they were made of; versions share them.
final class PackedPool: Sendable {
    private struct Key: Hashable {
        let weight: TensorContent
        let scale: TensorContent?

        init?(_ packing: Packing, _ contents: [String: TensorContent]) {
            guard let weight = contents[packing.weight] else { return nil }
            self.weight = weight
            scale = packing.scale.flatMap { contents[$0] }
        }
    }

    private struct Entry {
        weak var weights: PackedWeights?
    }

    private let entries = Locked<[Key: Entry]>([:])

    /// An empty pool.
    init() {}

    /// Bytes of all that somebody has.
    var byteCount: Int {
        entries.withLock { entries in
            entries = entries.filter { $0.value.weights != nil }
            return entries.values.reduce(0) { $0 + ($1.weights?.byteCount ?? 0) }
        }
    }

    /// What is packed already of what a graph of a package needs.
    func find(_ graph: Graph, _ contents: [String: TensorContent]) -> [Packing: PackedWeights] {
        entries.withLock { entries in
            var found: [Packing: PackedWeights] = [:]
            for packing in Packing.all(of: graph) {
                found[packing] = Key(packing, contents).flatMap { entries[$0]?.weights }
            }
            return found
        }
    }

    /// Makes packed weights known.
    func insert(_ packed: [Packing: PackedWeights], _ contents: [String: TensorContent]) {
        entries.withLock { entries in
            for (packing, weights) in packed {
                guard let key = Key(packing, contents) else { continue }
                entries[key] = Entry(weights: weights)
            }
        }
    }
}

extension [Packing: PackedWeights] {
    /// Parameters of a graph that need not be read because of what is packed.
    func spared(_ graph: Graph) -> Set<String> {
        let missing = Packing.all(of: graph).filter { self[$0] == nil }
        return Packing.parameters(of: graph).subtracting(missing.flatMap(\.parameters))
    }
}
