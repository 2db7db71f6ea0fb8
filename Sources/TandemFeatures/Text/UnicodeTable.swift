// Design: the tables of the package whose ids we have to match.
//
// Swift's standard library knows Unicode too, but of another version, and the `tokenizers` package
// has three libraries with three versions inside. A scalar that is a letter to one and unassigned
// to another gives other ids. So the tables are made by asking that package (see
// Tests/Interop/unicode_tables.py), kept as some 35 KB of text, and unfolded once into a table of
// two stages: blocks of 128 scalars, of which most are alike.

/// How a scalar counts when texts are cleaned and cut into words.
///
/// The bits are also in Tests/Interop/unicode_tables.py.
struct ScalarClass: OptionSet {
    let rawValue: UInt16

    /// Not part of a clean text: control characters, U+FFFD and the like.
    static let removed = ScalarClass(rawValue: 1)
    /// White space.
    static let space = ScalarClass(rawValue: 2)
    /// Punctuation, a word of its own.
    static let punctuation = ScalarClass(rawValue: 4)
    /// A mark that takes no room of its own, such as an accent (category Mn).
    static let nonspacingMark = ScalarClass(rawValue: 8)
    /// Any mark (category M).
    static let mark = ScalarClass(rawValue: 16)
    /// An ideograph, a word of its own.
    static let ideograph = ScalarClass(rawValue: 32)
    /// A letter to the pattern of byte-level tokenisers (`\p{L}`).
    static let letter = ScalarClass(rawValue: 64)
    /// A number to that pattern (`\p{N}`).
    static let number = ScalarClass(rawValue: 128)
    /// A space to that pattern (`\s`).
    static let patternSpace = ScalarClass(rawValue: 256)
    /// Part of a word where an added token wants to stand alone (`\w`).
    static let word = ScalarClass(rawValue: 512)

    // Not as lists of the above, which unoptimised builds allocate.
    static let spaceOrPunctuation = ScalarClass(rawValue: 2 | 4)
    static let patternKinds = ScalarClass(rawValue: 64 | 128 | 256)
}

/// What is known of every Unicode scalar; immutable, made once.
final class UnicodeTable: Sendable {
    /// The one table.
    static let shared = UnicodeTable()

    /// What changes scalars, as sorted keys with the scalars that take their place.
    private struct Mapping: Sendable {
        var keys: [UInt32] = []
        var ends: [UInt32] = []
        var scalars: [UInt32] = []
    }

    private static let blockShift: UInt32 = 7
    private static let blockSize = 1 << 7
    private static let scalarCount = 0x110000
    // Above the ten bits of the class: six of the place in canonical ordering, and two flags.
    private static let orderShift: UInt32 = 10
    static let orderCount: UInt32 = 64
    private static let isDecomposed: UInt32 = 1 << 16
    private static let isLowered: UInt32 = 1 << 17

    private let blocks: [UInt16]
    private let properties: [UInt32]
    private let decompositions: Mapping
    private let lowerCases: Mapping
    // Sorted by first and second scalar.
    private let pairs: [UInt64]
    private let wholes: [UInt32]

    private init() {
        var all = [UInt32](repeating: 0, count: Self.scalarCount)
        Self.readRuns(UnicodeTables.classes, shift: 0, into: &all)
        Self.readRuns(UnicodeTables.orders, shift: Self.orderShift, into: &all)
        decompositions = Self.readMapping(UnicodeTables.decompositions)
        lowerCases = Self.readMapping(UnicodeTables.lowerCases)
        for key in decompositions.keys { all[Int(key)] |= Self.isDecomposed }
        for key in lowerCases.keys { all[Int(key)] |= Self.isLowered }
        (pairs, wholes) = Self.readPairs(UnicodeTables.compositions)
        (blocks, properties) = Self.folded(all)
    }

    // MARK: Asking

    /// The class of a scalar.
    @inline(__always)
    func scalarClass(_ scalar: UInt32) -> ScalarClass {
        ScalarClass(rawValue: UInt16(truncatingIfNeeded: property(scalar) & 0x3FF))
    }

    /// The place in canonical ordering; 0 for a scalar that is not moved.
    @inline(__always)
    func order(_ scalar: UInt32) -> UInt32 { property(scalar) >> Self.orderShift & 63 }

    /// Appends a scalar's canonical decomposition, the scalar itself if it has none.
    @inline(__always)
    func decompose(_ scalar: UInt32, into scalars: inout [UInt32]) {
        if property(scalar) & Self.isDecomposed != 0 {
            Self.append(decompositions, scalar, to: &scalars)
        } else if Hangul.isSyllable(scalar) {
            Hangul.decompose(scalar, into: &scalars)
        } else {
            scalars.append(scalar)
        }
    }

    /// Appends a scalar in lower case.
    @inline(__always)
    func lower(_ scalar: UInt32, into scalars: inout [UInt32]) {
        if property(scalar) & Self.isLowered != 0 {
            Self.append(lowerCases, scalar, to: &scalars)
        } else {
            scalars.append(scalar)
        }
    }

