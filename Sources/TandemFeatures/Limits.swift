/// The bounds on what a signature, a package or a request may ask of this room.
///
/// Each keeps a hostile or mistaken input from costing more memory or time than its bytes did.
package enum FeatureLimits {
    /// Features of a signature: as many columns as a request may have.
    package static let featureCountMax = 4096
    /// Tasks of a signature: as many as a request may list.
    package static let taskCountMax = 1024
    /// Ranking formulas of a signature.
    package static let formulaCountMax = 256
    /// Bytes of a ranking formula: as many as a request may bring.
    package static let formulaByteCountMax = 4096
    /// Bytes of a feature's, task's or formula's name: as many as the wire carries.
    package static let nameByteCountMax = 256
    /// Elements of a list feature that are used.
    ///
    /// Each row of the graph input holds so many ids.
    package static let listLengthMax = 4096
    /// Numbers a row of a vector feature, such as a precomputed embedding.
    package static let widthMax = 65_536
    /// Steps of a number's transform.
    package static let transformCountMax = 16
    /// Boundaries of a bucket encoding.
    package static let boundaryCountMax = 65_536
    /// Ids of one feature: they are i32, and one more than the largest is still one.
    package static let idCountMax = Int(Int32.max)
    /// Values of a vocabulary; beyond that, hash.
    package static let vocabularyCountMax = 1 << 24
    /// Bytes of all values of a vocabulary, so that offsets fit 32 bits.
    package static let vocabularyByteCountMax = 1 << 31
    /// Bytes of one raw text, in a request or in training.
    package static let textByteCountMax = 1 << 20
    /// Bytes of a word that are hashed by `hashedWords`; the rest of a longer word is ignored.
    package static let wordByteCountMax = 64
    /// Ids of a tokeniser: as many as a vocabulary may have values.
    package static let tokenIDMax = vocabularyCountMax
    /// Merges of a byte-level tokeniser; the largest in use have some 200,000.
    package static let mergeCountMax = 1 << 22
    /// Tokens that a tokeniser finds in a text by themselves.
    package static let addedTokenCountMax = 65_536
    /// Bytes of one of them.
    package static let addedTokenByteCountMax = 256
    /// Ids that a tokeniser puts before a text, or behind it.
    package static let templateCountMax = 64
}
