package import TandemWire

/// Why a call has no answer: what the server said, or what kept it from being asked.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open: more may be added. Codes that the server answers with have google.rpc's meanings; the
    /// others are this side's own.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private let name: String

        private init(_ name: String) { self.name = name }

        /// No socket at the path.
        public static let socketMissing = Code("socketMissing")
        /// The path is no Unix socket, or is not the path of one by its length.
        public static let socketPathInvalid = Code("socketPathInvalid")
        /// A socket file without anyone who listens.
        public static let connectionRefused = Code("connectionRefused")
        /// The connection ended before the answer came.
        public static let connectionLost = Code("connectionLost")
        /// The connection was closed by this side.
        public static let connectionClosed = Code("connectionClosed")
        /// No answer within the time that this side waits.
        public static let timedOut = Code("timedOut")
        /// The other side does not speak this protocol, or not this version of it.
        public static let protocolViolation = Code("protocolViolation")
        /// The request cannot be sent as it is; nothing was sent.
        public static let requestInvalid = Code("requestInvalid")
        /// The system has no descriptor, memory or thread left.
        public static let systemExhausted = Code("systemExhausted")

        /// The call was given up by its task or by a cancel call.
        public static let cancelled = Code("cancelled")
        /// The server's answer has a code that this client does not know.
        public static let unknown = Code("unknown")
        /// The request is wrong, whatever the server holds.
        public static let invalidArgument = Code("invalidArgument")
        /// The deadline passed, or could not be met.
        public static let deadlineExceeded = Code("deadlineExceeded")
        /// No such model, version, label, task, formula or feature.
        public static let notFound = Code("notFound")
        /// The thing to make exists.
        public static let alreadyExists = Code("alreadyExists")
        /// This user may not connect, or not make this call on this socket.
        public static let permissionDenied = Code("permissionDenied")
        /// Over a limit, or the server has no capacity left.
        public static let resourceExhausted = Code("resourceExhausted")
        /// The model or server is not in the state that the call needs.
        public static let failedPrecondition = Code("failedPrecondition")
        /// Given up midway; safe to retry.
        public static let aborted = Code("aborted")
        /// A number is outside of what the request can mean.
        public static let outOfRange = Code("outOfRange")
        /// The server does not know the call or an option of it.
        public static let unimplemented = Code("unimplemented")
        /// A fault of the server's own; its journal has the line.
        public static let `internal` = Code("internal")
        /// The server is starting, draining or loading; safe to retry.
        public static let unavailable = Code("unavailable")
        /// Bytes on the server's disk are not what they were when written.
        public static let dataLoss = Code("dataLoss")
        /// Never answered by Tandem.
        public static let unauthenticated = Code("unauthenticated")

        /// The code's name, such as `notFound`.
        public var description: String { name }

        /// The code of a wire status; also in `StatusCode`.
        ///
        /// One to one.
        package init(_ code: StatusCode) {
            switch code {
            case .ok, .unknown: self = .unknown
            case .cancelled: self = .cancelled
            case .invalidArgument: self = .invalidArgument
            case .deadlineExceeded: self = .deadlineExceeded
            case .notFound: self = .notFound
            case .alreadyExists: self = .alreadyExists
            case .permissionDenied: self = .permissionDenied
            case .resourceExhausted: self = .resourceExhausted
            case .failedPrecondition: self = .failedPrecondition
            case .aborted: self = .aborted
            case .outOfRange: self = .outOfRange
            case .unimplemented: self = .unimplemented
            case .internal: self = .internal
            case .unavailable: self = .unavailable
            case .dataLoss: self = .dataLoss
            case .unauthenticated: self = .unauthenticated
            }
        }
    }

    /// One machine-readable fact from the server.
    ///
    /// Empty strings and nils do not apply.
    public struct Fact: Hashable, Sendable {
        /// A stable name for the reason, upper snake case.
        public var reason: String
        /// The model it is about.
        public var model: String
        /// The feature it is about.
        public var feature: String
        /// The task it is about.
        public var task: String
        /// The limit's name as in the server's configuration.
        public var limit: String
        /// The limit's bound, in the unit that ends its name.
        public var bound: Int64?
        /// The number given or found.
        public var actual: Int64?
        /// What was expected, where that is not a number.
        public var expected: String
        /// What was given, where that is not a number.
        public var given: String
        /// The candidate row at fault, from 0.
        public var row: Int?
        /// Byte offset of the fault in the text given, from 0.
        public var offset: Int?
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, where, and what to do; one line.
    public var message: String
    /// The socket's path.
    public var path: String
    /// What the server told besides its message, most important first.
    public var facts: [Fact]
    /// After this time a retry has a chance; nil where the server gave no hint.
    public var retryAfter: Duration?
    /// Whether the server said this, rather than this side of the connection.
    public var isFromServer: Bool
    /// The system's error number, where a system call failed; else 0.
    public var systemError: Int32

    /// Makes an error of this side's own.
    package init(_ code: Code, _ message: String, path: String, systemError: Int32 = 0) {
        self.code = code
        self.message = message
        self.path = path
        self.systemError = systemError
        facts = []
        retryAfter = nil
        isFromServer = false
    }

    /// The server's status as an error.
    package init(_ status: WireStatus, path: String) {
        self.init(Code(status.code), status.message, path: path)
        isFromServer = true
        facts = status.details.map { Fact($0) }
        if status.retryAfterNanoseconds > 0 {
            retryAfter = .nanoseconds(Int64(clamping: status.retryAfterNanoseconds))
        }
    }

    /// A refusal of the wire room as an error of the connection.
    package init(_ error: WireError, path: String) {
        switch error.code {
        case .frameTooLarge, .arenaFull: self.init(.requestInvalid, error.message, path: path)
        default: self.init(.protocolViolation, error.message, path: path)
        }
    }

    /// One line: code, then message, then the path.
    public var description: String { "\(code): \(message) (socket \(path))" }
}

extension ClientError.Fact {
    fileprivate init(_ detail: StatusDetail) {
        reason = detail.reason
        model = detail.model
        feature = detail.feature
        task = detail.task
        limit = detail.limit
        bound = detail.bound
        actual = detail.actual
        expected = detail.expected
        given = detail.given
        row = detail.row.map { Int($0) }
        offset = detail.offset.map { Int(clamping: $0) }
    }
}
