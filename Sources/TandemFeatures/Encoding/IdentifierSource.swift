/// Makes an id of a value.
protocol IdentifierLookup {
    /// The id of a text; counts what is not known.
    func id(of text: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32
    /// The id of a whole number; counts what is not known.
    func id(of integer: Int64, _ counts: inout FeatureCounts) -> Int32
}

/// The texts of a column.
struct TextReader {
    let blob: UnsafeRawBufferPointer
    let byteCounts: UnsafeBufferPointer<UInt32>
    var position: ValuePosition

    /// The next text.
    @inline(__always)
    mutating func next() -> UnsafeRawBufferPointer {
        let end = position.byte + Int(byteCounts[position.value])
        let text = UnsafeRawBufferPointer(rebasing: blob[position.byte..<end])
        position.value += 1
        position.byte = end
        return text
    }

    /// Passes over texts.
    mutating func skip(_ count: Int) {
        for _ in 0..<count {
            position.byte += Int(byteCounts[position.value])
            position.value += 1
        }
    }
}

/// The ids of a column's texts.
struct TextSource<Lookup: IdentifierLookup>: IdentifierSource {
    var texts: TextReader
    let lookup: Lookup

    var position: ValuePosition { texts.position }

    @inline(__always)
    mutating func next(_ counts: inout FeatureCounts) -> Int32 {
        lookup.id(of: texts.next(), &counts)
    }

    mutating func skip(_ count: Int) { texts.skip(count) }
}

/// The ids of a column's whole numbers, of whatever width.
struct IntegerSource<Integer: FixedWidthInteger, Lookup: IdentifierLookup>: IdentifierSource {
    let values: UnsafeBufferPointer<Integer>
    let lookup: Lookup
    var position: ValuePosition

    @inline(__always)
    mutating func next(_ counts: inout FeatureCounts) -> Int32 {
        let value = Int64(truncatingIfNeeded: values[position.value])
        position.value += 1
        return lookup.id(of: value, &counts)
    }

    mutating func skip(_ count: Int) { position.value += count }
}

/// The position in a vocabulary, from the first id on.
struct VocabularyLookup: IdentifierLookup {
    private let vocabulary: Vocabulary
    private let firstID: Int
    private let unknownID: Int32

    init(_ encoding: VocabularyEncoding) {
        vocabulary = encoding.vocabulary
        firstID = encoding.firstID
        unknownID = Int32(encoding.unknownID)
    }

    @inline(__always)
    func id(of text: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32 {
        id(at: vocabulary.position(of: text), &counts)
    }

    @inline(__always)
    func id(of integer: Int64, _ counts: inout FeatureCounts) -> Int32 {
        id(at: vocabulary.position(of: integer), &counts)
    }

    @inline(__always)
    private func id(at position: Int?, _ counts: inout FeatureCounts) -> Int32 {
        guard let position else {
            counts.unknownValues += 1
            return unknownID
        }
        return Int32(truncatingIfNeeded: firstID + position)
    }
}

/// The bucket of a hash; 0 is kept for what is missing.
struct HashLookup: IdentifierLookup {
    private let bucketCount: UInt64
    private let seed: UInt64

    init(_ encoding: HashEncoding) {
        bucketCount = UInt64(encoding.bucketCount)
        seed = encoding.seed
    }

    @inline(__always)
    func id(of text: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32 {
        id(XXHash64.hash(text, seed: seed))
    }

    @inline(__always)
    func id(of integer: Int64, _ counts: inout FeatureCounts) -> Int32 {
        id(XXHash64.hash(integer, seed: seed))
    }

    @inline(__always)
    private func id(_ hash: UInt64) -> Int32 {
        Int32(truncatingIfNeeded: 1 + hash % bucketCount)
    }
}

/// The number itself.
struct IdentityLookup: IdentifierLookup {
    func id(of text: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32 {
        preconditionFailure("a text was checked not to be a number")
    }

    @inline(__always)
    func id(of integer: Int64, _ counts: inout FeatureCounts) -> Int32 {
        Int32(truncatingIfNeeded: integer)
    }
}

extension RawColumn.Values {
    /// A whole number of the column, cut to 32 bits; nil for other columns.
    @inline(__always)
    func integer(at index: Int) -> Int32? {
        switch self {
        case .int64(let values): Int32(truncatingIfNeeded: values[index])
        case .int32(let values): values[index]
        case .float32, .text: nil
        }
    }
}

/// A type of raw number.
protocol RawNumber {
    /// The number in double precision; whole numbers beyond 2^53 are rounded.
    var inDoublePrecision: Double { get }
}

extension Float: RawNumber {
    var inDoublePrecision: Double { Double(self) }
}

extension Int64: RawNumber {
    var inDoublePrecision: Double { Double(self) }
}

extension Int32: RawNumber {
    var inDoublePrecision: Double { Double(self) }
}

/// The buckets that a column's numbers fall into.
struct BucketSource<Number: RawNumber>: IdentifierSource {
    let values: UnsafeBufferPointer<Number>
    /// Strictly ascending.
    let boundaries: UnsafeBufferPointer<Float>
    var position: ValuePosition

    @inline(__always)
    mutating func next(_ counts: inout FeatureCounts) -> Int32 {
        let number = values[position.value].inDoublePrecision
        position.value += 1
        // Bisection: all boundaries before `low` are <= number, all from `high` on are above.
        var low = 0
        var high = boundaries.count
        while low < high {
            let middle = (low + high) / 2
            if Double(boundaries[middle]) <= number { low = middle + 1 } else { high = middle }
        }
        return Int32(truncatingIfNeeded: 1 + low)
    }

    mutating func skip(_ count: Int) { position.value += count }
}
