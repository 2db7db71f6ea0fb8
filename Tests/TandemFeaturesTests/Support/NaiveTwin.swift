import TandemFeatures
import TandemGraph

/// Encodes one value at a time, as the documentation says and with no thought for speed.
enum NaiveTwin {
    enum Value {
        case missing
        case number(Float)
        case integer(Int64)
        case text(String)
        case integers([Int64])
        case texts([String])
    }

    /// The row's bits: each column, a missing column, a list's length.
    static func encode(
        _ value: Value, _ feature: Feature, _ counts: inout FeatureCounts
    ) -> [UInt32] {
        counts.rows += 1
        if case .missing = value { counts.missingRows += 1 }
        guard let most = feature.listLengthMax else {
            if case .missing = value {} else { counts.values += 1 }
            if case .number(let encoding) = feature.encoding {
                let number = number(value, encoding, &counts)
                let isMissing: Float = if case .missing = value { 1 } else { 0 }
                return [number.bitPattern]
                    + (feature.slot.missingColumn == nil ? [] : [isMissing.bitPattern])
            }
            return [UInt32(id(value, feature.encoding, &counts))]
        }
        var ids: [Int] = []
        var isCut = false
        for element in elements(value, feature.encoding) {
            if ids.count == most {
                isCut = true
                break
            }
            ids.append(id(element, feature.encoding, &counts))
        }
        counts.clippedValues += isCut ? 1 : 0
        if case .hashedWords = feature.encoding {
            counts.values += ids.count
        } else {
            counts.values += elements(value, feature.encoding).count
        }
        let padding = Array(repeating: 0, count: most - ids.count)
        return (ids + padding + [ids.count]).map { UInt32($0) }
    }

    private static func number(
        _ value: Value, _ encoding: NumberEncoding, _ counts: inout FeatureCounts
    ) -> Float {
        guard var number = double(value) else { return encoding.missingValue }
        for transform in encoding.transforms {
            switch transform {
            case .signedLog1p: number = Logarithm.signed1p(number)
            case .clip(let minimum, let maximum):
                let clipped = min(max(number, Double(minimum)), Double(maximum))
                counts.clippedValues += clipped == number ? 0 : 1
                number = clipped
            case .standardize(let mean, let deviation):
                number = (number - Double(mean)) / Double(deviation)
            }
        }
        return Float(number)
    }

    private static func double(_ value: Value) -> Double? {
        switch value {
        case .number(let number): Double(number)
        case .integer(let integer): Double(integer)
        default: nil
        }
    }

    private static func id(
        _ value: Value, _ encoding: FeatureEncoding, _ counts: inout FeatureCounts
    ) -> Int {
        let bytes: [UInt8]? =
            switch value {
            case .text(let text): Array(text.utf8)
            case .integer(let integer):
                (0..<8).map { UInt8(truncatingIfNeeded: integer >> (8 * $0)) }
            default: nil
            }
        switch encoding {
        case .number: return -1
        case .buckets(let buckets):
            guard let number = double(value) else { return 0 }
            return 1 + buckets.boundaries.filter { Double($0) <= number }.count
        case .vocabulary(let encoding):
            guard let bytes else { return encoding.missingID }
            let vocabulary = encoding.vocabulary
            let known = (0..<vocabulary.count).first { vocabulary.value(at: $0) == bytes }
            counts.unknownValues += known == nil ? 1 : 0
            return known.map { encoding.firstID + $0 } ?? encoding.unknownID
        case .hashing(let hash), .hashedWords(let hash):
            guard let bytes else { return 0 }
            return bytes.withUnsafeBytes {
                Int(1 + XXHash64.hash($0, seed: hash.seed) % UInt64(hash.bucketCount))
            }
        case .identity(let encoding):
            guard case .integer(let integer) = value else { return encoding.missingID }
            return Int(integer)
        case .tokens: preconditionFailure("a text has many tokens: see TokenEncodingTests")
        }
    }

    private static func elements(_ value: Value, _ encoding: FeatureEncoding) -> [Value] {
        switch value {
        case .integers(let integers): integers.map { .integer($0) }
        case .texts(let texts): texts.map { .text($0) }
        case .text(let text):
            text.lowercased().split { !($0.isLetter || $0.isNumber) }.map { .text(String($0)) }
        default: []
        }
    }

    // MARK: Random values

    /// A value that the feature may have; one in six is missing.
    static func randomValue(_ feature: Feature, _ random: inout RandomSource) -> Value {
        if random.next() % 6 == 0 { return .missing }
        let count = Int(random.next() % 5)
        switch (feature.rawType, feature.listLengthMax, feature.encoding) {
        case (.text, _, .hashedWords):
            return .text((0..<count).map { _ in randomText(&random) }.joined(separator: ", "))
        case (.text, nil, _): return .text(randomText(&random))
        case (.text, _, _): return .texts((0..<count).map { _ in randomText(&random) })
        case (.int64, nil, _): return .integer(randomInteger(&random))
        case (.int64, _, _): return .integers((0..<count).map { _ in randomInteger(&random) })
        case (.float32, _, _): return .number((random.uniform() - 0.5) * 200)
        }
    }

    private static func randomText(_ random: inout RandomSource) -> String {
        let texts = [
            "", "a", "bb", "c c", "dd", "unknown", "A", "more than 32 bytes of plain text",
        ]
        return texts[Int(random.next() % UInt64(texts.count))]
    }

    private static func randomInteger(_ random: inout RandomSource) -> Int64 {
        let integers: [Int64] = [-3, 0, 2, 1000, 5, -1, 1 << 40, .min]
        return integers[Int(random.next() % UInt64(integers.count))]
    }

    /// The values as a raw column; what is missing leaves rubbish in its place.
    static func column(of values: [Value], _ feature: Feature) -> OwnedColumn {
        func isList(_ rawType: RawType) -> Bool {
            if case .hashedWords = feature.encoding { return false }
            return feature.rawType == rawType && feature.listLengthMax != nil
        }
        if isList(.text) {
            return .textLists(values.map { if case .texts(let texts) = $0 { texts } else { nil } })
        }
        if isList(.int64) {
            return .integerLists(
                values.map { if case .integers(let integers) = $0 { integers } else { nil } })
        }
        switch feature.rawType {
        case .float32:
            return .numbers(values.map { if case .number(let number) = $0 { number } else { nil } })
        case .int64:
            return .integers(
                values.map { if case .integer(let integer) = $0 { integer } else { nil } })
        case .text:
            return .texts(values.map { if case .text(let text) = $0 { text } else { nil } })
        }
    }
}
