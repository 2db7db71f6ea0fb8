/// Where the ranking of an answer goes.
package struct RankedPlaces {
    /// Candidate indices, best first; `rankedCount` of them, 4-byte aligned.
    package let rows: UnsafeMutablePointer<UInt32>
    /// The combined scores in the same order, 4-byte aligned.
    package let scores: UnsafeMutablePointer<Float>
}

/// The frame of one Predict answer: its sizes, before it is written.
///
/// See `PredictResponseTemplate` for the idea. The numbers are the caller's to write, all of them,
/// between `write` and sending the frame.
package struct PredictResponseLayout {
    /// Bytes that the two paddings around an array take together, field tags included.
    private static let paddingBytes = 7

    private let template: PredictResponseTemplate
    private let id: UInt64
    private let rows: Int
    private let rankedCount: Int?
    private let blockCount: Int
    private let contentBytes: Int

    /// Bytes of the whole frame, its length prefix included.
    package let frameBytes: Int

    /// Lays an answer out.
    ///
    /// - Parameters:
    ///   - template: The constant parts.
    ///   - id: The request's id.
    ///   - rows: Rows in each task's array; at least 1.
    ///   - rankedCount: Entries of the ranking; nil for none.
    ///   - includesGates: Whether the template's gates are part of this answer.
    ///   - frameBytesMax: Largest payload.
    /// - Throws: `frameTooLarge` where the answer would be over that.
    /// - Complexity: O(tasks). Allocates nothing.
    package init(
        _ template: PredictResponseTemplate, id: UInt64, rows: Int, rankedCount: Int? = nil,
        includesGates: Bool = false, frameBytesMax: Int = WireLimits().frameBytesMax
    ) throws(WireError) {
        precondition(rows >= 1 && rows <= 1 << 31, "rows out of range")
        self.template = template
        self.id = id
        self.rows = rows
        self.rankedCount = rankedCount
        blockCount = includesGates ? template.blocks.count : template.taskCount
        var content = template.head.count + EncodedSize.varintField(UInt64(rows))
        for index in 0..<blockCount {
            // A width is at most 2^24 and rows at most 2^31: no block overflows 64 bits, and the
            // sum of them is checked as it grows.
            content += EncodedSize.field(Self.blockBytes(template.blocks[index], rows: rows))
            guard content <= frameBytesMax else { break }
        }
        if let rankedCount { content += EncodedSize.field(Self.rankedBytes(rankedCount)) }
        contentBytes = content
        let payload = Self.payloadBytes(id: id, content: content)
        guard payload <= frameBytesMax else {
            throw WireError(
                .frameTooLarge,
                "the answer would take \(payload) bytes or more, over frame_bytes_max = "
                    + "\(frameBytesMax); ask for fewer rows or tasks, or for ranked_rows_only",
                limit: "frame_bytes_max", bound: frameBytesMax, actual: payload)
        }
        frameBytes = EncodedSize.varint(UInt64(payload)) + payload
    }

    /// Writes everything but the numbers, and says where these go.
    ///
    /// - Parameters:
    ///   - frame: `frameBytes` bytes at any address.
    ///   - arrays: One pointer a task, then one a gate where these are included: overwritten with
    ///     the place of its float32 `[rows, width]`, 4-byte aligned.
    /// - Returns: Where the ranking goes; nil where there is none.
    /// - Complexity: O(tasks). Allocates nothing.
    package func write(
        to frame: UnsafeMutableRawPointer,
        arrays: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>>
    ) -> RankedPlaces? {
        precondition(arrays.count >= blockCount, "one pointer for each task and gate")
        var writer = RawWriter(frame, count: frameBytes)
        writeEnvelope(&writer, content: contentBytes)
        template.head.withUnsafeBytes { writer.raw($0) }
        writer.varintField(3, UInt64(rows))
        for index in 0..<template.taskCount { arrays[index] = write(index, &writer) }
        let ranked = rankedCount.map { writeRanked($0, &writer) }
        for index in template.taskCount..<max(template.taskCount, blockCount) {
            arrays[index] = write(index, &writer)
        }
        assert(writer.remaining == 0)
        return ranked
    }

    // MARK: Explanations

    /// Bytes of the frame once an explanation is added, at most.
    package func frameBytes(with explanation: EncodedExplanation) -> Int {
        let content = contentBytes + EncodedSize.field(explanation.byteCount)
        let payload = Self.payloadBytes(id: id, content: content)
        return EncodedSize.varint(UInt64(payload)) + payload
    }

    /// Adds an explanation to a written frame, which moves its numbers: call it last.
    ///
    /// An explanation tells the times of what came before it, so it cannot be laid out with the
    /// rest. This is for people and moves the whole frame by a few bytes where a length prefix
    /// grows.
    ///
    /// - Parameters:
    ///   - explanation: What to add.
    ///   - frame: The written frame, with room for `frameBytes(with:)`.
    /// - Returns: The frame's bytes now.
    package func add(
        _ explanation: EncodedExplanation, to frame: UnsafeMutableRawPointer
    ) -> Int {
        let total = frameBytes(with: explanation)
        let content = contentBytes + EncodedSize.field(explanation.byteCount)
        let tail = EncodedSize.field(explanation.byteCount)
        let start = frameBytes - contentBytes
        (frame + (total - content)).copyMemory(from: frame + start, byteCount: contentBytes)
        var writer = RawWriter(frame, count: total)
        writeEnvelope(&writer, content: content)
        writer.skip(contentBytes)
        if tail > 0 {
            writer.lengthTag(7, explanation.byteCount)
            explanation.write(to: writer.cursor)
        }
        return total
    }

    // MARK: Sizes

    private static func payloadBytes(id: UInt64, content: Int) -> Int {
        EncodedSize.varintField(id) + 1 + EncodedSize.varint(UInt64(content)) + content
    }

    private static func blockBytes(_ block: PredictResponseTemplate.Block, rows: Int) -> Int {
        block.header.count + paddingBytes + EncodedSize.field(rows * block.width * 4)
    }

    /// Bytes between the ranking's two arrays so that both are aligned.
    private static func rankedGap(_ count: Int) -> Int {
        // The padding field's tag and length, then the second array's tag and length.
        let headers = 2 + 1 + EncodedSize.varint(UInt64(count * 4))
        return (4 - headers % 4) % 4
    }

    private static func rankedBytes(_ count: Int) -> Int {
        paddingBytes + 2 * EncodedSize.field(count * 4) + 2 + rankedGap(count)
    }

    // MARK: Parts

    private func writeEnvelope(_ writer: inout RawWriter, content: Int) {
        writer.varint(UInt64(Self.payloadBytes(id: id, content: content)))
        writer.varintField(1, id)
        writer.lengthTag(10, content)
    }

    private func write(_ index: Int, _ writer: inout RawWriter) -> UnsafeMutablePointer<Float> {
        let block = template.blocks[index]
        let count = rows * block.width
        writer.lengthTag(block.field, Self.blockBytes(block, rows: rows))
        block.header.withUnsafeBytes { writer.raw($0) }
        let padding = Self.padBefore(&writer, arrayBytes: count * 4)
        let array = Self.array(&writer, block.arrayField, count, Float.self)
        writer.padding(Self.paddingBytes - 4 - padding)
        return array
    }

    private func writeRanked(_ count: Int, _ writer: inout RawWriter) -> RankedPlaces {
        writer.lengthTag(5, Self.rankedBytes(count))
        let padding = Self.padBefore(&writer, arrayBytes: count * 4)
        let rows = Self.array(&writer, 1, count, UInt32.self)
        writer.padding(Self.rankedGap(count))
        let scores = Self.array(&writer, 2, count, Float.self)
        writer.padding(Self.paddingBytes - 4 - padding)
        return RankedPlaces(rows: rows, scores: scores)
    }

    /// Pads so that an array of so many bytes, after its tag and length, lies on 4 bytes.
    private static func padBefore(_ writer: inout RawWriter, arrayBytes: Int) -> Int {
        let headers = 2 + 1 + EncodedSize.varint(UInt64(arrayBytes))
        let padding = (4 - (Int(bitPattern: writer.cursor) + headers) & 3) & 3
        writer.padding(padding)
        return padding
    }

    private static func array<Number>(
        _ writer: inout RawWriter, _ field: UInt8, _ count: Int, _ type: Number.Type
    ) -> UnsafeMutablePointer<Number> {
        writer.lengthTag(field, count * 4)
        let place = writer.cursor.bindMemory(to: type, capacity: count)
        writer.skip(count * 4)
        return place
    }
}

extension RawWriter {
    /// A padding field (15) of so many zeroes, present even where these are none.
    fileprivate mutating func padding(_ count: Int) {
        lengthTag(15, count)
        zeroes(count)
    }
}
