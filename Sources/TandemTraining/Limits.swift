/// The room's limits, each with its reason.
///
/// What breaks one gets an error that names it.
package enum TrainingLimits {
    /// Bytes of one field: text features are sentences, not books, and a quote that is never closed
    /// must not swallow a file.
    package static let fieldBytesMax = 1 << 20
    /// Bytes of one record with all its line breaks; bounds the reader's memory.
    package static let recordBytesMax = 8 << 20
    /// Fields of one record: wide tables have thousands, and each costs 16 bytes while reading.
    package static let columnCountMax = 1 << 14
    /// Rows of one table: row numbers are 32 bits wide in splits and batches.
    package static let rowCountMax = 1 << 31 - 1
    /// Bytes of one column's distinct texts: their offsets are 32 bits wide.
    package static let dictionaryBytesMax = 1 << 32 - 1
    /// Bytes taken from a file at a time: large enough that the calls vanish, small enough to
    /// stay in the second-level cache.
    package static let readBytes = 1 << 18

    /// Bytes of a spec: a package keeps its spec in one entry of its provenance.
    package static let specBytesMax = 1 << 16
    /// Bytes of one expression in a spec.
    package static let expressionBytesMax = 1 << 12
    /// Nesting of one expression: the parser recurses once a level.
    package static let expressionDepthMax = 64
    /// Tasks of one model.
    package static let taskCountMax = 64
    /// Classes of a multi-class task.
    package static let classCountMax = 4096
    /// Units of a layer or width of an embedding.
    package static let layerWidthMax = 1 << 14
    /// Rows of a hashed embedding table.
    package static let hashBucketsMax = 1 << 28
}
