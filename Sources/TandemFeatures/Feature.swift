package import TandemGraph

/// The type of a raw value as a caller has it. Raw values are stored in packages.
package enum RawType: UInt8, CaseIterable, Sendable {
    /// A number.
    case float32 = 1
    /// A whole number, such as an id.
    case int64 = 2
    /// Text or bytes; UTF-8 is not required of ids.
    case text = 3

    /// The name in specs, packages and messages.
    package var name: String {
        switch self {
        case .float32: "float32"
        case .int64: "int64"
        case .text: "text"
        }
    }
}

/// One raw feature and how it is encoded into a graph input.
package struct Feature: Hashable, Sendable {
    /// Unique in the signature; what callers write.
    package var name: String
    /// Which row axis it lives on: `context` or `candidate`.
    package var side: RowAxis
    /// The type of its raw values.
    package var rawType: RawType
    /// For a list feature, the most elements that are used; longer lists keep their first ones.
    /// Nil for a feature with one value a row.
    package var listLengthMax: Int?
    /// How a raw value becomes numbers.
    package var encoding: FeatureEncoding
    /// Where the numbers go.
    package var slot: FeatureSlot

    /// Makes a feature.
    package init(
        name: String, side: RowAxis, rawType: RawType, listLengthMax: Int? = nil,
        encoding: FeatureEncoding, slot: FeatureSlot
    ) {
        self.name = name
        self.side = side
        self.rawType = rawType
        self.listLengthMax = listLengthMax
        self.encoding = encoding
        self.slot = slot
    }
}

/// Where an encoded feature lies in the graph's inputs.
package struct FeatureSlot: Hashable, Sendable {
    /// The graph input: f32 `[width]` for numbers, i32 `[]` for an id, i32 `[S]` for a list.
    package var input: String
    /// The first column within the input's row; 0 for ids and lists.
    package var column: Int
    /// For a number that keeps a "was missing" column of its own: that column (1 if missing).
    package var missingColumn: Int?
    /// For a list: the graph input i32 `[]` that takes its length.
    package var lengthInput: String?

    /// Makes a slot.
    package init(
        input: String, column: Int = 0, missingColumn: Int? = nil, lengthInput: String? = nil
    ) {
        self.input = input
        self.column = column
        self.missingColumn = missingColumn
        self.lengthInput = lengthInput
    }
}

/// How a raw value becomes a number or an id.
package enum FeatureEncoding: Hashable, Sendable {
    /// A number, transformed; f32.
    case number(NumberEncoding)
    /// A number cut into buckets; i32 id.
    case buckets(BucketEncoding)
    /// A value looked up among those seen in training; i32 id.
    case vocabulary(VocabularyEncoding)
    /// A value hashed into a fixed number of ids; i32 id.
    case hashing(HashEncoding)
    /// Text cut into lower-case words, each hashed; a list of i32 ids.
    case hashedWords(HashEncoding)

    /// Number of ids this encoding can make (the embedding table's rows); nil for numbers.
    package var idCount: Int? {
        switch self {
        case .number: nil
        case .buckets(let buckets): buckets.boundaries.count + 2
        case .vocabulary(let vocabulary): vocabulary.idCount
        case .hashing(let hashing), .hashedWords(let hashing): hashing.bucketCount + 1
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
    /// Applied in order, in double precision, rounded to f32 once at the end.
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

/// The named hash algorithms. Raw values are stored in packages.
package enum HashAlgorithm: UInt8, CaseIterable, Sendable {
    /// XXH64 of the bytes of a text, or of the 8 little-endian bytes of a whole number.
    /// Source: xxHash fast digest algorithm, specification, "XXH64".
    case xxHash64 = 1

    /// The name in specs, packages and messages.
    package var name: String { "xxh64" }
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

    /// One more than the largest id.
    package var idCount: Int {
        max(firstID + vocabulary.count, missingID + 1, unknownID + 1)
    }
}
