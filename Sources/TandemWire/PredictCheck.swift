import CTandemProto

/// Checks what a well-formed Predict request may still have wrong, as far as the wire can tell.
///
/// Also widens INT32 columns, so that views know two kinds of numbers only.
struct PredictCheck {
    let limits: WireLimits
    let arena: ArenaAllocator

    func check(_ predict: UnsafeMutablePointer<Tandem__V1__PredictRequest>) throws(WireError) {
        let request = predict.pointee
        try KnownFields.check(request.base, "PredictRequest")
        try name(request.model, "PredictRequest.model")
        if request.version_choice_case == TANDEM__V1__PREDICT_REQUEST__VERSION_CHOICE_LABEL {
            try name(request.label, "PredictRequest.label")
        }
        try KnownFields.version(
            request.version_choice_case.rawValue, request.version, "PredictRequest.version")
        try count(request.n_tasks, limits.tasksMax, "tasks_max", "PredictRequest.tasks")
        for index in 0..<request.n_tasks {
            try name(request.tasks[index], "PredictRequest.tasks")
        }
        guard -100...100 ~= request.priority else {
            throw WireError(
                .unknownValue, "priority \(request.priority) is not within -100 to 100",
                field: "PredictRequest.priority", bound: 100, actual: Int(request.priority))
        }
        guard request.rows > 0 else {
            throw WireError(
                .lengthMismatch, "rows is 0; a request has at least one candidate",
                field: "PredictRequest.rows", bound: 1, actual: 0)
        }
        try count(Int(request.rows), limits.rowsMax, "rows_max", "PredictRequest.rows")
        // Each is bounded by the frame, so the sum cannot overflow.
        try count(
            request.n_context + request.n_candidates, limits.columnsMax, "columns_max",
            "PredictRequest.context and candidates")
        for index in 0..<request.n_context { try column(request.context[index], rows: 1) }
        for index in 0..<request.n_candidates {
            try column(request.candidates[index], rows: Int(request.rows))
        }
        if let ranking = request.ranking { try check(ranking.pointee) }
    }

    // MARK: Columns

    private func column(
        _ column: UnsafeMutablePointer<Tandem__V1__Column>?, rows: Int
    ) throws(WireError) {
        guard let column else { return }
        try name(column.pointee.name, "Column.name")
        do throws(WireError) {
            try KnownFields.check(column.pointee.base, "Column")
            try values(column.pointee)
            try lengths(column.pointee, rows: rows)
            if column.pointee.data_type == TANDEM__V1__DATA_TYPE__DATA_TYPE_INT32 {
                try widen(&column.pointee)
            }
        } catch {
            var error = error
            error.feature = TextView(column.pointee.name).string
            error.message = "feature '\(error.feature ?? "")': \(error.message)"
            throw error
        }
    }

    /// The values are where the data type says, and nowhere else.
    private func values(_ column: Tandem__V1__Column) throws(WireError) {
        guard let type = ColumnType(rawValue: column.data_type.rawValue) else {
            throw WireError(
                .unknownValue,
                "data_type \(column.data_type.rawValue) is none of FLOAT32, INT64, INT32, BYTES",
                field: "Column.data_type", actual: Int(column.data_type.rawValue))
        }
        let filled: [4 of (type: ColumnType, count: Int)] = [
            (.float32, column.n_float32_values), (.int64, column.n_int64_values),
            (.int32, column.n_int32_values), (.bytes, column.blob.len + column.n_blob_lengths),
        ]
        for index in filled.indices where filled[index].count > 0 && filled[index].type != type {
            throw WireError(
                .valuesMisplaced,
                "data_type says \(type.name) but the \(filled[index].type.name) field has values; "
                    + "fill only the field that data_type names",
                field: "Column.data_type")
        }
    }

    /// The lengths add up and the presence bits cover the rows.
    private func lengths(_ column: Tandem__V1__Column, rows: Int) throws(WireError) {
        let blobBytes = sum(column.blob_lengths, column.n_blob_lengths)
        guard blobBytes == column.blob.len else {
            throw WireError(
                .lengthMismatch,
                "blob_lengths add up to \(blobBytes) but blob has \(column.blob.len) bytes",
                field: "Column.blob_lengths", bound: column.blob.len, actual: blobBytes)
        }
        if column.n_list_lengths > 0 {
            guard column.n_list_lengths == rows else {
                throw WireError(
                    .lengthMismatch,
                    "list_lengths has \(column.n_list_lengths) entries for \(rows) rows",
                    field: "Column.list_lengths", bound: rows, actual: column.n_list_lengths)
            }
            let listed = sum(column.list_lengths, column.n_list_lengths)
            let given =
                column.n_float32_values + column.n_int64_values + column.n_int32_values
                + column.n_blob_lengths
            guard listed == given else {
                throw WireError(
                    .lengthMismatch,
                    "list_lengths add up to \(listed) but the column has \(given) values",
                    field: "Column.list_lengths", bound: given, actual: listed)
            }
        }
        let presenceBytes = (rows + 7) / 8
        guard column.presence.len == 0 || column.presence.len == presenceBytes else {
            throw WireError(
                .lengthMismatch,
                "presence has \(column.presence.len) bytes; \(rows) rows need \(presenceBytes)",
                field: "Column.presence", bound: presenceBytes, actual: column.presence.len)
        }
    }

