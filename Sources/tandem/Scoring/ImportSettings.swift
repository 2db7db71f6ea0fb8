import TandemImport

/// What the command line says of an import beside the model's file.
struct ImportSettings {
    /// Sizes for named dimensions.
    var sizes: [String: Int]
    /// Inputs that are the same for all rows of a request.
    var context: Set<String>
    /// Columns of other inputs that are.
    var contextColumns: [String: Range<Int>]
    /// The batch: a dimension's name, or the number it was frozen to.
    var batch: String?
    /// Features and tasks, if a file says them.
    var features: FeatureFile?
    /// A folder with rows of each input.
    var calibration: String?
    /// What int8 may change on them.
    var gate: QualityGate
}
