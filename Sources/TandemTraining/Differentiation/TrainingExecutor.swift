// Design: the graph, run on minibatches, forwards and backwards.
//
// One executor belongs to one thread and runs its share of each minibatch. Parameters are shared
// and only read; activations and gradients are the executor's own, laid out once for the largest
// minibatch. The caller fills the inputs, calls `forward`, writes the heads' gradients (a loss does
// that) and calls `backward`; then `denseGradient` and `tableGradients` hold the sums over the rows.

package import TandemGraph

/// Runs a graph on minibatches and differentiates it.
package final class TrainingExecutor: @unchecked Sendable {
    /// A graph input that the caller fills for each minibatch.
    package struct Input {
        /// The input's name in the graph.
        package let name: String
        /// float32 or int32.
        package let dtype: DataType
        /// Elements in one row.
        package let width: Int
        /// First element; rows follow each other without gaps.
        package let base: UnsafeMutableRawPointer
    }

    /// A value whose loss is wanted, in the order of the plan's heads.
    package struct Head {
        /// Elements in one row.
        package let width: Int
        /// The values of the last `forward`.
        package let values: UnsafeMutablePointer<Float>
        /// Where the loss writes its gradient before `backward`; nil if the plan only computes.
        package let gradient: UnsafeMutablePointer<Float>?
    }

    /// The inputs that the heads depend on.
    package let inputs: [Input]
    /// The heads.
    package let heads: [Head]
    /// The most rows of one minibatch.
    package let rowCountMax: Int
    /// Gradients of the densely trained parameters, laid out as the store's dense block.
    package let denseGradient: UnsafeMutablePointer<Float>
    /// Gradients of the sparsely trained tables, by table index.
    package let tableGradients: [SparseGradient]
    private let steps: [any DifferentiableStep]
    private let arena: TensorStorage
    private let gradientStorage: TensorStorage
    private let parameters: ParameterStore

    /// Lays out memory and resolves all nodes.
    ///
    /// - Parameters:
    ///   - plan: What to run.
    ///   - parameters: The store that the plan was made with.
    ///   - rowCountMax: The most rows of one minibatch.
    /// - Precondition: `rowCountMax` is 1 or more.
    package init(_ plan: GradientPlan, _ parameters: ParameterStore, rowCountMax: Int) {
        precondition(rowCountMax > 0, "a minibatch has rows")
        self.parameters = parameters
        self.rowCountMax = rowCountMax
        let elementBytes = DataType.float32.byteCount
        arena = TensorStorage(
            byteCount: (plan.arenaSize.perRow * rowCountMax + plan.arenaSize.fixed) * elementBytes)
        gradientStorage = TensorStorage(
            byteCount: plan.differentiates ? parameters.denseCount * elementBytes : 0)
        denseGradient = gradientStorage.base.assumingMemoryBound(to: Float.self)
        tableGradients =
            plan.differentiates ? plan.tableGradients(parameters, rowCountMax: rowCountMax) : []
        let factory = StepFactory(
            plan: plan, parameters: parameters, rowCountMax: rowCountMax,
            arena: arena.base.assumingMemoryBound(to: Float.self), denseGradient: denseGradient,
            tableGradients: tableGradients)
        steps = factory.makeSteps()
        inputs = factory.inputs
        heads = factory.heads
    }

    deinit { for gradient in tableGradients { gradient.deallocate() } }

    /// Computes the heads of the rows in the inputs.
    ///
    /// - Precondition: `rowCount` is in `1 ... rowCountMax`; ids lie in their tables.
    /// - Complexity: Allocates nothing.
    package func forward(rowCount: Int) {
        precondition((1...rowCountMax).contains(rowCount), "\(rowCount) rows do not fit")
        for step in steps { step.forward(rowCount) }
    }

    /// Brings the heads' gradients to the parameters: the sum over the rows.
    ///
    /// - Precondition: `forward` ran with the same row count and each head's gradient was written.
    /// - Complexity: Allocates nothing.
    package func backward(rowCount: Int) {
        for gradient in tableGradients { gradient.reset() }
        for step in steps.reversed() { step.backward(rowCount) }
    }

    /// Makes all gradients zero, as a minibatch without rows would.
    package func clearGradients() {
        for gradient in tableGradients { gradient.reset() }
        denseGradient.update(
            repeating: 0, count: gradientStorage.byteCount / DataType.float32.byteCount)
    }
}

extension GradientPlan {
    /// Memory for the rows of each table that a minibatch can touch.
    fileprivate func tableGradients(
        _ parameters: ParameterStore, rowCountMax: Int
    ) -> [SparseGradient] {
        var reads = [Int](repeating: 0, count: parameters.tables.count)
        for node in nodes.map({ graph.nodes[$0] }) {
            guard let table = node.inputs.last, let slot = parameters.slot(of: table),
                case .table(let index) = slot.kind
            else { continue }
            let ids = graph[node.inputs[0]].type
            reads[index] += (ids.rows == .none ? 1 : rowCountMax) * (ids.rowElementCount ?? 0)
        }
        return parameters.tables.indices.map { index in
            let sizes = parameters.slots[parameters.tables[index]].sizes
            return SparseGradient(rowCount: sizes[0], width: sizes[1], capacity: reads[index])
        }
    }
}
