/// How a raw value becomes a number or an id.
package enum FeatureEncoding: Hashable, Sendable {
    /// A number, transformed; f32.
    case number(NumberEncoding)
    /// A number cut into buckets; i32 id.
    case buckets(BucketEncoding)
    /// A value looked up among those seen in training; i32 id. Raw text or whole numbers.
    case vocabulary(VocabularyEncoding)
    /// A value hashed into a fixed number of ids; i32 id. Raw text or whole numbers.
    case hashing(HashEncoding)
    /// Text cut into lower-case words (see `WordReader`), each hashed; a list of i32 ids.
    case hashedWords(HashEncoding)
    /// Whole numbers, taken as they are; i32.
    case identity(IdentityEncoding)
    /// Text made into the ids of tokens; a list of i32 ids of fixed length.
    case tokens(Tokenizer)

    /// Number of ids this encoding can make (the embedding table's rows); nil for numbers.
    ///
    /// `Int.max` where the number does not fit, so that a hostile encoding is refused and not run.
    package var idCount: Int? {
        switch self {
        case .number: nil
        case .buckets(let buckets): buckets.boundaries.count + 2
        case .vocabulary(let vocabulary): vocabulary.idCount
        case .hashing(let hashing), .hashedWords(let hashing):
            saturatingSum(hashing.bucketCount, 1)
        case .identity(let identity): identity.idCount
        case .tokens(let tokenizer): tokenizer.idCount
        }
    }

    /// The name in packages, on the wire and in tables.
    package var name: String {
        switch self {
        case .number: "number"
        case .buckets: "buckets"
        case .vocabulary: "vocabulary"
        case .hashing: "hashing"
        case .hashedWords: "hashed_words"
        case .identity: "identity"
        case .tokens: "tokens"
        }
    }
}

/// One step of a number's transform.
package enum NumberTransform: Hashable, Sendable {
    /// `sign(x) * log(1 + |x|)`.
    case signedLog1p
    /// Limits to `minimum ... maximum`.
    case clip(minimum: Float, maximum: Float)
    /// `(x - mean) / deviation`.
    case standardize(mean: Float, deviation: Float)
}

/// A number's transform, and what stands for a missing one.
package struct NumberEncoding: Hashable, Sendable {
    /// Applied in order, in double precision, rounded to f32 once at the end; a result beyond f32
    /// becomes its largest finite number.
    ///
    /// Parameters are finite, deviations above 0.
    package var transforms: [NumberTransform]
    /// The encoded value that stands for a missing one (0 is the mean after `standardize`).
    package var missingValue: Float

    /// Makes an encoding.
    package init(transforms: [NumberTransform], missingValue: Float = 0) {
        self.transforms = transforms
        self.missingValue = missingValue
    }
}

/// Cuts a number into buckets: id 0 is missing, id `1 + number of boundaries <= x` otherwise.
package struct BucketEncoding: Hashable, Sendable {
    /// Strictly ascending, finite.
    package var boundaries: [Float]

    /// Makes an encoding.
    package init(boundaries: [Float]) { self.boundaries = boundaries }
}

/// Hashes a value: id 0 is missing, `1 + hash % bucketCount` otherwise.
package struct HashEncoding: Hashable, Sendable {
    /// Which hash; stable for ever.
    package var algorithm: HashAlgorithm
    /// Number of buckets, at least 1.
    package var bucketCount: Int
    /// Distinguishes features that share an algorithm; part of the hash.
    package var seed: UInt64

    /// Makes an encoding.
    package init(algorithm: HashAlgorithm = .xxHash64, bucketCount: Int, seed: UInt64 = 0) {
        self.algorithm = algorithm
        self.bucketCount = bucketCount
        self.seed = seed
    }
}

/// The named hash algorithms.
///
/// Raw values are stored in packages.
package enum HashAlgorithm: UInt8, CaseIterable, Sendable {
    /// XXH64 of the bytes of a text, or of the 8 little-endian bytes of a whole number.
    /// Source: xxHash fast digest algorithm, specification, "XXH64".
    case xxHash64 = 1

    /// The name in specs, packages and messages.
    package var name: String { "xxh64" }
}

/// Whole numbers that a caller has in the form in which the model takes them: ids, masks, counts.
package struct IdentityEncoding: Hashable, Sendable {
    /// Numbers are in `0 ..< idCount`; a row with another is refused.
    package var idCount: Int
    /// What stands for a missing one.
    package var missingID: Int

    /// Makes an encoding.
    package init(idCount: Int, missingID: Int = 0) {
        self.idCount = idCount
        self.missingID = missingID
    }
}

/// Looks a value up: ids of known values start at `firstID`.
package struct VocabularyEncoding: Hashable, Sendable {
    /// The known values, in the order of their ids.
    package var vocabulary: Vocabulary
    /// The id of the first known value.
    package var firstID: Int
    /// The id of a missing value.
    package var missingID: Int
    /// The id of a value that is not known.
    package var unknownID: Int

    /// Makes an encoding with id 0 for missing, 1 for unknown, known values from 2.
    package init(
        vocabulary: Vocabulary, firstID: Int = 2, missingID: Int = 0, unknownID: Int = 1
    ) {
        self.vocabulary = vocabulary
        self.firstID = firstID
        self.missingID = missingID
        self.unknownID = unknownID
    }

    /// One more than the largest id; `Int.max` where that does not fit.
    package var idCount: Int {
        max(
            saturatingSum(firstID, vocabulary.count), saturatingSum(missingID, 1),
            saturatingSum(unknownID, 1))
    }
}

/// The sum, or `Int.max` where it is larger; `right` is not negative.
private func saturatingSum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}
