/// What may be said to an import beside the model.
package struct ImportOptions: Sendable {
    /// Sizes for named dimensions of the model's inputs.
    package var sizes: [String: Int]

    /// Makes options.
    package init(sizes: [String: Int] = [:]) { self.sizes = sizes }
}
