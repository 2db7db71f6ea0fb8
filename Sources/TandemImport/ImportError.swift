// Design: everything that is wrong, at once.
//
// Whoever exports a model again waits minutes for it, so an import that stops at the first problem
// costs an hour where a list costs one try. What reads bytes stops at the first byte that makes no
// sense, since nothing after it can be trusted; every later stage collects.

/// Why a model cannot be imported: the file, and every problem that was found in it.
package struct ImportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file that was read; empty if the model came from memory.
    package var file: String
    /// The problems, at least one, in the order of the file.
    package let problems: [ImportProblem]

    /// Makes an error of one problem and those that were found with it.
    package init(_ first: ImportProblem, _ others: [ImportProblem] = [], file: String = "") {
        problems = [first] + others
        self.file = file
    }

    /// Makes an error of one problem from its facts.
    package init(
        _ code: ImportProblem.Code, _ message: String, remedy: String = "", node: String? = nil,
        operator: String? = nil, tensor: String? = nil, offset: Int? = nil, file: String = ""
    ) {
        self.init(
            ImportProblem(
                code, message, remedy: remedy, node: node, operator: `operator`, tensor: tensor,
                offset: offset), file: file)
    }

    /// The error of those problems, or nil when there is none.
    package init?(problems: [ImportProblem], file: String = "") {
        guard let first = problems.first else { return nil }
        self.init(first, Array(problems.dropFirst()), file: file)
    }

    /// The kind of the first problem.
    package var code: ImportProblem.Code { problems[0].code }

    /// One line: the file, and the problems behind each other.
    package var description: String {
        let text = problems.map(\.description).joined(separator: " | ")
        return file.isEmpty ? "import: \(text)" : "import: \(file): \(text)"
    }
}
