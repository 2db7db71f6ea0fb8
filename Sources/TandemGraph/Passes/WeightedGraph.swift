/// A graph with the tensors of its parameters: what passes take and give.
package struct WeightedGraph: Sendable {
    /// What is computed.
    package var graph: Graph
    /// One tensor a parameter.
    package var tensors: TensorSet

    /// Makes a pair.
    package init(_ graph: Graph, _ tensors: TensorSet) {
        self.graph = graph
        self.tensors = tensors
    }
}
