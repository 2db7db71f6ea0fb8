package import TandemGraph

/// What an import makes of an ONNX model: the same arithmetic, with every size as the model has it.
///
/// All values are without a row axis; the batch is a dimension, by name where it is free.
/// `RowExtraction` of `TandemGraph` takes it out.
package struct ImportedModel: Sendable {
    /// The graph; outputs carry the model's names, inputs too, in the graph's alphabet.
    package var graph: Graph
    /// The parameters of the graph, many of them in the mapped file.
    package var tensors: TensorSet
    /// What a person should know of how the model was read, one sentence each.
    package var notes: [String]
    /// The mapped files that tensors lie in.
    package var files: [MappedFile] = []

    /// Makes a model.
    package init(graph: Graph, tensors: TensorSet, notes: [String] = []) {
        self.graph = graph
        self.tensors = tensors
        self.notes = notes
    }
}
