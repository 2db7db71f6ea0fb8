/// Why a document was refused: the key or line, what is wrong, what to do.
package struct NotationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String { case invalidDocument, unknownKey, missingKey, wrongValue }
        private let kind: Kind

        /// The text does not follow the notation.
        package static let invalidDocument = Code(kind: .invalidDocument)
        /// A key means nothing here.
        package static let unknownKey = Code(kind: .unknownKey)
        /// A key that is needed does not stand here.
        package static let missingKey = Code(kind: .missingKey)
        /// A key's value has the wrong type, or is out of range.
        package static let wrongValue = Code(kind: .wrongValue)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package var code: Code
    /// What is wrong, without the place.
    package var problem: String
    /// What to do about it; empty if there is nothing to say.
    package var remedy: String
    /// The physical line, from 1.
    package var line: Int?
    /// The key, with its table: `task[1].label`.
    package var key: String?
    /// The offending text, cut short.
    package var text: String?
    /// The limit that was broken.
    package var limit: Int?
    /// The value that was met.
    package var actual: Int?

    /// Makes an error; the other facts are set by the one who knows them.
    package init(_ code: Code, _ problem: String, remedy: String = "") {
        self.code = code
        self.problem = problem
        self.remedy = remedy
    }

    /// The same error with one fact set.
    package func with<Fact>(
        _ fact: WritableKeyPath<NotationError, Fact>, _ value: Fact
    ) -> NotationError {
        var error = self
        error[keyPath: fact] = value
        return error
    }

    package var description: String {
        var parts = line.map { ["line \($0)"] } ?? []
        if let key { parts.append(key) }
        parts.append(remedy.isEmpty ? problem : "\(problem); \(remedy)")
        return "\(parts.joined(separator: ": ")) (\(code))"
    }
}

/// A room's error that says the same as one of a document the room reads.
package protocol NotationFailure: Error {
    /// The room's own form of the error.
    init(_ error: NotationError)
}

extension NotationError: NotationFailure {
    /// The error itself.
    package init(_ error: NotationError) { self = error }
}
