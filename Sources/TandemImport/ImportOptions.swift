package import TandemGraph

/// What may be said to an import beside the model.
package struct ImportOptions: Sendable {
    /// Sizes for named dimensions of the model's inputs.
    package var sizes: [String: Int]
    /// Inputs that are given now, by ONNX name, and are none of the graph's.
    ///
    /// For shapes, axes and counts that a model takes as inputs. The tensor has the input's dtype,
    /// and its shape where that is fixed.
    package var constants: TensorSet
    /// Whether activations stay rounded to 8 bits where the model rounds them.
    ///
    /// If not, `QuantizationRemoval` makes a float model of it first; that is what serving wants.
    package var keepsQuantization = true

    /// Makes options.
    package init(sizes: [String: Int] = [:], constants: TensorSet = [:]) {
        self.sizes = sizes
        self.constants = constants
    }
}
