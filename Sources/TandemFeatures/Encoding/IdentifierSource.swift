/// The values of a column as bytes, one after the other.
protocol BytesSource {
    /// Passes the next value's bytes on.
    mutating func withNext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
    /// Passes over values.
    mutating func skip(_ count: Int)
    /// The place of the next value.
    var position: ValuePosition { get }
}

/// Makes an id of a value's bytes.
protocol IdentifierLookup {
    /// The id; counts what is not known.
    func id(of value: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32
}

/// The texts of a column.
struct TextSource: BytesSource {
    let blob: UnsafeRawBufferPointer
    let byteCounts: UnsafeBufferPointer<UInt32>
    var position: ValuePosition

    /// The next text.
    mutating func next() -> UnsafeRawBufferPointer {
        let end = position.byte + Int(byteCounts[position.value])
        let text = UnsafeRawBufferPointer(rebasing: blob[position.byte..<end])
        position.value += 1
        position.byte = end
        return text
    }

    mutating func withNext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(next())
    }

    mutating func skip(_ count: Int) {
        for _ in 0..<count {
            position.byte += Int(byteCounts[position.value])
            position.value += 1
        }
    }
}

/// The whole numbers of a column, each as the 8 little-endian bytes of its 64-bit value.
struct IntegerSource<Integer: FixedWidthInteger>: BytesSource {
    let values: UnsafeBufferPointer<Integer>
    var position: ValuePosition

    mutating func withNext<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let value = Int64(values[position.value])
        position.value += 1
        return withUnsafeBytes(of: value.littleEndian) { body($0) }
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
    func id(of value: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32 {
        guard let position = vocabulary.position(of: value) else {
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
    func id(of value: UnsafeRawBufferPointer, _ counts: inout FeatureCounts) -> Int32 {
        Int32(truncatingIfNeeded: 1 + XXHash64.hash(value, seed: seed) % bucketCount)
    }
}

/// The ids that a lookup makes of a column's values.
struct LookedUp<Values: BytesSource, Lookup: IdentifierLookup>: IdentifierSource {
    var values: Values
    let lookup: Lookup

    var position: ValuePosition { values.position }

    @inline(__always)
    mutating func next(_ counts: inout FeatureCounts) -> Int32 {
        let lookup = lookup
        return values.withNext { lookup.id(of: $0, &counts) }
    }

    mutating func skip(_ count: Int) { values.skip(count) }
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
