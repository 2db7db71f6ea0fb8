package import TandemGraph

/// Makes the programs of a package from a trained or imported model.
///
/// Everything that can change a bit of a score happens here, when a package is written: both
/// programs are what a list of passes leaves, each a walk over a graph that can be read before and
/// after.
package enum ProgramCompiler {
    /// The version of the arithmetic: raised whenever the same program gives other bits.
    package static let numericsVersion: UInt32 = 2

    /// One rewriting of a graph.
    package struct Pass: Sendable {
        /// A few words, unique in its list.
        package let name: String
        /// Rewrites a graph and its tensors.
        package let applied: @Sendable (WeightedGraph) throws(GraphError) -> WeightedGraph
    }

    /// What makes the float program, in order.
    ///
    /// Gates are joined before they are split by side, and their shares of the context after.
    package static let floatPasses: [Pass] = [
        Pass(name: "join the gates") { model throws(GraphError) in
            try ParallelLinears.applied(to: model)
        },
        Pass(name: "lift the context") { model throws(GraphError) in
            try ContextLifting.applied(to: model)
        },
        Pass(name: "join the context's layers") { model throws(GraphError) in
            try ParallelLinears.applied(to: model)
        },
    ]

    /// What makes the int8 program of the float one, in order.
    package static let int8Passes: [Pass] = [
        Pass(name: "split recurrent layers") { model throws(GraphError) in
            try RecurrentProjections.applied(to: model)
        },
        Pass(name: "fold layers into tables") { model throws(GraphError) in
            try TableFolding.applied(to: model)
        },
        Pass(name: "round to int8") { model throws(GraphError) in
            try Quantization.applied(to: model)
        },
    ]

    /// The float program: the model with its context's part lifted.
    ///
    /// - Parameter model: The graph as it was trained or imported.
    /// - Returns: A graph that gives the same scores within rounding.
    /// - Throws: `EngineError`.
    package static func float(_ model: WeightedGraph) throws(EngineError) -> WeightedGraph {
        try applied(floatPasses, to: model)
    }

    /// The int8 program: the float program with hidden layers and tables in int8.
    ///
    /// - Parameter floatProgram: What `float` returned.
    /// - Returns: A graph over int8 tensors, and those that stayed float.
    /// - Throws: `EngineError`.
    package static func int8(_ floatProgram: WeightedGraph) throws(EngineError) -> WeightedGraph {
        try applied(int8Passes, to: floatProgram)
    }

    private static func applied(
        _ passes: [Pass], to model: WeightedGraph
    ) throws(EngineError) -> WeightedGraph {
        do {
            var current = model
            for pass in passes { current = try pass.applied(current) }
            return current
        } catch { throw EngineError(error) }
    }
}
