// Design: learning is a fold over rows.
//
// A learner looks at raw columns in chunks, row after row, and keeps little: running moments, a
// bounded sample for quantiles, counts by value for a vocabulary. What comes out depends on the
// rows and their order alone, not on how they were cut into chunks; sums are in double precision.
// Learners share nothing, so that each feature may have a thread.
//
// Learn from the training rows only: a value that only a validation row has must be unknown, or the
// validation figures lie.

/// Learns one feature's encoding from raw columns.
package struct FeatureLearner: Sendable {
    /// What the author said.
    package let declaration: FeatureDeclaration
    private let probe: Feature
    private var statistics = LearningStatistics()
    private var numbers: NumberLearner?
    private var counter: ValueCounter?

    /// Starts without having seen a row.
    ///
    /// - Throws: `FeatureError` `invalidEncoding`, `invalidName` or `limitExceeded` if nothing
    ///   valid can come of the declaration.
    package init(_ declaration: FeatureDeclaration) throws(FeatureError) {
        self.declaration = declaration
        try Signature.checkName("feature", declaration.name)
        try declaration.check()
        var encoding: FeatureEncoding
        switch declaration.encoding {
        case .number(let number):
            encoding = .number(NumberEncoding(transforms: []))
            numbers = NumberLearner(declaration, number)
        case .buckets:
            encoding = .buckets(BucketEncoding(boundaries: []))
            numbers = NumberLearner(declaration, nil)
        case .vocabulary:
            let empty = try Vocabulary(blob: [], byteCounts: [])
            encoding = .vocabulary(VocabularyEncoding(vocabulary: empty))
            counter = ValueCounter()
        case .fixed(let fixed): encoding = fixed
        }
        probe = Feature(
            name: declaration.name, side: declaration.side, rawType: declaration.rawType,
            width: declaration.width, listLengthMax: declaration.listLengthMax,
            encoding: encoding, slot: FeatureSlot(input: ""))
        try probe.checkEncoding()
    }

    /// Looks at some rows.
    ///
    /// - Parameters:
    ///   - column: The rows' values.
    ///   - rowCount: Number of rows.
    ///   - selection: One bit a row, least significant first; rows whose bit is cleared are passed
    ///     over, such as those kept for validation. Nil: all rows.
    /// - Throws: `FeatureError` if the column is not whole, has NaN or infinite numbers, or has
    ///   more different values than a vocabulary may see.
    /// - Complexity: O(values + texts' bytes).
    package mutating func observe(
        _ column: RawColumn, rowCount: Int, selection: UnsafeRawBufferPointer? = nil
    ) throws(FeatureError) {
        try column.check(against: probe, rowCount: rowCount)
        if let selection {
            guard selection.count == (rowCount + 7) / 8 else {
                throw FeatureError(
                    .wrongCount, declaration.name,
                    "has \(selection.count) selection bytes for \(rowCount) rows",
                    limit: (rowCount + 7) / 8, actual: selection.count)
            }
        }
        let block = RowBlock(column: column, first: 0, count: rowCount)
        try block.checkFinite(probe, ValuePosition())
        var value = 0
        var byte = 0
        for row in 0..<rowCount {
            let end = value + block.valueCount(row, width: declaration.width)
            let isSelected = selection.map { $0[row >> 3] >> UInt8(row & 7) & 1 == 1 } ?? true
            let isPresent = block.isPresent(row)
            if isSelected {
                statistics.rows += 1
                statistics.values += isPresent ? end - value : 0
                statistics.missingRows += isPresent ? 0 : 1
            }
            try observe(column.values, value..<end, isSelected && isPresent, &byte)
            value = end
        }
    }

    /// The feature with what was learnt.
    ///
    /// - Throws: `FeatureError` `nothingToLearn` if no row had a value to learn from.
    package func finish() throws(FeatureError) -> LearnedFeature {
        var learned = LearnedFeature(
            declaration: declaration, encoding: probe.encoding, statistics: statistics)
        if numbers?.isEmpty == true || counter?.isEmpty == true {
            throw FeatureError(
                .nothingToLearn, declaration.name,
                "has no value in \(statistics.rows) training rows; leave it out")
        }
        numbers?.describe(&learned.statistics)
        switch declaration.encoding {
        case .number(let number):
            if let numbers { learned.encoding = .number(numbers.encoding(number)) }
            learned.hasMissingColumn =
                switch number.missingColumn {
                case .ifSeen: statistics.missingRows > 0
                case .always: true
                case .never: false
                }
        case .buckets(let count):
            if let numbers { learned.encoding = .buckets(numbers.buckets(count)) }
        case .vocabulary(let vocabulary):
            if let counter {
                let kept = try counter.vocabulary(vocabulary)
                learned.encoding = .vocabulary(VocabularyEncoding(vocabulary: kept.vocabulary))
                learned.statistics.distinctValues = counter.count
                learned.statistics.unknownValues = kept.unknownValues
            }
        case .fixed: break
        }
        return learned
    }

    /// Looks at one row's values, or passes over them.
    private mutating func observe(
        _ values: RawColumn.Values, _ range: Range<Int>, _ isSeen: Bool, _ byte: inout Int
    ) throws(FeatureError) {
        for value in range {
            switch values {
            case .float32(let numbers): if isSeen { self.numbers?.add(Double(numbers[value])) }
            case .int64(let integers): if isSeen { try observe(integers[value]) }
            case .int32(let integers): if isSeen { try observe(Int64(integers[value])) }
            case .text(let blob, let byteCounts):
                let end = byte + Int(byteCounts[value])
                if isSeen { try count(UnsafeRawBufferPointer(rebasing: blob[byte..<end])) }
                byte = end
            }
        }
    }

    private mutating func observe(_ integer: Int64) throws(FeatureError) {
        numbers?.add(Double(integer))
        if counter == nil { return }
        var littleEndian = integer.littleEndian
        let isCounted = withUnsafeBytes(of: &littleEndian) { counter?.add($0) ?? true }
        if !isCounted { throw tooManyValues }
    }

    private mutating func count(_ text: UnsafeRawBufferPointer) throws(FeatureError) {
        if counter?.add(text) == false { throw tooManyValues }
    }

    private var tooManyValues: FeatureError {
        let limit = FeatureLimits.vocabularyCountMax
        return FeatureError(
            .limitExceeded, declaration.name,
            "has more than \(limit) different values, or more than "
                + "\(FeatureLimits.vocabularyByteCountMax) bytes of them; hash it instead",
            limit: limit)
    }
}

