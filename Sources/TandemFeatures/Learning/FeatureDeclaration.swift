package import TandemGraph

/// What a model's author says of a feature before any data is seen.
///
/// A `FeatureLearner` makes a `LearnedFeature` of it, `SignatureBuilder` a signature of those.
package struct FeatureDeclaration: Hashable, Sendable {
    /// What callers write; unique in the model.
    package var name: String
    /// Which row axis it lives on: `context` or `candidate`.
    package var side: RowAxis
    /// The type of its raw values.
    package var rawType: RawType
    /// Numbers a row; above 1 for a vector.
    package var width: Int
    /// For a list feature, the most elements that are used.
    package var listLengthMax: Int?
    /// Whether a missing value is refused when the model is asked; training takes it all the same.
    package var isRequired: Bool
    /// How raw values become numbers or ids.
    package var encoding: EncodingDeclaration
    /// Width of an id's embedding; nil lets `EmbeddedFeature.dimension(idCount:)` choose.
    package var embeddingDimension: Int?

    /// Makes a declaration.
    package init(
        name: String, side: RowAxis, rawType: RawType, width: Int = 1, listLengthMax: Int? = nil,
        isRequired: Bool = false, encoding: EncodingDeclaration, embeddingDimension: Int? = nil
    ) {
        self.name = name
        self.side = side
        self.rawType = rawType
        self.width = width
        self.listLengthMax = listLengthMax
        self.isRequired = isRequired
        self.encoding = encoding
        self.embeddingDimension = embeddingDimension
    }
}

/// How a feature is to be encoded, with what is left to learn.
package enum EncodingDeclaration: Hashable, Sendable {
    /// A number; clip, logarithm and standardisation are learnt.
    case number(NumberDeclaration)
    /// A number cut into that many buckets, equally full in training; fewer where values repeat.
    case buckets(count: Int)
    /// A value looked up among those seen in training.
    case vocabulary(VocabularyDeclaration)
    /// An encoding with nothing to learn, such as hashing, or boundaries that the author chose.
    case fixed(FeatureEncoding)

    /// A value hashed into so many buckets.
    package static func hashing(bucketCount: Int, seed: UInt64 = 0) -> EncodingDeclaration {
        .fixed(.hashing(HashEncoding(bucketCount: bucketCount, seed: seed)))
    }

    /// Text cut into words, each hashed into so many buckets.
    package static func hashedWords(bucketCount: Int, seed: UInt64 = 0) -> EncodingDeclaration {
        .fixed(.hashedWords(HashEncoding(bucketCount: bucketCount, seed: seed)))
    }
}

/// How a number is to be transformed: first clipped, then the logarithm, then standardised.
package struct NumberDeclaration: Hashable, Sendable {
    /// Limits of a number in its raw unit.
    package enum Clip: Hashable, Sendable {
        /// These two.
        case range(minimum: Float, maximum: Float)
        /// The training values at these shares of their order, `0 <= low < high <= 1`.
        case quantiles(low: Double, high: Double)
    }

    /// What stands for a missing number.
    package enum Missing: Hashable, Sendable {
        /// The mean of the transformed training values.
        case mean
        /// A raw value, which is transformed like any other.
        case value(Float)
    }

    /// When the model gets a column that says which numbers were missing.
    package enum MissingColumn: Hashable, Sendable {
        /// If a training row had none.
        case ifSeen
        /// Always.
        case always
        /// Never.
        case never
    }

    /// Limits, or nil for none.
    package var clip: Clip?
    /// Whether `sign(x) * log(1 + |x|)` is taken.
    package var usesLogarithm: Bool
    /// Whether the training mean is taken off and the deviation divided out.
    package var isStandardized: Bool
    /// What stands for a missing number.
    package var missing: Missing
    /// When there is a column for "was missing".
    package var missingColumn: MissingColumn

    /// Makes a declaration.
    package init(
        clip: Clip? = nil, usesLogarithm: Bool = false, isStandardized: Bool = true,
        missing: Missing = .mean, missingColumn: MissingColumn = .ifSeen
    ) {
        self.clip = clip
        self.usesLogarithm = usesLogarithm
        self.isStandardized = isStandardized
        self.missing = missing
        self.missingColumn = missingColumn
    }
}

/// Which values a vocabulary takes in.
package struct VocabularyDeclaration: Hashable, Sendable {
    /// Values seen less often are unknown.
    ///
    /// From 2 on, training meets unknown values too and learns what to make of them.
    package var minimumCount: Int
    /// The most values; the most frequent ones are taken.
    package var countMax: Int

    /// Makes a declaration.
    package init(minimumCount: Int = 2, countMax: Int = 1_000_000) {
        self.minimumCount = minimumCount
        self.countMax = countMax
    }
}

extension EmbeddedFeature {
    /// The width of an embedding whose author named none: 4 up to 16 ids, 8 to 256, 16 to 65,536,
    /// then 32.
    ///
    /// Few ids need few directions; beyond 32 the tables outgrow what they add for models as small
    /// as ours.
    package static func dimension(idCount: Int) -> Int {
        switch idCount {
        case ...16: 4
        case ...256: 8
        case ...65_536: 16
        default: 32
        }
    }
}
