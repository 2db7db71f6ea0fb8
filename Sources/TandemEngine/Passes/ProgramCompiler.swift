package import TandemGraph

/// Makes the programs of a package from a trained or imported model.
///
/// Everything that can change a bit of a score happens here, when a package is written.
package enum ProgramCompiler {
    /// The version of the arithmetic: raised whenever the same program gives other bits.
    package static let numericsVersion: UInt32 = 2

    /// The float program: the model with its context's part lifted.
    ///
    /// - Parameter model: The graph as it was trained or imported.
    /// - Returns: A graph that gives the same scores within rounding.
    /// - Throws: `EngineError`.
    package static func float(_ model: WeightedGraph) throws(EngineError) -> WeightedGraph {
        do {
            // Gates are joined before they are split by side, their shares of the context after.
            let joined = try ParallelLinears.applied(to: model)
            return try ParallelLinears.applied(to: try ContextLifting.applied(to: joined))
        } catch { throw EngineError(error) }
    }

    /// The int8 program: the float program with hidden layers and tables in int8.
    ///
    /// - Parameter floatProgram: What `float` returned.
    /// - Returns: A graph over int8 tensors, and those that stayed float.
    /// - Throws: `EngineError`.
    package static func int8(_ floatProgram: WeightedGraph) throws(EngineError) -> WeightedGraph {
        do {
            return try Quantization.applied(to: floatProgram)
        } catch { throw EngineError(error) }
    }
}
