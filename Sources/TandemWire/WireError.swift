/// Why bytes from the other side were refused, or why a message could not be written.
package struct WireError: Error, Sendable, CustomStringConvertible {
    /// The kind of refusal.
    ///
    /// Open: more may be added.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case arenaFull, callMissing, frameEmpty, frameTooLarge, idMissing, lengthMismatch
            case lengthPrefixEndless, lengthPrefixNotShortest, malformed, textEmpty, textNotUTF8
            case textTooLong, tooMany, unknownField, unknownValue, valuesMisplaced
        }
        private let kind: Kind
        private init(_ kind: Kind) { self.kind = kind }

        /// The message needs more memory to decode than the arena may hold.
        package static let arenaFull = Code(.arenaFull)
        /// The envelope holds no call or answer that this side knows.
        package static let callMissing = Code(.callMissing)
        /// The length prefix says 0.
        ///
        /// The framing is lost.
        package static let frameEmpty = Code(.frameEmpty)
        /// The length prefix says more than the limit.
        ///
        /// The framing is lost.
        package static let frameTooLarge = Code(.frameTooLarge)
        /// The envelope's id is absent or 0.
        package static let idMissing = Code(.idMissing)
        /// Lengths or counts that must agree do not.
        package static let lengthMismatch = Code(.lengthMismatch)
        /// The length prefix does not end within 5 bytes.
        ///
        /// The framing is lost.
        package static let lengthPrefixEndless = Code(.lengthPrefixEndless)
        /// The length prefix is not in its shortest form.
        ///
        /// The framing is lost.
        package static let lengthPrefixNotShortest = Code(.lengthPrefixNotShortest)
        /// The bytes are not a message of the schema.
        package static let malformed = Code(.malformed)
        /// A name that must be given is empty.
        package static let textEmpty = Code(.textEmpty)
        /// Text is not UTF-8.
        package static let textNotUTF8 = Code(.textNotUTF8)
        /// Text is over its limit.
        package static let textTooLong = Code(.textTooLong)
        /// A repeated field has more entries than its limit.
        package static let tooMany = Code(.tooMany)
        /// A field number below 16 that this side does not know.
        package static let unknownField = Code(.unknownField)
        /// An enum number, or another value, that this side does not know.
        package static let unknownValue = Code(.unknownValue)
        /// A column's values are not in the field that its data type names.
        package static let valuesMisplaced = Code(.valuesMisplaced)

        /// The code's name, such as `frameTooLarge`.
        package var description: String { kind.rawValue }
    }

    /// The kind of refusal.
    package var code: Code
    /// What is wrong, where, and what to do; one line.
    package var message: String
    /// The schema's name of the field at fault, such as `PredictRequest.model`.
    package var field: String?
    /// The feature (column) at fault.
    package var feature: String?
    /// The name of the limit that was broken, as in the configuration.
    package var limit: String?
    /// The limit's bound or the number expected.
    package var bound: Int?
    /// The number given.
    package var actual: Int?
    /// The id of the request that these bytes are, as far as it could be read; 0 if not.
    package var requestID: UInt64 = 0

    /// Makes an error.
    package init(
        _ code: Code, _ message: String, field: String? = nil, feature: String? = nil,
        limit: String? = nil, bound: Int? = nil, actual: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.feature = feature
        self.limit = limit
        self.bound = bound
        self.actual = actual
    }

    /// Whether the place of the next frame is unknown, so that the connection must close after the
    /// status, which then carries id 0.
    package var losesFraming: Bool {
        switch code {
        case .frameEmpty, .frameTooLarge, .lengthPrefixEndless, .lengthPrefixNotShortest: true
        default: false
        }
    }

    /// The status code that the sender of these bytes is answered with.
    package var statusCode: StatusCode {
        switch code {
        case .arenaFull, .frameTooLarge, .tooMany: .resourceExhausted
        case .callMissing, .unknownField: .unimplemented
        default: .invalidArgument
        }
    }

    /// The error as the wire's status.
    package var status: WireStatus {
        var detail = StatusDetail(reason: "WIRE_" + Self.upperSnake(code.description))
        detail.feature = feature ?? ""
        detail.limit = limit ?? ""
        detail.bound = bound.map(Int64.init)
        detail.actual = actual.map(Int64.init)
        return WireStatus(statusCode, message, details: [detail])
    }

    /// One line: code, then message.
    package var description: String { "\(code): \(message)" }

    /// `frameTooLarge` to `FRAME_TOO_LARGE`.
    private static func upperSnake(_ name: String) -> String {
        var result = ""
        var previousWasUpper = true
        for character in name {
            if character.isUppercase && !previousWasUpper { result.append("_") }
            previousWasUpper = character.isUppercase
            result.append(contentsOf: character.uppercased())
        }
        return result
    }
}
