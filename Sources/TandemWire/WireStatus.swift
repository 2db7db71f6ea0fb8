/// The outcome of a call that did not succeed, as it travels.
package struct WireStatus: Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure.
    package var code: StatusCode
    /// What is wrong, where, and how to mend it; one line.
    package var message: String
    /// Machine-readable facts, most important first.
    package var details: [StatusDetail]
    /// Nanoseconds after which a retry has a chance; 0 for no hint.
    package var retryAfterNanoseconds: UInt64

    /// Makes a status.
    package init(
        _ code: StatusCode, _ message: String, details: [StatusDetail] = [],
        retryAfterNanoseconds: UInt64 = 0
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.retryAfterNanoseconds = retryAfterNanoseconds
    }

    /// One line: code, then message.
    package var description: String { "\(code.name): \(message)" }
}

/// One machine-readable fact about a failure.
///
/// Empty strings and nils are facts that do not apply.
package struct StatusDetail: Hashable, Sendable {
    /// A stable name for the reason, upper snake case.
    package var reason: String
    /// The model it is about.
    package var model = ""
    /// The feature it is about.
    package var feature = ""
    /// The task it is about.
    package var task = ""
    /// The limit's name as in the configuration.
    package var limit = ""
    /// The limit's bound, in the unit that ends its name.
    package var bound: Int64?
    /// The number given or found.
    package var actual: Int64?
    /// What was expected, where that is not a number.
    package var expected = ""
    /// What was given, where that is not a number.
    package var given = ""
    /// The candidate row at fault, from 0.
    package var row: UInt32?
    /// Byte offset of the fault in the text or frame given, from 0.
    package var offset: UInt64?

    /// Makes a detail with only a reason; set what else applies.
    package init(reason: String) { self.reason = reason }
}