extension FeatureDeclaration {
    /// Refuses what the learner's own settings cannot mean.
    fileprivate func check() throws(FeatureError) {
        func refuse(_ message: String) throws(FeatureError) {
            throw FeatureError(.invalidEncoding, name, message)
        }
        if let embeddingDimension, embeddingDimension < 1 {
            try refuse("its embedding has dimension \(embeddingDimension), needs at least 1")
        }
        switch encoding {
        case .number(let number):
            if case .quantiles(let low, let high)? = number.clip,
                !(0 <= low && low < high && high <= 1)
            {
                try refuse("its quantiles \(low) and \(high) are not 0 <= low < high <= 1")
            }
            if case .range(let minimum, let maximum)? = number.clip,
                !(minimum.isFinite && maximum.isFinite && minimum <= maximum)
            {
                try refuse("its clip \(minimum) ... \(maximum) is no range")
            }
            if case .value(let value) = number.missing, !value.isFinite {
                try refuse("its value for missing ones is not finite")
            }
        case .buckets(let count):
            if !(2...FeatureLimits.boundaryCountMax).contains(count) {
                try refuse("has \(count) buckets, takes 2 to \(FeatureLimits.boundaryCountMax)")
            }
        case .vocabulary(let vocabulary):
            if vocabulary.minimumCount < 1
                || !(1...FeatureLimits.vocabularyCountMax).contains(vocabulary.countMax)
            {
                try refuse("its vocabulary takes values seen at least once, and at least one")
            }
        case .fixed: break
        }
    }
}