    private func widen(_ column: inout Tandem__V1__Column) throws(WireError) {
        let count = column.n_int32_values
        guard count > 0, let narrow = column.int32_values else { return }
        guard let wide = arena.allocate(Int64.self, count: count) else {
            throw WireError(
                .arenaFull,
                "decoding this request takes more than arena_bytes_max = \(arena.capacity) bytes",
                limit: "arena_bytes_max", bound: arena.capacity)
        }
        for index in 0..<count { wide[index] = Int64(narrow[index]) }
        column.int64_values = wide
        column.n_int64_values = count
    }

    /// The sum of lengths; a frame holds fewer than 2^29, so 64 bits cannot overflow.
    private func sum(_ lengths: UnsafeMutablePointer<UInt32>?, _ count: Int) -> Int {
        var sum = 0
        guard let lengths else { return 0 }
        for index in 0..<count { sum &+= Int(lengths[index]) }
        return sum
    }

    // MARK: Ranking

    private func check(_ ranking: Tandem__V1__Ranking) throws(WireError) {
        try KnownFields.check(ranking.base, "Ranking")
        switch ranking.formula_case {
        case TANDEM__V1__RANKING__FORMULA_WEIGHTED_SUM: try terms(ranking.weighted_sum)
        case TANDEM__V1__RANKING__FORMULA_POWER_PRODUCT: try terms(ranking.power_product)
        case TANDEM__V1__RANKING__FORMULA_EXPRESSION:
            try KnownFields.text(
                TextView(ranking.expression), "Ranking.expression", limits.expressionBytesMax,
                "expression_bytes_max")
        case TANDEM__V1__RANKING__FORMULA_NAMED: try name(ranking.named, "Ranking.named")
        default:
            throw WireError(
                .callMissing,
                "a ranking needs one of weighted_sum, power_product, expression, named",
                field: "Ranking.formula")
        }
    }

    private func terms(
        _ terms: UnsafeMutablePointer<Tandem__V1__RankingTerms>?
    ) throws(WireError) {
        guard let terms = terms?.pointee else { return }
        try KnownFields.check(terms.base, "RankingTerms")
        try count(terms.n_terms, limits.rankingTermsMax, "ranking_terms_max", "RankingTerms.terms")
        guard terms.n_terms > 0 else {
            throw WireError(
                .lengthMismatch, "a ranking formula needs at least one term",
                field: "RankingTerms.terms", bound: 1, actual: 0)
        }
        for index in 0..<terms.n_terms {
            guard let term = terms.terms[index]?.pointee else { continue }
            try KnownFields.check(term.base, "RankingTerm")
            try name(term.task, "RankingTerm.task")
            guard term.weight.isFinite else {
                throw WireError(
                    .unknownValue, "the weight of a ranking term must be finite",
                    field: "RankingTerm.weight")
            }
        }
    }

    // MARK: Parts

    private func name(_ name: ProtobufCBinaryData, _ field: String) throws(WireError) {
        try self.name(TextView(name), field)
    }

    private func name(_ name: TextView, _ field: String) throws(WireError) {
        try KnownFields.text(name, field, limits.nameBytesMax, "name_bytes_max")
    }

    private func count(
        _ count: Int, _ bound: Int, _ limit: String, _ field: String
    ) throws(WireError) {
        guard count <= bound else {
            throw WireError(
                .tooMany, "\(field): \(count) is over \(limit) = \(bound)", field: field,
                limit: limit, bound: bound, actual: count)
        }
    }
}

/// Checks that hold for every message of a request.
enum KnownFields {
    /// The numbers from which unknown fields are ignored (`envelope.proto`).
    private static let ignoredFrom: UInt32 = 16

    /// Refuses unknown fields that could change what the message means.
    static func check(_ message: ProtobufCMessage, _ name: String) throws(WireError) {
        for index in 0..<Int(message.n_unknown_fields) {
            let number = message.unknown_fields[index].tag
            guard number >= ignoredFrom else {
                throw WireError(
                    .unknownField,
                    "\(name) has field \(number), which this server does not know; it may need a "
                        + "newer tandemd",
                    field: name, actual: Int(number))
            }
        }
    }

    /// Text that must be given, in UTF-8, within its limit.
    static func text(
        _ text: TextView, _ field: String, _ bound: Int, _ limit: String
    ) throws(WireError) {
        guard !text.isEmpty else {
            throw WireError(.textEmpty, "\(field) is empty", field: field)
        }
        guard text.bytes.count <= bound else {
            throw WireError(
                .textTooLong, "\(field) has \(text.bytes.count) bytes, over \(limit) = \(bound)",
                field: field, limit: limit, bound: bound, actual: text.bytes.count)
        }
        guard text.isUTF8 else {
            throw WireError(.textNotUTF8, "\(field) is not UTF-8", field: field)
        }
    }

    /// A version that was given is not 0 (case 2 of the oneof is the version everywhere).
    static func version(
        _ choice: UInt32, _ version: UInt64, _ field: String
    ) throws(WireError) {
        guard choice != 2 || version != 0 else {
            throw WireError(
                .unknownValue, "\(field) is 0; versions count from 1, leave it out for the current",
                field: field, bound: 1, actual: 0)
        }
    }
}
