// Design: the batch axis is taken out of every shape.
//
// An imported graph has the batch as a dimension; ours has none, each value lives on a row axis
// instead. Where the batch is in a value's shape follows from the inputs, operation by operation
// (`RowPlace`, `RowWalk`); the graph that is built computes one row, and its values' row axes follow
// by inference. Nothing is guessed from sizes: a number that happens to equal the batch means
// nothing. What mixes rows (a softmax over the batch, a batch statistic) cannot be said in a graph of
// one row, and is refused by the node's name; all of it is listed, not the first hit.
//
// A value of batch 1 (a context given once) may be treated as any other value of its shape, so
// nothing that happens to it mixes rows. A model frozen to a batch of B numbers is freed by the same
// walk: rows stay apart under each operation, whatever their number, and a constant that has B
// slices along the batch axis must have B equal ones.

/// Takes the batch axis out of an imported graph.
package struct RowExtraction: Sendable {
    /// What the batch is in the shapes of the inputs.
    package enum Batch: Hashable, Sendable {
        /// A named size.
        case symbol(String)
        /// The number that the model was frozen to, 1 or more.
        case frozen(Int)

        var dimension: Dimension {
            switch self {
            case .symbol(let name): .symbol(name)
            case .frozen(let size): .fixed(size)
            }
        }
    }

    /// What came out: a graph, or every reason why there is none.
    package struct Outcome: Sendable {
        /// The graph of one row; nil if anything was refused.
        package let model: WeightedGraph?
        /// What mixes rows, in the order of execution.
        package let refusals: [GraphError]

        /// Makes an outcome.
        package init(model: WeightedGraph?, refusals: [GraphError]) {
            self.model = model
            self.refusals = refusals
        }
    }

    /// Inputs that are the same for every row of a request, beside those whose batch is 1.
    package var context: Set<String>
    /// The batch, where the inputs leave it open.
    package var batch: Batch?

    /// Makes an extraction.
    package init(context: Set<String> = [], batch: Batch? = nil) {
        self.context = context
        self.batch = batch
    }

    /// Takes the batch axis out, and lists all that mixes rows.
    ///
    /// - Parameter model: A graph whose values are all on no row axis.
    /// - Returns: The graph of one row, or the refusals.
    /// - Throws: `GraphError` when the inputs do not tell the batch, or a name of `context` is no
    ///   input.
    package func outcome(for model: WeightedGraph) throws(GraphError) -> Outcome {
        try checkContext(model.graph)
        let batch: Batch
        if let given = self.batch {
            batch = given
        } else {
            batch = try BatchSearch(graph: model.graph).found()
        }
        var walk = try RowWalk(model, batch: batch.dimension)
        for id in model.graph.inputs {
            let isNamed = context.contains(model.graph[id].name)
            try walk.declare(id, isContext: isNamed)
        }
        return walk.finished()
    }

    /// Takes the batch axis out.
    ///
    /// - Parameter model: A graph whose values are all on no row axis.
    /// - Returns: The graph of one row, with context and candidate values.
    /// - Throws: `GraphError`: the first refusal; `outcome(for:)` lists all.
    package func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        let outcome = try outcome(for: model)
        if let result = outcome.model { return result }
        throw outcome.refusals.first ?? GraphError(.rowsMixed, model.graph.name, "mixes rows")
    }

    private func checkContext(_ graph: Graph) throws(GraphError) {
        let names = graph.inputs.map { graph[$0].name }
        for name in context.sorted() where !names.contains(name) {
            throw GraphError(
                .unknownValue, name,
                "is to be a context input but is no input; the inputs are "
                    + names.joined(separator: ", "))
        }
    }
}

extension WeightedGraph {
    /// The graph of one row: `RowExtraction` with its defaults.
    ///
    /// - Parameter context: Inputs that are the same for every row of a request.
    /// - Returns: The graph of one row, with context and candidate values.
    /// - Throws: `GraphError`, naming the input or the node that mixes rows.
    package func extractingRows(
        context: Set<String> = []
    ) throws(GraphError) -> WeightedGraph {
        try RowExtraction(context: context).applied(to: self)
    }
}

/// Finds what the batch is from the shapes of the inputs.
struct BatchSearch {
    let graph: Graph

    /// The symbol that inputs have as dimension 0, or else the number that they share there.
    func found() throws(GraphError) -> RowExtraction.Batch {
        let leading = graph.inputs.compactMap { graph[$0].type.shape.first }
        let symbols = Set(leading.compactMap(\.symbolName))
        if symbols.count == 1, let symbol = symbols.first { return .symbol(symbol) }
        let everywhere = Set(graph.inputs.flatMap { graph[$0].type.shape.flatMap(\.symbols) })
        if symbols.isEmpty, everywhere.count == 1, let symbol = everywhere.first,
            !leading.allSatisfy({ $0 == 1 })
        {
            return .symbol(symbol)
        }
        let sizes = Set(leading.compactMap(\.fixedSize)).subtracting([1])
        if symbols.isEmpty, sizes.count <= 1 { return .frozen(sizes.first ?? 1) }
        throw ambiguous()
    }

    private func ambiguous() -> GraphError {
        let list = graph.inputs.map { "\(graph[$0].name) \(graph[$0].type.shape)" }
        return GraphError(
            .wrongShape, graph.name,
            "the batch is not told by the inputs (\(list.joined(separator: ", "))): give "
                + "dimension 0 of each input that varies by row one name at export, and 1 or no "
                + "batch dimension to the others")
    }
}
