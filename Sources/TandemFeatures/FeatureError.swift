/// Why a signature, a raw column or a feature's learning was refused: where, and what to change.
package struct FeatureError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case invalidName, duplicateName, invalidEncoding, invalidVocabulary, limitExceeded
            case unknownInput, wrongInput, overlappingColumns, uncoveredInput, identifierOutOfRange
            case wrongTask, wrongFormula
            case wrongType, wrongCount, missingValue, notANumber, infiniteNumber
            case nothingToLearn
            case invalidTokenizer, invalidText
        }
        private let kind: Kind

        /// A name is empty, too long or has control characters.
        package static let invalidName = Code(kind: .invalidName)
        /// Two features, tasks or formulas carry one name.
        package static let duplicateName = Code(kind: .duplicateName)
        /// An encoding's parameters are out of range, or do not suit the raw type.
        package static let invalidEncoding = Code(kind: .invalidEncoding)
        /// A vocabulary holds a value twice, or its lengths do not fit its bytes.
        package static let invalidVocabulary = Code(kind: .invalidVocabulary)
        /// A count or size is over one of `FeatureLimits`.
        package static let limitExceeded = Code(kind: .limitExceeded)
        /// A feature goes to an input that the graph does not have.
        package static let unknownInput = Code(kind: .unknownInput)
        /// A graph input's dtype, row axis or shape is not what the feature makes.
        package static let wrongInput = Code(kind: .wrongInput)
        /// Two features write one column of a graph input.
        package static let overlappingColumns = Code(kind: .overlappingColumns)
        /// A column of a graph input is written by no feature.
        package static let uncoveredInput = Code(kind: .uncoveredInput)
        /// A feature can make an id that the table it is looked up in does not have.
        package static let identifierOutOfRange = Code(kind: .identifierOutOfRange)
        /// A task does not fit the graph's outputs or the other tasks.
        package static let wrongTask = Code(kind: .wrongTask)
        /// A ranking formula is empty or too long.
        package static let wrongFormula = Code(kind: .wrongFormula)
        /// A raw column has another type than its feature, or is a list where that is not one.
        package static let wrongType = Code(kind: .wrongType)
        /// The parts of a raw column do not agree with each other or with the number of rows.
        package static let wrongCount = Code(kind: .wrongCount)
        /// A row has no value though the feature requires one.
        package static let missingValue = Code(kind: .missingValue)
        /// A number is NaN; missing values are said by presence bits.
        package static let notANumber = Code(kind: .notANumber)
        /// A number is infinite.
        package static let infiniteNumber = Code(kind: .infiniteNumber)
        /// There is no value to learn an encoding from.
        package static let nothingToLearn = Code(kind: .nothingToLearn)
        /// A tokeniser's parts are out of range, or do not fit each other.
        package static let invalidTokenizer = Code(kind: .invalidTokenizer)
        /// A text is not UTF-8.
        package static let invalidText = Code(kind: .invalidText)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package let code: Code
    /// The feature, task or formula at fault, by name; a feature of a raw column always.
    package let subject: String
    /// What is wrong and what to do.
    package let message: String
    /// The row at fault, from 0, where it is one row's fault.
    package let row: Int?
    /// The bound or the expected number, where the failure is about one.
    package let limit: Int?
    /// The number that was found, in the unit of `limit`.
    package let actual: Int?

    /// Makes an error about a feature, task or formula.
    package init(
        _ code: Code, _ subject: String, _ message: String, row: Int? = nil, limit: Int? = nil,
        actual: Int? = nil
    ) {
        self.code = code
        self.subject = subject
        self.message = message
        self.row = row
        self.limit = limit
        self.actual = actual
    }

    package var description: String { "feature: \(subject): \(message) (\(code))" }
}
