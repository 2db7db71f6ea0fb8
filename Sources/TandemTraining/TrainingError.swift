/// Why data could not be read, a spec was refused or a training run stopped: where, and what to do.
///
/// One struct for the whole room. The facts are fields, so that a caller can act on them and a test
/// can check them; `message` says the same to a person.
package struct TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// Open, so that a kind can be added without breaking a switch elsewhere.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unreadableFile, unwritableFile, damagedCompression, unknownCompression
            case emptyInput, raggedRow, invalidQuoting, overLimit, notANumber
            case missingColumn, duplicateColumn
            case invalidSpec, unknownKey, missingKey, wrongValue, duplicateName, unknownName
            case labelAmongInputs, invalidExpression, unknownLabel, noLabel, noRows
            case unusableFeature
            case wrongShape, notDifferentiable, diverged, cancelled
            case unsafeLibrary
        }
        private let kind: Kind

        /// A file cannot be opened or read.
        package static let unreadableFile = Code(kind: .unreadableFile)
        /// A file cannot be made or written.
        package static let unwritableFile = Code(kind: .unwritableFile)
        /// A compressed file is cut or damaged.
        package static let damagedCompression = Code(kind: .damagedCompression)
        /// A file is packed in a form that is not read here.
        package static let unknownCompression = Code(kind: .unknownCompression)
        /// A file has no row.
        package static let emptyInput = Code(kind: .emptyInput)
        /// A row has more or fewer fields than the header.
        package static let raggedRow = Code(kind: .raggedRow)
        /// A quote is never closed, or text follows a closed one.
        package static let invalidQuoting = Code(kind: .invalidQuoting)
        /// Something is larger than a named limit allows.
        package static let overLimit = Code(kind: .overLimit)
        /// A text stands where a number is expected.
        package static let notANumber = Code(kind: .notANumber)
        /// The files lack a column that the spec names.
        package static let missingColumn = Code(kind: .missingColumn)
        /// A column that the spec names stands twice in a file.
        package static let duplicateColumn = Code(kind: .duplicateColumn)
        /// A spec is not valid TOML.
        package static let invalidSpec = Code(kind: .invalidSpec)
        /// A spec has a key that means nothing.
        package static let unknownKey = Code(kind: .unknownKey)
        /// A spec lacks a key that it needs.
        package static let missingKey = Code(kind: .missingKey)
        /// A key's value has the wrong type, or is out of range.
        package static let wrongValue = Code(kind: .wrongValue)
        /// Two features, tasks or derived columns carry one name.
        package static let duplicateName = Code(kind: .duplicateName)
        /// A key names a task, column or recipe that does not exist.
        package static let unknownName = Code(kind: .unknownName)
        /// A task's label, or what its label is made of, is also an input.
        package static let labelAmongInputs = Code(kind: .labelAmongInputs)
        /// An expression cannot be parsed, or mixes numbers, texts and truth values.
        package static let invalidExpression = Code(kind: .invalidExpression)
        /// A row's label is none of the task's.
        package static let unknownLabel = Code(kind: .unknownLabel)
        /// A task has no labelled row, or only one class.
        package static let noLabel = Code(kind: .noLabel)
        /// A part of the split has no rows.
        package static let noRows = Code(kind: .noRows)
        /// Nothing can be learnt of a feature, or its values cannot be encoded.
        package static let unusableFeature = Code(kind: .unusableFeature)
        /// A graph, tensor or column has a shape that the trainer cannot use.
        package static let wrongShape = Code(kind: .wrongShape)
        /// A node of a graph has no derivative here.
        package static let notDifferentiable = Code(kind: .notDifferentiable)
        /// A loss or weight became infinite or not a number.
        package static let diverged = Code(kind: .diverged)
        /// A library in use gives wrong results to several threads.
        package static let unsafeLibrary = Code(kind: .unsafeLibrary)
        /// The caller stopped the run.
        package static let cancelled = Code(kind: .cancelled)

        package var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    package var code: Code
    /// What is wrong, without the place.
    package var problem: String
    /// What to do about it; empty if there is nothing to say.
    package var remedy: String
    /// The file at fault, as the caller named it.
    package var file: String?
    /// The physical line in the file, from 1.
    package var line: Int?
    /// The column's name.
    package var column: String?
    /// The column's number in its file, from 1.
    package var columnNumber: Int?
    /// The spec's key, with its table: `task[1].label`.
    package var key: String?
    /// The graph's node, by name.
    package var node: String?
    /// The offending text, cut short.
    package var text: String?
    /// The limit that was broken, or the value that was expected.
    package var limit: Int?
    /// The value that was met.
    package var actual: Int?

    /// Makes an error; the other facts are set by the one who knows them.
    package init(_ code: Code, _ problem: String, remedy: String = "") {
        self.code = code
        self.problem = problem
        self.remedy = remedy
    }

    /// Where it is, what is wrong and what to do, in one line.
    package var message: String {
        var place = file ?? ""
        if let line { place += place.isEmpty ? "line \(line)" : ":\(line)" }
        var parts = place.isEmpty ? [] : [place]
        if let key { parts.append(key) }
        if let column {
            parts.append("column \(columnNumber.map { "\($0) " } ?? "")'\(column)'")
        } else if let columnNumber {
            parts.append("column \(columnNumber)")
        }
        parts.append(remedy.isEmpty ? problem : "\(problem); \(remedy)")
        return parts.joined(separator: ": ")
    }

    package var description: String { "\(message) (\(code))" }
}

extension TrainingError {
    /// The same error with one fact set.
    package func with<Fact>(
        _ fact: WritableKeyPath<TrainingError, Fact>, _ value: Fact
    ) -> TrainingError {
        var error = self
        error[keyPath: fact] = value
        return error
    }

    /// The same error with a file, unless it already names one.
    package func at(file: String, line: Int? = nil) -> TrainingError {
        var error = self
        error.file = error.file ?? file
        error.line = error.line ?? line
        return error
    }
}