    /// The scalar that two compose to, or nil.
    func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if let syllable = Hangul.composition(first, second) { return syllable }
        let pair = UInt64(first) << 32 | UInt64(second)
        let index = Self.lowerBound(pairs, pair)
        return index < pairs.count && pairs[index] == pair ? wholes[index] : nil
    }

    @inline(__always)
    private func property(_ scalar: UInt32) -> UInt32 {
        let block = Int(blocks[Int(scalar >> Self.blockShift)])
        return properties[block << Int(Self.blockShift) | Int(scalar) & (Self.blockSize - 1)]
    }

    private static func append(_ mapping: Mapping, _ scalar: UInt32, to scalars: inout [UInt32]) {
        let index = lowerBound(mapping.keys, scalar)
        let start = index == 0 ? 0 : Int(mapping.ends[index - 1])
        var position = start
        while position < Int(mapping.ends[index]) {
            scalars.append(mapping.scalars[position])
            position += 1
        }
    }

    private static func lowerBound<Key: Comparable>(_ keys: [Key], _ key: Key) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Unfolding

    private static func readRuns(_ text: StaticString, shift: UInt32, into all: inout [UInt32]) {
        var numbers = NumberText(text)
        var scalar = 0
        while scalar < scalarCount {
            let end = scalar + numbers.next()
            let value = UInt32(numbers.next()) << shift
            if value != 0 { for index in scalar..<end { all[index] |= value } }
            scalar = end
        }
    }

    private static func readMapping(_ text: StaticString) -> Mapping {
        var numbers = NumberText(text)
        var mapping = Mapping()
        var scalar = 0
        while !numbers.isAtEnd {
            scalar += numbers.next()
            let count = numbers.next()
            mapping.keys.append(UInt32(scalar))
            mapping.scalars.append(UInt32(scalar + numbers.nextSigned()))
            for _ in 1..<count { mapping.scalars.append(UInt32(0x300 + numbers.nextSigned())) }
            mapping.ends.append(UInt32(mapping.scalars.count))
        }
        return mapping
    }

    private static func readPairs(_ text: StaticString) -> ([UInt64], [UInt32]) {
        var numbers = NumberText(text)
        var pairs: [UInt64] = []
        var wholes: [UInt32] = []
        var first = 0
        while !numbers.isAtEnd {
            first += numbers.next()
            pairs.append(UInt64(first) << 32 | UInt64(0x300 + numbers.nextSigned()))
            wholes.append(UInt32(first + numbers.nextSigned()))
        }
        return (pairs, wholes)
    }

    /// The table with each block of scalars once.
    private static func folded(_ all: [UInt32]) -> ([UInt16], [UInt32]) {
        var places: [ArraySlice<UInt32>: UInt16] = [:]
        var blocks: [UInt16] = []
        var properties: [UInt32] = []
        for start in stride(from: 0, to: scalarCount, by: blockSize) {
            let block = all[start..<start + blockSize]
            if let place = places[block] {
                blocks.append(place)
            } else {
                let place = UInt16(places.count)
                places[block] = place
                blocks.append(place)
                properties.append(contentsOf: block)
            }
        }
        return (blocks, properties)
    }
}

/// Numbers of the tables' text: 5 bits a character, lowest first; bit 5 says that more follow.
private struct NumberText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: StaticString) {
        bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func next() -> Int {
        var value = 0
        var shift = 0
        while true {
            let digit = Self.digit(bytes[index])
            index += 1
            value |= (digit & 31) << shift
            if digit < 32 { return value }
            shift += 5
        }
    }

    mutating func nextSigned() -> Int {
        let value = next()
        return value & 1 == 0 ? value >> 1 : -(value >> 1) - 1
    }

    private static func digit(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A")) + 10
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a")) + 36
        case UInt8(ascii: "+"): 62
        default: 63
        }
    }
}

/// The syllables of Korean, which are taken apart and put together by arithmetic.
///
/// Source: The Unicode Standard, section 3.12, "Conjoining Jamo Behavior".
private enum Hangul {
    private static let syllables: UInt32 = 0xAC00
    private static let leads: UInt32 = 0x1100
    private static let vowels: UInt32 = 0x1161
    private static let trails: UInt32 = 0x11A7
    private static let leadCount: UInt32 = 19
    private static let vowelCount: UInt32 = 21
    private static let trailCount: UInt32 = 28

    static func isSyllable(_ scalar: UInt32) -> Bool {
        scalar &- syllables < leadCount * vowelCount * trailCount
    }

    static func decompose(_ scalar: UInt32, into scalars: inout [UInt32]) {
        let index = scalar - syllables
        scalars.append(leads + index / (vowelCount * trailCount))
        scalars.append(vowels + index % (vowelCount * trailCount) / trailCount)
        if index % trailCount != 0 { scalars.append(trails + index % trailCount) }
    }

    static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if first &- leads < leadCount, second &- vowels < vowelCount {
            return syllables + ((first - leads) * vowelCount + second - vowels) * trailCount
        }
        if isSyllable(first), (first - syllables) % trailCount == 0,
            second > trails, second - trails < trailCount
        {
            return first + second - trails
        }
        return nil
    }
}
