/// Why a graph could not be built, verified or executed: which node or value, and what to change.
package struct GraphError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure, open so that one can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case invalidName, duplicateName, unknownValue, unknownOperation, invalidAttribute
            case wrongArity, wrongType, wrongShape, rowsMixed, notTopological, missingTensor
            case wrongTensor, indexOutOfRange, divisionByZero, overflow
            case invalidText
        }
        private let kind: Kind

        /// A name is empty, too long or has characters outside the allowed set.
        package static let invalidName = Code(kind: .invalidName)
        /// Two values carry one name.
        package static let duplicateName = Code(kind: .duplicateName)
        /// A node or output names a value that does not exist.
        package static let unknownValue = Code(kind: .unknownValue)
        /// An operation's name is not one of the intermediate representation's.
        package static let unknownOperation = Code(kind: .unknownOperation)
        /// An operation's attribute is missing, unknown or out of range.
        package static let invalidAttribute = Code(kind: .invalidAttribute)
        /// An operation has too few or too many inputs.
        package static let wrongArity = Code(kind: .wrongArity)
        /// An input has a dtype that the operation does not take.
        package static let wrongType = Code(kind: .wrongType)
        /// Input shapes do not fit each other or the operation.
        package static let wrongShape = Code(kind: .wrongShape)
        /// A parameter was given a row axis, or a weight is computed from rows.
        package static let rowsMixed = Code(kind: .rowsMixed)
        /// A node reads a value that a later node makes.
        package static let notTopological = Code(kind: .notTopological)
        /// The tensor of a parameter or an input was not given.
        package static let missingTensor = Code(kind: .missingTensor)
        /// A tensor was given whose dtype or shape differs from the declaration.
        package static let wrongTensor = Code(kind: .wrongTensor)
        /// An id, index or length lies outside what it points into.
        package static let indexOutOfRange = Code(kind: .indexOutOfRange)
        /// A whole number is divided by 0.
        package static let divisionByZero = Code(kind: .divisionByZero)
        /// A product of dimensions does not fit.
        package static let overflow = Code(kind: .overflow)

        /// A text does not follow the form of graphs.
        package static let invalidText = Code(kind: .invalidText)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package let code: Code
    /// The node or value at fault, by name.
    package let subject: String
    /// What is wrong and what to do.
    package let message: String

    /// Makes an error about a node or value.
    package init(_ code: Code, _ subject: String, _ message: String) {
        self.code = code
        self.subject = subject
        self.message = message
    }

    package var description: String { "graph: \(subject): \(message) (\(code))" }
}
