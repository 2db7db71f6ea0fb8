/// How a call ended: google.rpc.Code's numbers.
///
/// Also in `proto/tandem/v1/status.proto`, whose comments say when each is used; a test compares.
package enum StatusCode: UInt32, CaseIterable, Sendable {
    /// The call did what it was asked.
    case ok = 0
    /// The caller gave the call up, or its connection closed.
    case cancelled = 1
    /// A code this side does not know.
    case unknown = 2
    /// The request itself is wrong, whatever the server holds.
    case invalidArgument = 3
    /// The deadline passed, or cannot be met.
    case deadlineExceeded = 4
    /// No such model, version, label, task, formula or feature.
    case notFound = 5
    /// The id is already in flight, or the thing to make exists.
    case alreadyExists = 6
    /// The peer may not do this, or not on this socket.
    case permissionDenied = 7
    /// Over a limit or out of capacity.
    case resourceExhausted = 8
    /// The model or server is not in the state that the call needs.
    case failedPrecondition = 9
    /// Given up midway; safe to retry.
    case aborted = 10
    /// A number is outside of what the request can mean.
    case outOfRange = 11
    /// Known to the schema but not to this server.
    case unimplemented = 12
    /// A fault of the server's own.
    case `internal` = 13
    /// Starting, draining or loading; safe to retry.
    case unavailable = 14
    /// Bytes on disk are not what they were when written.
    case dataLoss = 15
    /// Never sent by Tandem.
    case unauthenticated = 16

    /// The code of a number from the wire; `unknown` for a number that has no code.
    package init(wire number: UInt32) { self = StatusCode(rawValue: number) ?? .unknown }

    /// google.rpc's spelling, such as `INVALID_ARGUMENT`.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
