package import TandemWire

// Design: one table from what went wrong to what travels.
//
// Each code has a reason, which is the name on the wire (`StatusDetail.reason`), and a google.rpc
// status code. Reasons are unique, so that a client can turn a status back into the code: both
// directions are read from the same switch, and a test proves that they are inverse.

/// Why a call was refused: what is wrong, where, and what to do.
package struct RequestError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of refusal.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, CaseIterable {
            case modelUnknown = "MODEL_UNKNOWN"
            case versionUnknown = "VERSION_UNKNOWN"
            case labelUnknown = "LABEL_UNKNOWN"
            case modelNotReady = "MODEL_NOT_READY"
            case modelFailed = "MODEL_FAILED"
            case featureUnknown = "FEATURE_UNKNOWN"
            case featureTwice = "FEATURE_TWICE"
            case featureWrongSide = "FEATURE_WRONG_SIDE"
            case featureWrongType = "FEATURE_WRONG_TYPE"
            case featureWrongCount = "FEATURE_WRONG_COUNT"
            case featureMissing = "FEATURE_MISSING"
            case featureNotFinite = "FEATURE_NOT_FINITE"
            case featureNotText = "FEATURE_NOT_TEXT"
            case featureOutOfRange = "FEATURE_OUT_OF_RANGE"
            case featureTooLarge = "FEATURE_TOO_LARGE"
            case taskUnknown = "TASK_UNKNOWN"
            case taskTwice = "TASK_TWICE"
            case columnOutOfRange = "COLUMN_OUT_OF_RANGE"
            case formulaUnknown = "FORMULA_UNKNOWN"
            case formulaInvalid = "FORMULA_INVALID"
            case formulaTooLarge = "FORMULA_TOO_LARGE"
            case topKOutOfRange = "TOP_K_OUT_OF_RANGE"
            case deadlinePassed = "DEADLINE_PASSED"
            case deadlineUnreachable = "DEADLINE_UNREACHABLE"
            case queueFull = "QUEUE_FULL"
            case tooManyInFlight = "TOO_MANY_IN_FLIGHT"
            case notAllowed = "NOT_ALLOWED"
            case cancelled = "CALL_CANCELLED"
            case callUnsupported = "CALL_UNSUPPORTED"
            case answerTooLarge = "ANSWER_TOO_LARGE"
            case wrongSocket = "WRONG_SOCKET"
            case idInFlight = "ID_IN_FLIGHT"
            case draining = "DRAINING"
            case loadFailed = "LOAD_FAILED"
            case labelMismatch = "LABEL_MISMATCH"
            case configurationRefused = "CONFIGURATION_REFUSED"
            case dataDamaged = "DATA_DAMAGED"
            case serverFault = "SERVER_FAULT"
        }
        private let kind: Kind

        /// No model of that name is in the repository.
        package static let modelUnknown = Code(kind: .modelUnknown)
        /// The model has no such version.
        package static let versionUnknown = Code(kind: .versionUnknown)
        /// The model has no such label.
        package static let labelUnknown = Code(kind: .labelUnknown)
        /// The model is there but is not loaded yet.
        package static let modelNotReady = Code(kind: .modelNotReady)
        /// The model is there but could not be loaded.
        package static let modelFailed = Code(kind: .modelFailed)
        /// The model has no feature of that name.
        package static let featureUnknown = Code(kind: .featureUnknown)
        /// A feature has two columns.
        package static let featureTwice = Code(kind: .featureTwice)
        /// A feature of the context stands among the candidates, or the other way round.
        package static let featureWrongSide = Code(kind: .featureWrongSide)
        /// A column has not its feature's type.
        package static let featureWrongType = Code(kind: .featureWrongType)
        /// A column has not as many values as the request has rows.
        package static let featureWrongCount = Code(kind: .featureWrongCount)
        /// A required feature has no column, or a row without value.
        package static let featureMissing = Code(kind: .featureMissing)
        /// A value is NaN or infinite.
        package static let featureNotFinite = Code(kind: .featureNotFinite)
        /// A text is not UTF-8 where the model reads letters.
        package static let featureNotText = Code(kind: .featureNotText)
        /// A whole number is beyond what the model has a place for.
        package static let featureOutOfRange = Code(kind: .featureOutOfRange)
        /// A text is over its limit.
        package static let featureTooLarge = Code(kind: .featureTooLarge)
        /// The model has no task of that name.
        package static let taskUnknown = Code(kind: .taskUnknown)
        /// A task is listed twice.
        package static let taskTwice = Code(kind: .taskTwice)
        /// A ranking formula names a column beyond its task's width.
        package static let columnOutOfRange = Code(kind: .columnOutOfRange)
        /// The package has no formula of that name.
        package static let formulaUnknown = Code(kind: .formulaUnknown)
        /// A ranking expression cannot be read.
        package static let formulaInvalid = Code(kind: .formulaInvalid)
        /// A ranking expression is too long or too deeply nested.
        package static let formulaTooLarge = Code(kind: .formulaTooLarge)
        /// `top_k` is 0 or beyond the rows.
        package static let topKOutOfRange = Code(kind: .topKOutOfRange)
        /// The deadline passed before the answer was ready.
        package static let deadlinePassed = Code(kind: .deadlinePassed)
        /// An answer could not be ready by the deadline, so none was begun.
        package static let deadlineUnreachable = Code(kind: .deadlineUnreachable)
        /// More work waits than the limit allows.
        package static let queueFull = Code(kind: .queueFull)
        /// The user has more calls or bytes in flight than the limit allows.
        package static let tooManyInFlight = Code(kind: .tooManyInFlight)
        /// No rule of the configuration allows this user the call on this model.
        package static let notAllowed = Code(kind: .notAllowed)
        /// The caller gave the call up.
        package static let cancelled = Code(kind: .cancelled)
        /// A call is known but not implemented here.
        package static let callUnsupported = Code(kind: .callUnsupported)
        /// The answer would be over the frame limit.
        package static let answerTooLarge = Code(kind: .answerTooLarge)
        /// The call belongs on the other socket.
        package static let wrongSocket = Code(kind: .wrongSocket)
        /// The call's id is in flight on this connection.
        package static let idInFlight = Code(kind: .idInFlight)
        /// The daemon drains and takes no more calls.
        package static let draining = Code(kind: .draining)
        /// A version could not be loaded.
        package static let loadFailed = Code(kind: .loadFailed)
        /// A label does not name the version that the caller says.
        package static let labelMismatch = Code(kind: .labelMismatch)
        /// The configuration file cannot be taken; what was in force still is.
        package static let configurationRefused = Code(kind: .configurationRefused)
        /// A package's bytes are not what they were when written.
        package static let dataDamaged = Code(kind: .dataDamaged)
        /// A fault of the server's own.
        package static let serverFault = Code(kind: .serverFault)

        /// Every code there is.
        package static var all: [Code] { Kind.allCases.map(Code.init(kind:)) }

        /// The name on the wire.
        package var reason: String { kind.rawValue }

        /// The code of a reason from the wire; nil for one that is not ours.
        package init?(reason: String) {
            guard let kind = Kind(rawValue: reason) else { return nil }
            self.init(kind: kind)
        }

        private init(kind: Kind) { self.kind = kind }

        /// The status code it travels as.
        package var statusCode: StatusCode {
            switch kind {
            case .modelUnknown, .versionUnknown, .labelUnknown, .featureUnknown, .taskUnknown,
                .formulaUnknown:
                .notFound
            case .featureTwice, .featureWrongSide, .featureWrongType, .featureWrongCount,
                .featureMissing, .featureNotFinite, .featureNotText, .taskTwice, .formulaInvalid:
                .invalidArgument
            case .columnOutOfRange, .featureOutOfRange, .topKOutOfRange: .outOfRange
            case .featureTooLarge, .formulaTooLarge, .answerTooLarge, .queueFull, .tooManyInFlight:
                .resourceExhausted
            case .deadlinePassed, .deadlineUnreachable: .deadlineExceeded
            case .cancelled: .cancelled
            case .callUnsupported: .unimplemented
            case .wrongSocket, .notAllowed: .permissionDenied
            case .idInFlight: .alreadyExists
            case .modelNotReady, .draining: .unavailable
            case .modelFailed, .loadFailed, .labelMismatch, .configurationRefused:
                .failedPrecondition
            case .dataDamaged: .dataLoss
            case .serverFault: .internal
            }
        }

        package var description: String { kind.rawValue }
    }

    /// What kind of refusal it is.
    package var code: Code
    /// What is wrong, where, and what to do; one line.
    package var message: String
    /// The model concerned.
    package var model: String?
    /// The feature at fault.
    package var feature: String?
    /// The task at fault.
    package var task: String?
    /// The limit that was broken, as in the configuration.
    package var limit: String?
    /// The bound or the number expected.
    package var bound: Int?
    /// The number given.
    package var actual: Int?
    /// What was expected, where that is not a number.
    package var expected: String?
    /// What was given, where that is not a number.
    package var given: String?
    /// The candidate row at fault, from 0.
    package var row: Int?
    /// Byte offset of the fault in a ranking expression, from 0.
    package var offset: Int?
    /// Nanoseconds after which a retry has a chance; 0 for no hint.
    package var retryAfterNanoseconds: UInt64 = 0

    /// Makes an error; facts are set as they apply.
    package init(
        _ code: Code, _ message: String, model: String? = nil, feature: String? = nil,
        task: String? = nil, limit: String? = nil, bound: Int? = nil, actual: Int? = nil,
        expected: String? = nil, given: String? = nil, row: Int? = nil, offset: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.model = model
        self.feature = feature
        self.task = task
        self.limit = limit
        self.bound = bound
        self.actual = actual
        self.expected = expected
        self.given = given
        self.row = row
        self.offset = offset
    }

    package var description: String { "request: \(message) (\(code))" }
}
