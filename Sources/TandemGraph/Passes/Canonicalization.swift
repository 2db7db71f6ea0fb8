// Design: one form for one model.
//
// A model that was built here and one that was imported compute the same; they are to be the same
// graph. So every graph goes through the same rules to a fixed point: plain arithmetic, shared
// results, whole layers. The order does not matter much, since each walk only makes a graph plainer
// and the walks are repeated until none changes anything.

/// Brings graphs into the one form that compilers, hashes and people see.
package enum Canonicalization {
    /// Walks after which a graph is taken as it is; real ones need five.
    private static let roundCountMax = 40

    /// The graph in its plain form.
    ///
    /// Inputs and outputs keep their names; inputs that nothing reads stay.
    ///
    /// - Throws: `GraphError`, if a tensor is missing.
    package static func applied(to model: WeightedGraph) throws(GraphError) -> WeightedGraph {
        var current = model
        for _ in 0..<roundCountMax {
            var next = try Simplification.applied(to: current)
            next = try SharedResults.applied(to: next)
            next = try LayerPatterns.applied(to: next)
            // A pattern's steps are read by nothing now, and left out by the next walk.
            next = try GraphRewriter.rewrite(next) { _, _ in nil }
            if next.graph == current.graph { return next }
            current = next
        }
        return current
    }
}
