// Design: a Predict request is written by hand, straight from the caller's arrays into the frame.
// Everything in it that is small (names, ranking) goes through protobuf-c, which is given a request
// without columns; the columns' bytes then follow, because protobuf lets fields come in any order.
import CTandemProto

/// Encodes requests; for clients.
///
/// Messages are built in the arena, which must not be reset before they are written.
package struct RequestEncoder {
    private let builder: MessageBuilder
    private let frameBytesMax: Int

    /// Makes an encoder that builds in `arena`.
    package init(arena: ArenaAllocator, frameBytesMax: Int = WireLimits().frameBytesMax) {
        builder = MessageBuilder(arena: arena)
        self.frameBytesMax = frameBytesMax
    }

    /// A call other than Predict.
    ///
    /// - Throws: `arenaFull` or `frameTooLarge`.
    package func control(id: UInt64, _ call: ControlCall) throws(WireError) -> EncodedFrame {
        let request = try builder.make(tandem__v1__request__init)
        request.pointee.id = id
        try call.write(into: &request.pointee, builder)
        return try EncodedFrame(UnsafePointer(request).base, frameBytesMax: frameBytesMax)
    }

    /// A Predict call.
    ///
    /// - Throws: `arenaFull` or `frameTooLarge`.
    package func predict(
        id: UInt64, _ message: PredictRequestMessage
    ) throws(WireError) -> EncodedPredictRequest {
        let request = try builder.make(tandem__v1__predict_request__init)
        try message.write(into: &request.pointee, builder)
        return try EncodedPredictRequest(
            id: id, head: UnsafePointer(request).base, message, frameBytesMax: frameBytesMax)
    }
}

/// A Predict request that is ready to be written; valid until its encoder's arena is reset.
package struct EncodedPredictRequest {
    /// PredictRequest without columns.
    private let head: UnsafePointer<ProtobufCMessage>
    private let headBytes: Int
    private let message: PredictRequestMessage
    private let id: UInt64
    private let contentBytes: Int
    private let payloadBytes: Int

    /// Bytes of the whole frame, its length prefix included.
    package let byteCount: Int

    init(
        id: UInt64, head: UnsafePointer<ProtobufCMessage>, _ message: PredictRequestMessage,
        frameBytesMax: Int
    ) throws(WireError) {
        self.id = id
        self.head = head
        self.message = message
        headBytes = protobuf_c_message_get_packed_size(head)
        var content = headBytes
        for column in message.context { content += EncodedSize.field(column.encodedBytes) }
        for column in message.candidates { content += EncodedSize.field(column.encodedBytes) }
        contentBytes = content
        payloadBytes =
            EncodedSize.varintField(id) + 1 + EncodedSize.varint(UInt64(content)) + content
        guard payloadBytes <= frameBytesMax else {
            throw WireError(
                .frameTooLarge,
                "the request takes \(payloadBytes) bytes, over frame_bytes_max = "
                    + "\(frameBytesMax); split the candidates over several requests",
                limit: "frame_bytes_max", bound: frameBytesMax, actual: payloadBytes)
        }
        byteCount = EncodedSize.varint(UInt64(payloadBytes)) + payloadBytes
    }

    /// Writes the frame.
    ///
    /// - Parameter memory: `byteCount` bytes.
    package func write(to memory: UnsafeMutableRawPointer) {
        var writer = RawWriter(memory, count: byteCount)
        writer.varint(UInt64(payloadBytes))
        writer.varintField(1, id)
        writer.lengthTag(10, contentBytes)
        let place = writer.cursor.bindMemory(to: UInt8.self, capacity: headBytes)
        let written = protobuf_c_message_pack(head, place)
        precondition(written == headBytes, "protobuf-c packs what it measured")
        writer.skip(headBytes)
        for column in message.context { column.write(8, &writer) }
        for column in message.candidates { column.write(9, &writer) }
        assert(writer.remaining == 0)
    }

    /// The frame as an array; allocates.
    package var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            if let base = buffer.baseAddress { write(to: UnsafeMutableRawPointer(base)) }
            count = byteCount
        }
    }
}

