package import TandemGraph

/// Makes the programs of a package from a trained or imported model.
///
/// Everything that can change a bit of a score happens here, when a package is written: both
/// programs are what a list of passes leaves, each a walk over a graph that can be read before and
/// after (`tandem inspect --plan --passes`). Tasks that a request does not want are left out while a
/// plan runs, and so need no pass (TaskMask); softmax and mixture, recognised when a model is
/// imported, and rectifiers are joined to their neighbours when a plan is made, which changes no bit.
package enum ProgramCompiler {
    /// The version of the arithmetic: raised whenever the same program gives other bits.
    ///
    /// 2: rows without negative values have 255 levels. 3: GELU is one exponential. 4: an LSTM's
    /// gates come from a table of powers. 5: 255 levels between any row's ends; GELU in pieces;
    /// attention divides by the sum of its weights last.
    package static let numericsVersion: UInt32 = 5

    /// One rewriting of a graph.
    package struct Pass: Sendable {
        /// A few words, unique in its list.
        package let name: String
        /// Rewrites a graph and its tensors.
        package let applied: @Sendable (WeightedGraph) throws(GraphError) -> WeightedGraph
    }

    /// Sees a graph before and after a pass.
    package typealias Observer = (_ pass: Pass, _ before: WeightedGraph, _ after: WeightedGraph) ->
        Void

    /// What makes the float program, in order.
    ///
    /// Gates are joined before they are split by side, and their shares of the context after.
    package static let floatPasses: [Pass] = [
        Pass(name: "fold constants, into plain form") { model throws(GraphError) in
            try Canonicalization.applied(to: model)
        },
        Pass(name: "fold batch norm") { model throws(GraphError) in
            try NormalizationFolding.applied(to: model)
        },
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

    /// What makes the int8 program of the float one by some choices, in order.
    package static func int8Passes(
        _ choices: QuantizationChoices = QuantizationChoices()
    ) -> [Pass] {
        preparingPasses(choices) + [
            Pass(name: "round to int8") { model throws(GraphError) in
                try Quantization.applied(to: model, choices)
            }
        ]
    }

    /// The int8 passes before rounding.
    private static func preparingPasses(_ choices: QuantizationChoices) -> [Pass] {
        [
            Pass(name: "split recurrent layers") { model throws(GraphError) in
                try RecurrentProjections.applied(to: model, choices)
            },
            Pass(name: "fold layers into tables") { model throws(GraphError) in
                try TableFolding.applied(to: model)
            },
            Pass(name: "smooth layer norms' columns") { model throws(GraphError) in
                try ColumnSmoothing.applied(to: model, factors: choices.smoothed)
            },
        ]
    }

    /// The float program: the model with its context's part lifted.
    ///
    /// - Parameters:
    ///   - model: The graph as it was trained or imported.
    ///   - observer: Sees each pass.
    /// - Returns: A graph that gives the same scores within rounding.
    /// - Throws: `EngineError`.
    package static func float(
        _ model: WeightedGraph, observer: Observer = { _, _, _ in }
    ) throws(EngineError) -> WeightedGraph {
        try applied(floatPasses, to: model, observer: observer)
    }

    /// The int8 program: the float program with hidden layers and tables in int8.
    ///
    /// Who measures what to choose asks a `Quantizer`, which goes the same way.
    ///
    /// - Parameter floatProgram: What `float` returned.
    /// - Returns: A graph over int8 tensors, and those that stayed float.
    /// - Throws: `EngineError`.
    package static func int8(_ floatProgram: WeightedGraph) throws(EngineError) -> WeightedGraph {
        try applied(int8Passes(), to: floatProgram)
    }

    /// What the int8 passes leave before they round.
    static func prepared(
        _ floatProgram: WeightedGraph, _ choices: QuantizationChoices
    ) throws(EngineError) -> WeightedGraph {
        try applied(preparingPasses(choices), to: floatProgram)
    }

    /// What a list of passes leaves.
    ///
    /// - Throws: `EngineError`.
    package static func applied(
        _ passes: [Pass], to model: WeightedGraph, observer: Observer = { _, _, _ in }
    ) throws(EngineError) -> WeightedGraph {
        do {
            var current = model
            for pass in passes {
                let next = try pass.applied(current)
                observer(pass, current, next)
                current = next
            }
            return current
        } catch { throw EngineError(error) }
    }
}
