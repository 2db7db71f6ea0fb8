// Design: an average over the last steps is a better model than the last step.
//
// Steps of a constant length wander around a minimum; the mean of where they have been lies nearer
// to it, as if the rate had been lowered (Polyak and Juditsky, "Acceleration of stochastic
// approximation by averaging", 1992). The average is exponential and corrected for its start: after
// step t it is
//
//     (1 - decay) * (w_t + decay * w_(t-1) + ... + decay^(t-1) * w_1) / (1 - decay^t)
//
// Gradients are still taken at the weights; only who measures or keeps a model looks at the average.
//
// A table's row keeps its value for as long as no minibatch reads it, so its share of the sum over
// those steps is known at once: it is added right before the row's next step, or before the average
// is looked at. The result is exact, and a step costs nothing for rows that it does not touch.

import Glibc
import TandemGraph

/// The exponential moving average of a store's trained parameters.
///
/// Workers add their shares at the same time, as they step them; all else is for one thread.
final class WeightAverage {
    private let decay: Float
    private let store: ParameterStore
    /// The sum above, not yet divided; laid out as the store's parameters.
    private let sums: UnsafeMutablePointer<Float>
    /// For each row of each table the last step that is part of its sums.
    private let addedThrough: [UnsafeMutablePointer<Int>]

    /// Starts without steps.
    ///
    /// - Parameters:
    ///   - decay: What remains of the sum in a step, above 0 and below 1.
    ///   - store: Whose parameters.
    init(decay: Float, _ store: ParameterStore) {
        self.decay = decay
        self.store = store
        sums = .allocate(capacity: max(store.elementCount, 1))
        sums.initialize(repeating: 0, count: max(store.elementCount, 1))
        addedThrough = store.tables.map { position in
            let rowCount = store.slots[position].sizes[0]
            let steps = UnsafeMutablePointer<Int>.allocate(capacity: max(rowCount, 1))
            steps.initialize(repeating: 0, count: max(rowCount, 1))
            return steps
        }
    }

    deinit {
        sums.deallocate()
        for steps in addedThrough { steps.deallocate() }
    }

    /// Adds dense parameters right after each step of theirs.
    func add(dense range: Range<Int>) {
        let weights = store.dense
        let (keep, share) = (decay, 1 - decay)
        for index in range { sums[index] = keep * sums[index] + share * weights[index] }
    }

    /// Adds a table's row for all steps up to one, in which its value did not change.
    ///
    /// - Parameters:
    ///   - table: The table's index.
    ///   - id: The row.
    ///   - start: Where the row lies in the store's block.
    ///   - width: The row's elements.
    ///   - step: The last step to add.
    func add(table: Int, row id: Int, at start: Int, width: Int, through step: Int) {
        let count = step - addedThrough[table][id]
        guard count > 0 else { return }
        addedThrough[table][id] = step
        let keep = powf(decay, Float(count))
        let weights = store.dense
        for index in start..<start + width {
            sums[index] = keep * sums[index] + (1 - keep) * weights[index]
        }
    }

    /// Puts the average in the weights' place while a closure runs.
    ///
    /// - Parameters:
    ///   - step: The last step, 1 or more.
    ///   - body: May read the store; what it writes there is lost.
    /// - Complexity: O(parameters), and a copy of them.
    func withAverage(through step: Int, _ body: () -> Void) {
        for (table, position) in store.tables.enumerated() {
            let slot = store.slots[position]
            let width = slot.sizes[1]
            let first = slot.tensor.base.assumingMemoryBound(to: Float.self) - store.dense
            for id in 0..<slot.sizes[0] {
                add(table: table, row: id, at: first + id * width, width: width, through: step)
            }
        }
        let count = store.elementCount
        let weights = Array(UnsafeBufferPointer(start: store.dense, count: count))
        let correction = Float(1 / (1 - pow(Double(decay), Double(step))))
        for index in 0..<count { store.dense[index] = sums[index] * correction }
        body()
        weights.withUnsafeBufferPointer { weights in
            guard let base = weights.baseAddress else { return }
            store.dense.update(from: base, count: count)
        }
    }
}
