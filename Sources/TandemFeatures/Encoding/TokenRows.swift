// Design: a row always has its full length.
//
// Encoders of sentences take rows of one length, with a mask that says which tokens are real. So
// a text's ids are written from the row's first column on, padding behind them, the mask beside
// them. A missing text is an empty one: prefix and suffix alone.

/// Writes a text feature's rows of token ids, with their mask, segments and length.
struct TokenRows {
    private let ids: Column
    private let mask: Column?
    private let segments: Column?
    private let lengths: Column?
    private let feature: Feature
    private let tokenizer: Tokenizer
    private let lengthMax: Int

    /// Where one graph input's rows are written.
    private struct Column {
        let base: UnsafeMutablePointer<Int32>
        let stride: Int

        init(_ input: EncodedInput, column: Int = 0) {
            base = input.base.assumingMemoryBound(to: Int32.self) + column
            stride = input.rowStride
        }

        func row(_ row: Int) -> UnsafeMutablePointer<Int32> { base + row * stride }
    }

    init(
        _ inputs: EncodedInputs, _ target: FeatureEncoder.Target, _ feature: Feature,
        _ tokenizer: Tokenizer
    ) {
        ids = Column(inputs.inputs[target.input], column: feature.slot.column)
        mask = target.mask.map { Column(inputs.inputs[$0]) }
        segments = target.segment.map { Column(inputs.inputs[$0]) }
        lengths = target.length.map { Column(inputs.inputs[$0]) }
        self.feature = feature
        self.tokenizer = tokenizer
        lengthMax = feature.listLengthMax ?? 1
    }

    /// Encodes the block's rows.
    ///
    /// - Throws: `FeatureError` `invalidText` with the row, if a text is not UTF-8.
    func encode(
        _ block: RowBlock, _ position: inout ValuePosition, _ counts: inout FeatureCounts,
        _ memory: inout TextMemory
    ) throws(FeatureError) {
        guard case .text(let blob, let byteCounts)? = block.column?.values else {
            for row in 0..<block.count { writeMissing(row, &memory) }
            return
        }
        var texts = TextReader(blob: blob, byteCounts: byteCounts, position: position)
        for row in 0..<block.count {
            let text = texts.next()
            guard block.isPresent(row) else {
                writeMissing(row, &memory)
                continue
            }
            switch tokenizer.encode(text, lengthMax: lengthMax, &memory) {
            case .whole: break
            case .cut: counts.clippedValues += 1
            case .invalid:
                throw FeatureError(
                    .invalidText, feature.name,
                    "row \(block.first + row) is not UTF-8; send text in that encoding",
                    row: block.first + row)
            }
            counts.values += memory.ids.count
            if let unknownID = tokenizer.unknownID {
                for index in 0..<memory.ids.count where memory.ids[index] == unknownID {
                    counts.unknownValues += 1
                }
            }
            write(memory.ids, row)
        }
        position = texts.position
    }

    private func writeMissing(_ row: Int, _ memory: inout TextMemory) {
        _ = tokenizer.encode(
            UnsafeRawBufferPointer(start: nil, count: 0), lengthMax: lengthMax, &memory)
        write(memory.ids, row)
    }

    private func write(_ tokens: [Int32], _ row: Int) {
        let ids = ids.row(row)
        let count = tokens.count
        for index in 0..<count { ids[index] = tokens[index] }
        for index in count..<lengthMax { ids[index] = tokenizer.rules.paddingID }
        if let mask = mask?.row(row) {
            for index in 0..<lengthMax { mask[index] = index < count ? 1 : 0 }
        }
        if let segments = segments?.row(row) {
            for index in 0..<lengthMax { segments[index] = 0 }
        }
        lengths?.row(row)[0] = Int32(truncatingIfNeeded: count)
    }
}
