package import TandemGraph

/// Why a graph cannot be rewritten or lowered: which node, and what to do.
///
/// Executing a plan cannot fail; everything is checked when it is made.
package struct EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, open so that one can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String { case invalidGraph, unsupportedOperation, tooLarge, outOfMemory }
        private let kind: Kind

        /// The graph or its tensors do not fit together.
        package static let invalidGraph = Code(kind: .invalidGraph)
        /// The engine does not execute this operation in this form.
        package static let unsupportedOperation = Code(kind: .unsupportedOperation)
        /// A size is over what the kernels take.
        package static let tooLarge = Code(kind: .tooLarge)
        /// The system has no memory for the workspace.
        package static let outOfMemory = Code(kind: .outOfMemory)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package let code: Code
    /// The node, parameter or plan at fault, by name.
    package let subject: String
    /// What is wrong and what to do.
    package let message: String

    /// Makes an error about a node or parameter.
    package init(_ code: Code, _ subject: String, _ message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    /// An error of the graph's own checks, as the engine reports it.
    package init(_ error: GraphError) {
        self.init(.invalidGraph, error.subject, "\(error.message) (\(error.code))")
    }

    package var description: String { "engine: \(subject): \(message) (\(code))" }
}
