/// The bounds on what a model's file may ask of the import.
///
/// Each keeps a hostile or broken file from costing far more memory or time than its bytes did.
package enum ImportLimits {
    /// Messages inside messages; subgraphs and types nest, and exporters stay under 10.
    package static let depthMax = 48
    /// Nodes after functions are inlined: what one graph may have.
    package static let nodeCountMax = 100_000
    /// Functions called inside functions.
    package static let functionDepthMax = 16
    /// Weights, inputs or functions of a model.
    package static let itemCountMax = 200_000
    /// Inputs, outputs or attributes of one node.
    package static let nodeItemCountMax = 4096
    /// Dimensions of a tensor.
    package static let rankMax = 16
    /// Elements of one tensor: 64 GiB of float, beyond any table that one machine serves.
    package static let elementCountMax = 1 << 34
    /// Bytes of one text in the file: names, paths and attributes.
    package static let textByteCountMax = 1 << 20
    /// Elements of a constant that is computed during the import.
    package static let foldedElementCountMax = 1 << 24
    /// Iterations of a loop, each of which becomes nodes of its own.
    package static let loopIterationCountMax = 1024
    /// Tensors in a sequence that one operator makes, each of which becomes a node.
    package static let sequenceLengthMax = 4096
    /// Oldest understood version of ONNX's own operators.
    package static let opsetMin = 11
    /// Newest understood version of ONNX's own operators.
    package static let opsetMax = 23
    /// Bytes of a features file; vocabularies lie beside it.
    package static let featureFileByteCountMax = 16 << 20
    /// Problems that are listed; the rest is counted.
    package static let problemCountMax = 1000
}
