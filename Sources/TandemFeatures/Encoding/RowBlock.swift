/// Some rows of a raw column, or of a feature that has none: what one call encodes.
struct RowBlock {
    /// Nil where every row is missing.
    let column: RawColumn?
    /// The first row.
    let first: Int
    /// Number of rows.
    let count: Int

    /// Whether a row, counted from the block's first, has a value.
    @inline(__always)
    func isPresent(_ row: Int) -> Bool {
        column?.isPresent(first + row) ?? false
    }

    /// Values that a row takes up in the column, present or not.
    @inline(__always)
    func valueCount(_ row: Int, width: Int) -> Int {
        column?.listCounts.map { Int($0[first + row]) } ?? width
    }

    /// Counts the missing rows, and refuses them where the feature is required.
    func checkPresence(_ feature: Feature, _ counts: inout FeatureCounts) throws(FeatureError) {
        guard let column else {
            counts.missingRows += count
            return
        }
        guard column.presence != nil else { return }
        for row in 0..<count where !column.isPresent(first + row) {
            counts.missingRows += 1
            if feature.isRequired {
                throw FeatureError(
                    .missingValue, feature.name,
                    "is required, row \(first + row) has no value", row: first + row)
            }
        }
    }

    /// Refuses NaN and infinities in rows that have a value; the first begins at `position`.
    func checkFinite(_ feature: Feature, _ position: ValuePosition) throws(FeatureError) {
        guard let column, case .float32(let values) = column.values else { return }
        if column.listCounts == nil {
            // The usual case, that all is finite, in a loop that can be vectorised.
            var isFinite = true
            for index in position.value..<position.value + count * feature.width {
                isFinite = values[index].isFinite && isFinite
            }
            if isFinite { return }
        }
        var value = position.value
        for row in 0..<count {
            let end = value + valueCount(row, width: feature.width)
            if isPresent(row) {
                while value < end {
                    let number = values[value]
                    if !number.isFinite { throw refusal(of: number, feature, first + row) }
                    value += 1
                }
            }
            value = end
        }
    }

    /// Refuses whole numbers outside a range in rows that have a value.
    func checkRange(
        _ feature: Feature, _ range: Range<Int64>, _ position: ValuePosition
    ) throws(FeatureError) {
        switch column?.values {
        case .int64(let values)?: try checkRange(feature, range, position.value, values)
        case .int32(let values)?: try checkRange(feature, range, position.value, values)
        case .float32?, .text?, nil: break
        }
    }

    private func checkRange<Integer: FixedWidthInteger>(
        _ feature: Feature, _ range: Range<Int64>, _ first: Int,
        _ values: UnsafeBufferPointer<Integer>
    ) throws(FeatureError) {
        var value = first
        for row in 0..<count {
            let end = value + valueCount(row, width: feature.width)
            if isPresent(row) {
                for index in value..<end where !range.contains(Int64(values[index])) {
                    throw FeatureError(
                        .identifierOutOfRange, feature.name,
                        "row \(self.first + row) has \(values[index]); send numbers in "
                            + "\(range.lowerBound) ..< \(range.upperBound)",
                        row: self.first + row, limit: Int(range.upperBound),
                        actual: Int(values[index]))
                }
            }
            value = end
        }
    }

    private func refusal(of number: Float, _ feature: Feature, _ row: Int) -> FeatureError {
        guard number.isNaN else {
            return FeatureError(
                .infiniteNumber, feature.name, "row \(row) is \(number); send finite numbers",
                row: row)
        }
        return FeatureError(
            .notANumber, feature.name,
            "row \(row) is NaN; say that a value is missing by its presence bit", row: row)
    }
}
