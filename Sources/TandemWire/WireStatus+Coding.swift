import CTandemProto

extension WireStatus {
    /// The schema's bounds, also in `proto/tandem/v1/status.proto`.
    private static let messageBytesMax = 4_096
    private static let detailsMax = 16
    private static let nameBytesMax = 256
    private static let codeBytesMax = 64

    /// The status as the schema's message, cut to the schema's bounds.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__Status> {
        let status = try builder.make(tandem__v1__status__init)
        status.pointee.code = Tandem__V1__Code(code.rawValue)
        status.pointee.message = try builder.text(message.cut(Self.messageBytesMax))
        status.pointee.retry_after_ns = retryAfterNanoseconds
        let told = Array(details.prefix(Self.detailsMax))
        status.pointee.n_details = told.count
        status.pointee.details = try builder.list(told, tandem__v1__status_detail__init) {
            (detail, message) throws(WireError) in
            message.reason = try builder.text(detail.reason.cut(Self.codeBytesMax))
            message.model = try builder.text(detail.model.cut(Self.nameBytesMax))
            message.feature = try builder.text(detail.feature.cut(Self.nameBytesMax))
            message.task = try builder.text(detail.task.cut(Self.nameBytesMax))
            message.limit = try builder.text(detail.limit.cut(Self.codeBytesMax))
            message.expected = try builder.text(detail.expected.cut(Self.nameBytesMax))
            message.given = try builder.text(detail.given.cut(Self.nameBytesMax))
            detail.writeNumbers(into: &message)
        }
        return status
    }

    /// Reads the schema's message.
    ///
    /// Numbers without a code are `unknown`.
    init(reading status: Tandem__V1__Status) {
        self.init(
            StatusCode(wire: status.code.rawValue), TextView(status.message).string,
            details: readList(status.details, status.n_details) { StatusDetail(reading: $0) },
            retryAfterNanoseconds: status.retry_after_ns)
    }
}

extension StatusDetail {
    fileprivate func writeNumbers(into message: inout Tandem__V1__StatusDetail) {
        if let bound {
            message.bound_opt_case = TANDEM__V1__STATUS_DETAIL__BOUND_OPT_BOUND
            message.bound = bound
        }
        if let actual {
            message.actual_opt_case = TANDEM__V1__STATUS_DETAIL__ACTUAL_OPT_ACTUAL
            message.actual = actual
        }
        if let row {
            message.row_opt_case = TANDEM__V1__STATUS_DETAIL__ROW_OPT_ROW
            message.row = row
        }
        if let offset {
            message.offset_opt_case = TANDEM__V1__STATUS_DETAIL__OFFSET_OPT_OFFSET
            message.offset = offset
        }
    }

    fileprivate init(reading message: Tandem__V1__StatusDetail) {
        self.init(reason: TextView(message.reason).string)
        model = TextView(message.model).string
        feature = TextView(message.feature).string
        task = TextView(message.task).string
        limit = TextView(message.limit).string
        expected = TextView(message.expected).string
        given = TextView(message.given).string
        if message.bound_opt_case == TANDEM__V1__STATUS_DETAIL__BOUND_OPT_BOUND {
            bound = message.bound
        }
        if message.actual_opt_case == TANDEM__V1__STATUS_DETAIL__ACTUAL_OPT_ACTUAL {
            actual = message.actual
        }
        if message.row_opt_case == TANDEM__V1__STATUS_DETAIL__ROW_OPT_ROW { row = message.row }
        if message.offset_opt_case == TANDEM__V1__STATUS_DETAIL__OFFSET_OPT_OFFSET {
            offset = message.offset
        }
    }
}

extension String {
    /// The longest beginning of at most so many bytes of UTF-8 that ends with a whole character.
    fileprivate func cut(_ bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: bytesMax)
        while end.samePosition(in: self) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

/// Reads a repeated message field into values.
func readList<Message, Value>(
    _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Message>?>?, _ count: Int,
    _ read: (Message) -> Value
) -> [Value] {
    UnsafeBufferPointer(start: messages, count: count).compactMap { $0.map { read($0.pointee) } }
}

/// Reads a repeated text field.
func readTexts(
    _ entries: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int
) -> [String] {
    TextListView(entries, count: count).map(\.string)
}