extension ColumnMessage {
    /// Bytes of the column's message.
    ///
    /// Field numbers also in `proto/tandem/v1/column.proto`.
    fileprivate var encodedBytes: Int {
        var count = EncodedSize.field(name.utf8.count) + 2
        switch values {
        case .float32(let values): count += EncodedSize.field(values.count * 4)
        case .int64(let values): count += EncodedSize.field(values.count * 8)
        case .int32(let values): count += EncodedSize.field(values.count * 4)
        case .bytes(let blob, let lengths):
            count += EncodedSize.field(blob.count) + EncodedSize.field(lengths.count * 4)
        }
        count += EncodedSize.field((listLengths?.count ?? 0) * 4)
        return count + EncodedSize.field(presence?.count ?? 0)
    }

    fileprivate func write(_ field: UInt8, _ writer: inout RawWriter) {
        writer.lengthTag(field, encodedBytes)
        var name = name
        name.withUTF8 { writer.bytesField(1, UnsafeRawBufferPointer($0)) }
        switch values {
        case .float32(let values):
            writer.varintField(2, UInt64(ColumnType.float32.rawValue))
            values.withUnsafeBytes { writer.bytesField(3, $0) }
        case .int64(let values):
            writer.varintField(2, UInt64(ColumnType.int64.rawValue))
            values.withUnsafeBytes { writer.bytesField(4, $0) }
        case .int32(let values):
            writer.varintField(2, UInt64(ColumnType.int32.rawValue))
            values.withUnsafeBytes { writer.bytesField(5, $0) }
        case .bytes(let blob, let lengths):
            writer.varintField(2, UInt64(ColumnType.bytes.rawValue))
            blob.withUnsafeBytes { writer.bytesField(6, $0) }
            lengths.withUnsafeBytes { writer.bytesField(7, $0) }
        }
        listLengths?.withUnsafeBytes { writer.bytesField(8, $0) }
        presence?.withUnsafeBytes { writer.bytesField(9, $0) }
    }
}

extension PredictRequestMessage {
    /// Everything but the columns.
    fileprivate func write(
        into request: inout Tandem__V1__PredictRequest, _ builder: MessageBuilder
    ) throws(WireError) {
        request.model = try builder.text(model)
        switch version {
        case .current: break
        case .version(let version):
            request.version_choice_case = TANDEM__V1__PREDICT_REQUEST__VERSION_CHOICE_VERSION
            request.version = version
        case .label(let label):
            request.version_choice_case = TANDEM__V1__PREDICT_REQUEST__VERSION_CHOICE_LABEL
            request.label = try builder.text(label)
        }
        request.n_tasks = tasks.count
        request.tasks = try builder.texts(tasks)
        request.deadline_ns = deadlineNanoseconds
        request.priority = priority
        request.rows = UInt32(clamping: rows)
        request.ranking = try ranking?.message(builder)
        request.want_gate_weights = wantsGateWeights ? 1 : 0
        request.explain = wantsExplanation ? 1 : 0
    }
}

extension RankingMessage {
    fileprivate func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__Ranking> {
        let ranking = try builder.make(tandem__v1__ranking__init)
        switch formula {
        case .weightedSum(let terms):
            ranking.pointee.formula_case = TANDEM__V1__RANKING__FORMULA_WEIGHTED_SUM
            ranking.pointee.weighted_sum = try Self.message(terms, builder)
        case .powerProduct(let terms):
            ranking.pointee.formula_case = TANDEM__V1__RANKING__FORMULA_POWER_PRODUCT
            ranking.pointee.power_product = try Self.message(terms, builder)
        case .expression(let expression):
            ranking.pointee.formula_case = TANDEM__V1__RANKING__FORMULA_EXPRESSION
            ranking.pointee.expression = try builder.text(expression)
        case .named(let name):
            ranking.pointee.formula_case = TANDEM__V1__RANKING__FORMULA_NAMED
            ranking.pointee.named = try builder.text(name)
        }
        if let topK {
            ranking.pointee.top_k_opt_case = TANDEM__V1__RANKING__TOP_K_OPT_TOP_K
            ranking.pointee.top_k = topK
        }
        ranking.pointee.ranked_rows_only = rankedRowsOnly ? 1 : 0
        return ranking
    }

    private static func message(
        _ terms: [Term], _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__RankingTerms> {
        let message = try builder.make(tandem__v1__ranking_terms__init)
        message.pointee.n_terms = terms.count
        message.pointee.terms = try builder.list(terms, tandem__v1__ranking_term__init) {
            (term, message) throws(WireError) in
            message.task = try builder.text(term.task)
            message.weight = term.weight
            message.column = term.column
        }
        return message
    }
}
