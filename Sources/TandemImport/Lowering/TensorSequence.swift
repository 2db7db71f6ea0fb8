/// What ONNX calls a sequence of tensors, as far as an import knows it.
///
/// Sequences are plumbing, like shapes: exporters append to one in a loop and concatenate it behind.
/// None reaches a graph.
enum TensorSequence {
    /// Its members, in order.
    case members([ImportedValue])
    /// The slices of size 1 of a tensor along axis 0, which stays; however many there are.
    case slices(ImportedValue)
}
