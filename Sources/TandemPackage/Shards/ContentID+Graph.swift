package import TandemGraph

extension WeightedGraph {
    /// The identity of a model: the SHA-256 of its canonical text over its weights' contents.
    ///
    /// Equal for graphs that compute the same in the same way, whatever their values are called and
    /// wherever they come from. Reads every weight once.
    ///
    /// - Throws: `GraphError` `missingTensor`.
    package func contentID() throws(GraphError) -> ContentID {
        let text = try canonicalText { ContentID(of: $0.bytes).hexadecimal }
        return Array(text.utf8).withUnsafeBytes { ContentID(of: $0) }
    }
}
