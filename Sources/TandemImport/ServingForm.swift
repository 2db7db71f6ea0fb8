// Design: from what a file says to what is served, in one place.
//
// A model as it is has the batch among its dimensions, 64-bit ids, and layers in pieces. Five passes
// bring it into the form that the engine compiles and that a model built here has; each is a pass
// over any graph, and this is their order.

package import TandemGraph

/// Brings an imported graph into the form in which models are served.
package struct ServingForm: Sendable {
    /// Inputs that are the same for all rows of a request.
    package var context: Set<String>
    /// Columns of other inputs that are.
    package var contextColumns: [String: Range<Int>]
    /// The batch, where the inputs leave it open.
    package var batch: RowExtraction.Batch?

    /// Makes a description; the default finds the batch and the context from the inputs.
    package init(
        context: Set<String> = [], contextColumns: [String: Range<Int>] = [:],
        batch: RowExtraction.Batch? = nil
    ) {
        self.context = context
        self.contextColumns = contextColumns
        self.batch = batch
    }

    /// The graph of one row over f32 and i32, with its layers recognised.
    ///
    /// - Parameter model: A graph as `Importer` gives it.
    /// - Returns: The graph, or everything that mixes rows.
    /// - Throws: `GraphError`, naming an input that does not fit what was said of it.
    package func outcome(
        for model: WeightedGraph
    ) throws(GraphError) -> RowExtraction.Outcome {
        // In the plain form fewer operations stand between a batch and where it goes.
        let plain = try Canonicalization.applied(to: model)
        let outcome = try RowExtraction(context: context, batch: batch).outcome(for: plain)
        guard let extracted = outcome.model else { return outcome }
        var served = try Narrowing.applied(to: InputAdaptation.applied(to: extracted))
        for (name, columns) in contextColumns.sorted(by: { $0.key < $1.key }) {
            served = try served.splittingInput(name, contextColumns: columns)
        }
        served = try Canonicalization.applied(to: served)
        return RowExtraction.Outcome(model: served, refusals: [])
    }
}
