// Design: sources and lookups are small generic structs.
//
// An id is made of a value's bytes (text, or a whole number's eight) by a vocabulary or a hash, or
// of a number by its bucket. `IdentifierRows` writes rows of whatever makes ids; the compiler
// specialises it for each pair, so that no choice is left in the loop over the rows.

/// Makes one id a value, in the order of the column.
protocol IdentifierSource {
    /// The next value's id.
    mutating func next(_ counts: inout FeatureCounts) -> Int32
    /// Passes over values.
    mutating func skip(_ count: Int)
    /// The place of the next value.
    var position: ValuePosition { get }
}

/// Writes an id feature's rows: one id, or a list of them with its length.
struct IdentifierRows {
    private let base: UnsafeMutablePointer<Int32>
    private let stride: Int
    private let lengths: UnsafeMutablePointer<Int32>?
    private let lengthStride: Int
    private let listLengthMax: Int?
    private let width: Int

    init(_ input: EncodedInput, length: EncodedInput?, _ feature: Feature) {
        base = input.base.assumingMemoryBound(to: Int32.self) + feature.slot.column
        stride = input.rowStride
        lengths = length?.base.assumingMemoryBound(to: Int32.self)
        lengthStride = length?.rowStride ?? 0
        listLengthMax = feature.listLengthMax
        width = feature.width
    }

    /// Encodes the block's rows, whose present numbers are finite.
    func encode(
        _ block: RowBlock, _ encoding: FeatureEncoding, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        switch encoding {
        case .number, .identity, .tokens:
            preconditionFailure("numbers and tokens have rows of their own")
        case .buckets(let buckets):
            buckets.boundaries.withUnsafeBufferPointer { boundaries in
                encodeBuckets(block, boundaries, &position, &counts)
            }
        case .vocabulary(let encoding):
            encode(
                block, VocabularyLookup(encoding), missing: Int32(encoding.missingID), &position,
                &counts)
        case .hashing(let encoding):
            encode(block, HashLookup(encoding), missing: 0, &position, &counts)
        case .hashedWords(let encoding):
            encodeWords(block, HashLookup(encoding), &position, &counts)
        }
    }

    /// Takes whole numbers as they are; they were checked to be in range.
    func encode(
        _ block: RowBlock, _ encoding: IdentityEncoding, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        let missing = Int32(truncatingIfNeeded: encoding.missingID)
        guard width > 1 else {
            return encode(block, IdentityLookup(), missing: missing, &position, &counts)
        }
        for row in 0..<block.count {
            let numbers = base + row * stride
            let first = position.value + row * width
            let isPresent = block.isPresent(row)
            for element in 0..<width {
                numbers[element] =
                    isPresent
                    ? block.column?.values.integer(at: first + element) ?? missing : missing
            }
            counts.values += isPresent ? width : 0
        }
        position.value += block.count * width
    }

    // MARK: By type of value

    private func encode<Lookup: IdentifierLookup>(
        _ block: RowBlock, _ lookup: Lookup, missing: Int32, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        switch block.column?.values {
        case nil: writeMissing(block, missing)
        case .text(let blob, let byteCounts)?:
            let texts = TextReader(blob: blob, byteCounts: byteCounts, position: position)
            write(block, TextSource(texts: texts, lookup: lookup), missing, &position, &counts)
        case .int64(let values)?:
            let source = IntegerSource(values: values, lookup: lookup, position: position)
            write(block, source, missing, &position, &counts)
        case .int32(let values)?:
            let source = IntegerSource(values: values, lookup: lookup, position: position)
            write(block, source, missing, &position, &counts)
        case .float32?: preconditionFailure("a number was checked not to be looked up")
        }
    }

    private func encodeBuckets(
        _ block: RowBlock, _ boundaries: UnsafeBufferPointer<Float>,
        _ position: inout ValuePosition, _ counts: inout FeatureCounts
    ) {
        switch block.column?.values {
        case nil: writeMissing(block, 0)
        case .float32(let values)?:
            let source = BucketSource(values: values, boundaries: boundaries, position: position)
            write(block, source, 0, &position, &counts)
        case .int64(let values)?:
            let source = BucketSource(values: values, boundaries: boundaries, position: position)
            write(block, source, 0, &position, &counts)
        case .int32(let values)?:
            let source = BucketSource(values: values, boundaries: boundaries, position: position)
            write(block, source, 0, &position, &counts)
        case .text?: preconditionFailure("a text was checked not to be cut into buckets")
        }
    }

    private func encodeWords(
        _ block: RowBlock, _ lookup: HashLookup, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        guard case .text(let blob, let byteCounts)? = block.column?.values else {
            return writeMissing(block, 0)
        }
        let most = listLengthMax ?? 1
        var texts = TextReader(blob: blob, byteCounts: byteCounts, position: position)
        for row in 0..<block.count {
            let text = texts.next()
            let ids = base + row * stride
            var length = 0
            if block.isPresent(row) {
                let isCut = WordReader.words(of: text) { word in
                    guard length < most else { return false }
                    ids[length] = lookup.id(of: word, &counts)
                    length += 1
                    return true
                }
                counts.values += length
                counts.clippedValues += isCut ? 1 : 0
            }
            finishList(row, length: length)
        }
        position = texts.position
    }

    // MARK: Rows

    private func write<Source: IdentifierSource>(
        _ block: RowBlock, _ source: Source, _ missing: Int32, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        var source = source
        if listLengthMax != nil {
            writeLists(block, &source, &counts)
        } else {
            for row in 0..<block.count {
                if block.isPresent(row) {
                    base[row * stride] = source.next(&counts)
                    counts.values += 1
                } else {
                    source.skip(1)
                    base[row * stride] = missing
                }
            }
        }
        position = source.position
    }

    private func writeLists<Source: IdentifierSource>(
        _ block: RowBlock, _ source: inout Source, _ counts: inout FeatureCounts
    ) {
        let most = listLengthMax ?? 1
        for row in 0..<block.count {
            let count = block.valueCount(row, width: 1)
            let length = block.isPresent(row) ? min(count, most) : 0
            let ids = base + row * stride
            for element in 0..<length { ids[element] = source.next(&counts) }
            source.skip(count - length)
            if block.isPresent(row) {
                counts.values += count
                counts.clippedValues += count > most ? 1 : 0
            }
            finishList(row, length: length)
        }
    }

    private func writeMissing(_ block: RowBlock, _ missing: Int32) {
        for row in 0..<block.count {
            if listLengthMax == nil {
                base[row * stride] = missing
            } else {
                finishList(row, length: 0)
            }
        }
    }

    /// Pads a row's list with id 0, which every table has, and writes its length.
    private func finishList(_ row: Int, length: Int) {
        let ids = base + row * stride
        for element in length..<(listLengthMax ?? length) { ids[element] = 0 }
        lengths?[row * lengthStride] = Int32(truncatingIfNeeded: length)
    }
}
