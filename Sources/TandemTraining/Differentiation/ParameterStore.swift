// Design: one run of memory for all that is trained densely.
//
// Weights and small tables stand end to end in one block, so that reducing gradients over threads
// and stepping an optimiser are loops over one array, cut anywhere. Large embedding tables follow;
// of them a minibatch touches few rows, and only those are reduced and stepped.

package import TandemGraph

/// A model's parameters while they are trained.
///
/// Executors read through addresses that stay the same for the store's life. Whoever writes them
/// (an optimiser, `restore`) does it while no executor runs.
package final class ParameterStore: @unchecked Sendable {
    /// What becomes of one parameter.
    package enum Kind: Hashable, Sendable {
        /// Trained; its gradient is an array. `offset` is in elements, within the dense block.
        case dense(offset: Int)
        /// Trained; its gradient has the rows that were read. `index` counts tables.
        case table(index: Int)
        /// Kept as it is: not float32, or named as frozen.
        case frozen
    }

    /// One parameter.
    package struct Slot: Sendable {
        /// The parameter's name in the graph.
        package let name: String
        /// Its sizes.
        package let sizes: [Int]
        /// How it is trained.
        package let kind: Kind
        /// The tensor that executors read.
        package let tensor: Tensor
        /// Whether weight decay applies: to matrices and tables, not to biases and scales.
        package var decays: Bool { sizes.count > 1 }
    }

    /// The parameters, in the graph's order.
    package let slots: [Slot]
    /// Elements of the dense block, with the padding that aligns each parameter.
    package let denseCount: Int
    /// Elements of the dense block and of all tables, padding included.
    package let elementCount: Int
    /// Positions in `slots` of the sparsely trained tables, by table index.
    package let tables: [Int]
    private let positions: [ValueID: Int]
    private let block: TensorStorage

    /// Tables with fewer rows get array gradients: most of their rows occur in each minibatch.
    package static let tableRowCountMin = 256

    /// Copies a graph's parameters.
    ///
    /// - Parameters:
    ///   - graph: The graph that names them.
    ///   - tensors: Their first values.
    ///   - frozen: Names of parameters to keep as they are.
    ///   - tableRowCountMin: From how many rows on a table is trained sparsely.
    /// - Throws: `GraphError` if a tensor is missing or of another type.
    package init(
        _ graph: Graph, _ tensors: TensorSet, frozen: Set<String> = [],
        tableRowCountMin: Int = ParameterStore.tableRowCountMin
    ) throws(GraphError) {
        try graph.check(tensors)
        let layout = Layout(graph, frozen: frozen, tableRowCountMin: tableRowCountMin)
        block = TensorStorage(byteCount: layout.totalCount * DataType.float32.byteCount)
        var slots: [Slot] = []
        var positions: [ValueID: Int] = [:]
        for (id, place) in zip(graph.parameters, layout.places) {
            let name = graph[id].name
            guard let source = tensors[name] else { continue }
            var tensor = source
            if let offset = place.offset {
                tensor = Tensor(
                    dtype: .float32, shape: source.shape, storage: block,
                    byteOffset: offset * DataType.float32.byteCount)
                tensor.base.copyMemory(from: source.base, byteCount: source.byteCount)
            }
            positions[id] = slots.count
            slots.append(Slot(name: name, sizes: source.shape, kind: place.kind, tensor: tensor))
        }
        self.slots = slots
        self.positions = positions
        denseCount = layout.denseCount
        elementCount = layout.totalCount
        tables = slots.indices.filter { if case .table = slots[$0].kind { true } else { false } }
    }

    /// The slot of a graph's parameter.
    package func slot(of id: ValueID) -> Slot? { positions[id].map { slots[$0] } }

    /// First element of the dense block; the tables follow it.
    package var dense: UnsafeMutablePointer<Float> {
        block.base.assumingMemoryBound(to: Float.self)
    }

    /// A copy of all parameters, by name.
    package func snapshot() -> TensorSet {
        var tensors: TensorSet = [:]
        for slot in slots {
            if slot.kind == .frozen {
                tensors[slot.name] = slot.tensor
                continue
            }
            let copy = Tensor(zeros: .float32, shape: slot.sizes)
            copy.base.copyMemory(from: slot.tensor.base, byteCount: copy.byteCount)
            tensors[slot.name] = copy
        }
        return tensors
    }

    /// Puts back what `snapshot` returned.
    ///
    /// - Precondition: The tensors are those of a snapshot of this store.
    package func restore(_ tensors: TensorSet) {
        for slot in slots where slot.kind != .frozen {
            guard let saved = tensors[slot.name], saved.shape == slot.sizes else {
                preconditionFailure("a snapshot of another model")
            }
            slot.tensor.base.copyMemory(from: saved.base, byteCount: saved.byteCount)
        }
    }

    /// Whether every trained parameter is a finite number.
    ///
    /// - Complexity: O(parameters).
    package var isFinite: Bool {
        slots.allSatisfy { slot in
            slot.kind == .frozen
                || slot.tensor.elements(as: Float.self).allSatisfy { $0.isFinite }
        }
    }
}

/// Where each parameter lies in the block.
private struct Layout {
    struct Place {
        var kind: ParameterStore.Kind
        var offset: Int?
    }

    var places: [Place] = []
    var denseCount = 0
    var totalCount = 0

    init(_ graph: Graph, frozen: Set<String>, tableRowCountMin: Int) {
        let onlyTables = Self.onlyTables(graph)
        var tableOffset = 0
        for id in graph.parameters {
            let value = graph[id]
            let count = Self.aligned(value.type.rowElementCount ?? 0)
            let rowCount = value.type.shape.first?.fixedSize ?? 0
            if value.type.dtype != .float32 || frozen.contains(value.name) {
                places.append(Place(kind: .frozen, offset: nil))
            } else if onlyTables.contains(id), rowCount >= tableRowCountMin {
                let index = places.count { if case .table = $0.kind { true } else { false } }
                places.append(Place(kind: .table(index: index), offset: tableOffset))
                tableOffset += count
            } else {
                places.append(Place(kind: .dense(offset: denseCount), offset: denseCount))
                denseCount += count
            }
        }
        for position in places.indices {
            guard case .table = places[position].kind else { continue }
            places[position].offset = places[position].offset.map { $0 + denseCount }
        }
        totalCount = denseCount + tableOffset
    }

    /// Parameters that are read as embedding tables and in no other way.
    private static func onlyTables(_ graph: Graph) -> Set<ValueID> {
        var tables: Set<ValueID> = []
        var others: Set<ValueID> = []
        for node in graph.nodes {
            let tableInput: Int? =
                switch node.operation {
                case .embedding: 1
                case .embeddingPool: 2
                default: nil
                }
            for (index, input) in node.inputs.enumerated() {
                if index == tableInput { tables.insert(input) } else { others.insert(input) }
            }
        }
        return tables.subtracting(others)
    }

    /// Elements up to the next cache line, so that each parameter starts at one.
    private static func aligned(_ count: Int) -> Int {
        let line = TensorStorage.alignment / DataType.float32.byteCount
        return (count + line - 1) / line * line
    }
}
