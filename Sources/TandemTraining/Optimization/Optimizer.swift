// Design: reduce and step by share, in a fixed order.
//
// Each worker thread leaves its gradients in its own executor. For the step, the parameters are
// shared out again: a contiguous part of the dense block, and of each table the touched rows whose
// number modulo the workers is the worker's. A worker adds its parameters' gradients over all
// executors in their order and steps them, so no two workers touch one parameter, nothing is locked,
// and the sum's order depends on nothing but the number of workers.
//
// Tables are stepped lazily: a row that no example of the minibatch read keeps its value and its
// state, momentum and decay included, as in TensorFlow's LazyAdam. The count of steps in Adam's
// correction is the run's, not the row's.

import TandemGraph

/// Steps a store's parameters by the gradients of several executors.
package final class Optimizer: @unchecked Sendable {
    private let settings: OptimizerSettings
    private let store: ParameterStore
    private let executors: [TrainingExecutor]
    private let first: UnsafeMutablePointer<Float>
    private let second: UnsafeMutablePointer<Float>
    private let average: WeightAverage?

    /// Takes memory for the rule's state, zeroed.
    ///
    /// - Parameters:
    ///   - settings: The rule; its schedule is the caller's business.
    ///   - store: What is stepped.
    ///   - executors: One for each worker, made with the store.
    package init(
        _ settings: OptimizerSettings, _ store: ParameterStore, _ executors: [TrainingExecutor]
    ) {
        self.settings = settings
        self.store = store
        self.executors = executors
        let count = max(store.elementCount, 1)
        first = .allocate(capacity: count)
        first.initialize(repeating: 0, count: count)
        second = .allocate(capacity: count)
        second.initialize(repeating: 0, count: count)
        average =
            settings.averaging > 0 ? WeightAverage(decay: settings.averaging, store) : nil
    }

    deinit {
        first.deallocate()
        second.deallocate()
    }

    /// Adds up the gradients of a worker's share over all executors.
    ///
    /// - Precondition: No executor runs; each worker's call comes once a step, in any order.
    /// - Returns: The squares of the share's gradients, summed, if a norm is to be kept; else 0.
    package func reduce(worker: Int) -> Double {
        let range = denseRange(worker)
        let sum = executors[0].denseGradient
        for executor in executors.dropFirst() {
            addScaled(
                sum + range.lowerBound, 1, executor.denseGradient + range.lowerBound, range.count)
        }
        let wantsNorm = settings.gradientNormMax != nil
        var squares = wantsNorm ? Self.squares(sum + range.lowerBound, range.count) : 0
        for table in store.tables.indices {
            forEachOwnedRow(table, worker) { id, gradient, width, executor in
                for other in executors[(executor + 1)...] {
                    if let more = other.tableGradients[table].values(of: id) {
                        addScaled(gradient, 1, more, width)
                    }
                }
                if wantsNorm { squares += Self.squares(gradient, width) }
            }
        }
        return squares
    }

    /// What the gradient is multiplied with so that its norm stays within the settings'.
    ///
    /// - Parameter squares: The sum of what `reduce` returned, over all workers in order.
    /// - Returns: 1, or less for a long gradient.
    package func gradientScale(squares: Double) -> Float {
        guard let limit = settings.gradientNormMax else { return 1 }
        let norm = squares.squareRoot()
        return norm > Double(limit) ? Float(Double(limit) / norm) : 1
    }

    /// Steps a worker's share by the reduced gradients.
    ///
    /// - Parameters:
    ///   - worker: The worker's number.
    ///   - step: Number of the step, from 1.
    ///   - rate: The learning rate.
    ///   - gradientScale: As `gradientScale(squares:)` said.
    /// - Precondition: The workers whose share it is have reduced it.
    package func step(worker: Int, step: Int, rate: Float, gradientScale: Float = 1) {
        let rule = StepRule(settings, rate: rate, step: step, gradientScale: gradientScale)
        let range = denseRange(worker)
        for slot in store.slots {
            guard case .dense(let offset) = slot.kind else { continue }
            let part = range.clamped(to: offset..<offset + slot.tensor.elementCount)
            guard !part.isEmpty else { continue }
            let start = part.lowerBound
            rule.apply(
                store.dense + start, executors[0].denseGradient + start, first: first + start,
                second: second + start, count: part.count, decays: slot.decays)
        }
        average?.add(dense: range)
        for (table, position) in store.tables.enumerated() {
            let slot = store.slots[position]
            let weights = slot.tensor.base.assumingMemoryBound(to: Float.self)
            let offset = weights - store.dense
            forEachOwnedRow(table, worker) { id, gradient, width, _ in
                let start = offset + id * width
                average?.add(table: table, row: id, at: start, width: width, through: step - 1)
                rule.apply(
                    store.dense + start, gradient, first: first + start, second: second + start,
                    count: width, decays: slot.decays)
            }
        }
    }

    /// Runs a closure with the averaged weights in the store, or with the weights as they are where
    /// the settings want no average.
    ///
    /// - Parameters:
    ///   - step: Steps taken, 1 or more.
    ///   - body: May read the store; what it writes there is lost.
    /// - Precondition: No worker steps.
    package func withAverage(through step: Int, _ body: () -> Void) {
        if let average { average.withAverage(through: step, body) } else { body() }
    }

    /// A worker's part of the dense block, cut at cache lines.
    private func denseRange(_ worker: Int) -> Range<Int> {
        let lines = store.denseCount / 16
        let count = executors.count
        return lines * worker / count * 16..<lines * (worker + 1) / count * 16
    }

    /// Visits the touched rows that a worker owns, each once, where the first executor has it.
    @inline(__always)
    private func forEachOwnedRow(
        _ table: Int, _ worker: Int,
        _ body: (_ id: Int, _ gradient: UnsafeMutablePointer<Float>, _ width: Int, _ at: Int) ->
            Void
    ) {
        for index in executors.indices {
            let gradient = executors[index].tableGradients[table]
            for position in 0..<gradient.count {
                let id = gradient.id(at: position)
                guard id % executors.count == worker else { continue }
                let isKnown = executors[..<index].contains {
                    $0.tableGradients[table].values(of: id) != nil
                }
                if !isKnown { body(id, gradient.values(at: position), gradient.width, index) }
            }
        }
    }

    private static func squares(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
        var total = 0.0
        for index in 0..<count { total += Double(values[index]) * Double(values[index]) }
        return total
    }
}
