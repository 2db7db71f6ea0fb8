internal import TandemFeatures
package import TandemWire

extension RequestError {
    /// The error as it travels.
    package var status: WireStatus {
        var detail = StatusDetail(reason: code.reason)
        detail.model = model ?? ""
        detail.feature = feature ?? ""
        detail.task = task ?? ""
        detail.limit = limit ?? ""
        detail.bound = bound.map(Int64.init)
        detail.actual = actual.map(Int64.init)
        detail.expected = expected ?? ""
        detail.given = given ?? ""
        detail.row = row.map { UInt32(clamping: $0) }
        detail.offset = offset.map { UInt64(clamping: $0) }
        return WireStatus(
            code.statusCode, message, details: [detail],
            retryAfterNanoseconds: retryAfterNanoseconds)
    }

    /// The error that a status came from; nil if its first detail is not one of ours.
    package init?(_ status: WireStatus) {
        guard let detail = status.details.first, let code = Code(reason: detail.reason) else {
            return nil
        }
        func text(_ text: String) -> String? { text.isEmpty ? nil : text }
        self.init(
            code, status.message, model: text(detail.model), feature: text(detail.feature),
            task: text(detail.task), limit: text(detail.limit),
            bound: detail.bound.map(Int.init), actual: detail.actual.map(Int.init),
            expected: text(detail.expected), given: text(detail.given),
            row: detail.row.map(Int.init), offset: detail.offset.map { Int(clamping: $0) })
        retryAfterNanoseconds = status.retryAfterNanoseconds
    }

    /// What the feature room refuses, as the caller is told.
    init(_ error: FeatureError) {
        let code: Code =
            switch error.code {
            case .wrongType: .featureWrongType
            case .wrongCount: .featureWrongCount
            case .missingValue: .featureMissing
            case .notANumber, .infiniteNumber: .featureNotFinite
            case .invalidText: .featureNotText
            case .identifierOutOfRange: .featureOutOfRange
            case .limitExceeded: .featureTooLarge
            // The rest are faults of a signature, which was checked when the model was loaded.
            default: .serverFault
            }
        let place = error.row.map { ", row \($0)" } ?? ""
        self.init(
            code, "feature '\(error.subject)'\(place): \(error.message)", feature: error.subject,
            bound: error.limit, actual: error.actual, row: error.row)
    }
}
