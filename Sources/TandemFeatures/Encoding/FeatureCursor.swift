/// A raw column that was checked against its feature, and how far it has been encoded.
///
/// Made by `FeatureEncoder.open`, moved on by `FeatureEncoder.encode`. It borrows the column's
/// memory. Texts and lists have no row index, so a cursor is what lets a long request be encoded
/// block by block without reading it twice.
package struct FeatureCursor {
    /// The feature's position in `Signature.features`.
    package let feature: Int
    /// Rows of the column.
    package let rowCount: Int
    /// The first row that is not encoded yet.
    package internal(set) var row = 0
    /// Nil for a column that is not there at all: every row is missing.
    let column: RawColumn?
    /// The row's first value and, for texts, its first byte.
    var position = ValuePosition()

    init(feature: Int, rowCount: Int, column: RawColumn?) {
        self.feature = feature
        self.rowCount = rowCount
        self.column = column
    }

    /// Stands before the first row again.
    package mutating func rewind() {
        row = 0
        position = ValuePosition()
    }

    /// Passes over rows of `width` values, or of as many as the column's lists have.
    mutating func pass(_ count: Int, width: Int) {
        if let column {
            var values = count * width
            if let listCounts = column.listCounts {
                values = 0
                for index in row..<row + count { values += Int(listCounts[index]) }
            }
            if case .text(_, let byteCounts) = column.values {
                for index in position.value..<position.value + values {
                    position.byte += Int(byteCounts[index])
                }
            }
            position.value += values
        }
        row += count
    }
}

/// A place among a column's values.
struct ValuePosition {
    /// Values before it.
    var value = 0
    /// Bytes of text before it.
    var byte = 0
}

extension RawColumn {
    /// Checks that the column is whole: its type is the feature's, its counts agree with each other
    /// and with the rows.
    ///
    /// After this every value can be read without a further check.
    ///
    /// - Throws: `FeatureError` `wrongType`, `wrongCount` or `limitExceeded`, naming the feature.
    /// - Complexity: O(rows) for lists, O(values) for texts, else O(1). Allocates nothing.
    func check(against feature: Feature, rowCount: Int) throws(FeatureError) {
        try checkType(feature)
        if let presence {
            let (rounded, overflow) = rowCount.addingReportingOverflow(7)
            let wanted = overflow ? Int.max : rounded / 8
            guard presence.count == wanted else {
                throw FeatureError(
                    .wrongCount, feature.name,
                    "has \(presence.count) presence bytes for \(rowCount) rows, needs \(wanted)",
                    limit: wanted, actual: presence.count)
            }
        }
        try checkValueCount(feature, rowCount: rowCount)
        if case .text(let blob, let byteCounts) = values {
            try Self.checkTexts(feature, blob, byteCounts)
        }
    }

    private func checkType(_ feature: Feature) throws(FeatureError) {
        let isTaken: Bool =
            switch (feature.rawType, values) {
            case (.float32, .float32), (.float32, .int64), (.float32, .int32), (.int64, .int64),
                (.int64, .int32), (.text, .text):
                true
            default: false
            }
        guard isTaken else {
            throw FeatureError(
                .wrongType, feature.name,
                "its values are \(feature.rawType.name), the column has \(values.typeName)")
        }
        let isList = feature.takesListCounts
        guard isList == (listCounts != nil) else {
            throw FeatureError(
                .wrongType, feature.name,
                isList
                    ? "is a list: say how many elements each row has"
                    : "is no list: leave the elements per row out")
        }
    }

    private func checkValueCount(_ feature: Feature, rowCount: Int) throws(FeatureError) {
        guard let listCounts else {
            let (product, overflow) = rowCount.multipliedReportingOverflow(by: feature.width)
            guard !overflow, values.count == product else {
                throw FeatureError(
                    .wrongCount, feature.name,
                    "has \(values.count) values for \(rowCount) rows of \(feature.width)",
                    limit: overflow ? .max : product, actual: values.count)
            }
            return
        }
        guard listCounts.count == rowCount else {
            throw FeatureError(
                .wrongCount, feature.name,
                "says the list length of \(listCounts.count) rows, there are \(rowCount)",
                limit: rowCount, actual: listCounts.count)
        }
        let sum = Self.sum(listCounts)
        guard sum == values.count else {
            throw FeatureError(
                .wrongCount, feature.name,
                "its list lengths add up to \(sum), there are \(values.count) values",
                limit: values.count, actual: sum)
        }
    }

    private static func checkTexts(
        _ feature: Feature, _ blob: UnsafeRawBufferPointer,
        _ byteCounts: UnsafeBufferPointer<UInt32>
    ) throws(FeatureError) {
        var longest: UInt32 = 0
        for byteCount in byteCounts { longest = max(longest, byteCount) }
        guard longest <= FeatureLimits.textByteCountMax else {
            throw FeatureError(
                .limitExceeded, feature.name,
                "has a text of \(longest) bytes, at most \(FeatureLimits.textByteCountMax) are "
                    + "taken", limit: FeatureLimits.textByteCountMax, actual: Int(longest))
        }
        let sum = sum(byteCounts)
        guard sum == blob.count else {
            throw FeatureError(
                .wrongCount, feature.name,
                "its text lengths add up to \(sum), there are \(blob.count) bytes",
                limit: blob.count, actual: sum)
        }
    }

    /// The sum, or `Int.max` where it does not fit.
    private static func sum(_ counts: UnsafeBufferPointer<UInt32>) -> Int {
        var sum = 0
        for count in counts {
            let (next, overflow) = sum.addingReportingOverflow(Int(count))
            if overflow { return .max }
            sum = next
        }
        return sum
    }
}

extension Feature {
    /// Whether raw columns say how many elements each row has.
    ///
    /// Texts cut into words or tokens do not.
    var takesListCounts: Bool {
        switch encoding {
        case .hashedWords, .tokens: false
        default: listLengthMax != nil
        }
    }
}
