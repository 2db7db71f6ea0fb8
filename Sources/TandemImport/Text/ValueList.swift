import TandemFeatures
import TandemNotation

// Design: a million values are two arrays.
//
// Values of a vocabulary's file go end to end into one blob with their lengths, which is the form in
// which a `Vocabulary` keeps and a package stores them; no value is ever an object of its own. Ids
// that a file gives are kept beside them, and only if there are any is anything sorted.

/// Values of a file, end to end, and the ids that it gives them.
struct ValueList {
    /// All values' bytes.
    private(set) var blob: [UInt8] = []
    /// The length of each.
    private(set) var byteCounts: [UInt32] = []
    /// The id of each; none where the position is the id.
    private(set) var ids: [Int] = []

    /// No values.
    init() {}

    /// The values of a vocabulary with ids of their own.
    init(_ vocabulary: Vocabulary, _ ids: [Int]) {
        blob = vocabulary.blob
        byteCounts = vocabulary.byteCounts
        self.ids = ids
    }

    /// Number of values.
    var count: Int { byteCounts.count }

    /// The lines of a text, without their ends; an empty last line is none.
    ///
    /// `trims`: whether white space at a line's end belongs to the end.
    static func lines(
        of text: UnsafeRawBufferPointer, trims: Bool = false
    ) throws(NotationError) -> ValueList {
        var list = ValueList()
        list.blob.reserveCapacity(text.count)
        var start = 0
        while start < text.count {
            let rest = text[start...]
            let stop = rest.firstIndex(of: newline) ?? text.count
            var end = stop
            if trims {
                while end > start, isSpace(text[end - 1]) { end -= 1 }
            } else if end > start, text[end - 1] == UInt8(ascii: "\r") {
                end -= 1
            }
            list.blob.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<end]))
            try list.append(byteCount: end - start)
            start = stop + 1
        }
        return list
    }

    /// An array of texts or whole numbers, or an object of ids by text.
    static func json(_ reader: inout JSONReader) throws(NotationError) -> ValueList {
        var list = ValueList()
        guard try reader.kind() == .object else {
            try reader.beginArray()
            while try reader.nextElement() {
                let count = list.blob.count
                if try reader.kind() == .text {
                    _ = try reader.text(into: &list.blob)
                } else {
                    list.blob.append(contentsOf: String(try reader.integer()).utf8)
                }
                try list.append(byteCount: list.blob.count - count)
            }
            return list
        }
        try list.readIDs(&reader)
        return list
    }

    /// Reads an object of ids by text.
    mutating func readIDs(_ reader: inout JSONReader) throws(NotationError) {
        try reader.beginObject()
        var start = blob.count
        while try reader.nextKey(into: &blob) {
            try append(byteCount: blob.count - start)
            ids.append(try reader.integer())
            start = blob.count
        }
    }

    private mutating func append(byteCount: Int) throws(NotationError) {
        guard count < FeatureLimits.vocabularyCountMax,
            blob.count <= FeatureLimits.vocabularyByteCountMax
        else {
            throw NotationError(
                .wrongValue, "has more than \(FeatureLimits.vocabularyCountMax) values",
                remedy: "hash them")
        }
        byteCounts.append(UInt32(truncatingIfNeeded: byteCount))
    }

    /// The values in the order of their ids, and the first id.
    ///
    /// - Throws: `NotationError` `wrongValue` if ids are negative, stand twice or leave gaps.
    consuming func ordered() throws(NotationError) -> (first: Int, list: ValueList) {
        guard let first = ids.min() else { return (0, self) }
        if zip(ids, first...).allSatisfy(==) {
            ids = []
            return (first, self)
        }
        var positions = [Int](repeating: -1, count: count)
        for (position, id) in ids.enumerated() {
            let (place, overflow) = id.subtractingReportingOverflow(first)
            guard first >= 0, !overflow, place < count, positions[place] < 0 else {
                throw NotationError(
                    .wrongValue, "its ids do not go up one by one: \(id) is beyond, or twice there",
                    remedy: "give each value an id of its own, without gaps")
            }
            positions[place] = position
        }
        var starts: [Int] = [0]
        for byteCount in byteCounts { starts.append(starts[starts.count - 1] + Int(byteCount)) }
        var sorted = ValueList()
        sorted.blob.reserveCapacity(blob.count)
        for position in positions {
            sorted.blob.append(contentsOf: blob[starts[position]..<starts[position + 1]])
            sorted.byteCounts.append(byteCounts[position])
        }
        return (first, sorted)
    }

    /// The values as a vocabulary.
    ///
    /// - Throws: `NotationError` `wrongValue` if one stands twice.
    consuming func vocabulary() throws(NotationError) -> Vocabulary {
        do throws(FeatureError) {
            return try Vocabulary(blob: blob, byteCounts: byteCounts)
        } catch {
            throw NotationError(.wrongValue, error.message, remedy: "keep each value once")
        }
    }

    /// The values as a vocabulary of whole numbers.
    ///
    /// - Throws: `NotationError` `wrongValue` if one is no number or stands twice.
    func integerVocabulary() throws(NotationError) -> Vocabulary {
        var numbers: [Int64] = []
        numbers.reserveCapacity(count)
        var start = 0
        for byteCount in byteCounts {
            let end = start + Int(byteCount)
            guard let number = Int64(String(decoding: blob[start..<end], as: UTF8.self)) else {
                throw NotationError(
                    .wrongValue, "value \(numbers.count + 1) is not a whole number",
                    remedy: "write one number a line, or dtype = \"text\"")
            }
            numbers.append(number)
            start = end
        }
        guard let vocabulary = Vocabulary(integers: numbers) else {
            throw NotationError(
                .wrongValue, "has a number twice", remedy: "keep each value once")
        }
        return vocabulary
    }

    private static let newline = UInt8(ascii: "\n")

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}
