import TandemFeatures
import TandemGraph
package import TandemNotation

// Design: a features file says how raw values become a model's inputs.
//
// An imported model takes numbers and ids; callers have texts, raw numbers and histories. The file
// has one `[[feature]]` a raw value, in the words of a training specification where they mean the
// same, with learnt things (mean, boundaries, vocabularies) written down, since there is nothing to
// learn from. Inputs that no feature writes are features themselves, passed through.
//
//   [[feature]]
//   name = "country"                 what callers write
//   input = "sparse"                 the model's input; the name, if left out
//   column = 3                       its first column; the next free one, if left out
//   side = "context"                 context or candidate; what the input is, if left out
//   kind = "categorical"             numeric, buckets, categorical, list, words, text or identity
//   vocabulary = "countries.txt"     a file beside this one; or values = [...]; or hash_buckets = N
//   first_id = 2                     ids of known values count from here; missing_id, unknown_id
//
// A vocabulary's file has a value a line, or is JSON by its name: an array, or an object of ids.
//
//   [[feature]]
//   name = "message"
//   input = "input_ids"
//   kind = "text"
//   tokenizer = "tokenizer.json"     or vocab.txt; or vocab.json beside merges = "merges.txt"
//   mask_input = "attention_mask"    also segment_input, length_input
//   max_length = 32                  the input's length, if left out
//   padding = "<pad>"                what fills rows up, where the tokeniser does not say
//   lowercase = false                of a vocab.txt; add_prefix_space of merges; begin, end, unknown
//
//   [[task]]
//   output = "click"                 the model's output
//   kind = "binary"                  binary, multiclass, regression or vector; else as it looks
//   labels = ["no", "yes"]
//   given = "view"                   the task it is conditional on
//
//   [[formula]]
//   name = "value"
//   expression = "click * purchase"

/// One table of a features file, read strictly.
typealias FeatureTable = KeyTable<ImportError>

extension ImportError: NotationFailure {
    /// The same error as one of a features file.
    package init(_ error: NotationError) {
        var problem = ImportProblem(.invalidFeatures, error.problem, remedy: error.remedy)
        problem.key = error.key
        problem.line = error.line
        self.init(problem)
    }
}

/// What a features file says, before the model it is for is known.
package struct FeatureFile: Sendable {
    /// One `[[feature]]`.
    struct Entry: Sendable {
        var name: String
        var input: String
        var column: Int?
        var side: RowAxis?
        var rawType: RawType?
        var width = 1
        var listLengthMax: Int?
        var isRequired = false
        /// Nil for a feature that is passed through as it is.
        var encoding: FeatureEncoding?
        var missingColumn: Int?
        var lengthInput: String?
        var maskInput: String?
        var segmentInput: String?
        var line: Int?

        /// All inputs that it writes.
        var inputs: [String] {
            [input] + [lengthInput, maskInput, segmentInput].compactMap { $0 }
        }
    }

    /// One `[[task]]`.
    struct TaskEntry: Sendable {
        var output: String
        var kind: String?
        var labels: [String]
        var given: String?
        var line: Int?
    }

    let path: String
    private(set) var entries: [Entry] = []
    private(set) var tasks: [TaskEntry] = []
    private(set) var formulas: [RankingFormula] = []

    /// Reads a features file and the vocabularies it names.
    ///
    /// - Throws: `ImportError` `invalidFeatures` with line and key, or `unreadableFile`.
    package init(path: String) throws(ImportError) {
        let file = try MappedFile(path: path)
        guard file.byteCount <= ImportLimits.featureFileByteCountMax,
            let text = String(validating: file.bytes, as: UTF8.self)
        else {
            throw ImportError(
                .invalidFeatures,
                "is not UTF-8, or longer than \(ImportLimits.featureFileByteCountMax) bytes",
                file: path)
        }
        try self.init(text: text, path: path)
    }

    /// Reads a features file's text; files that it names lie beside `path`.
    ///
    /// - Throws: `ImportError` `invalidFeatures` with line and key, or `unreadableFile`.
    package init(text: String, path: String) throws(ImportError) {
        self.path = path
        do throws(ImportError) {
            let root = try FeatureTable(document: text)
            let files = ExternalFiles(model: path)
            var names: Set<String> = []
            for table in try root.tables("feature") {
                let entry = try Entry(table, files)
                guard names.insert(entry.name).inserted else {
                    throw table.error(
                        .wrongValue, "name", "a second feature is called '\(entry.name)'",
                        remedy: "give it another name")
                }
                entries.append(entry)
            }
            for table in try root.tables("task") { tasks.append(try TaskEntry(table)) }
            for table in try root.tables("formula") {
                formulas.append(
                    RankingFormula(
                        name: try table.requiredText("name"),
                        expression: try table.requiredText("expression")))
                try table.finish("a formula")
            }
            try root.finish("a features file")
        } catch {
            var located = error
            if located.file.isEmpty { located.file = path }
            throw located
        }
    }

    /// Whether a feature writes an input beside its own one.
    func isBeside(_ input: String) -> Bool {
        entries.contains { [$0.lengthInput, $0.maskInput, $0.segmentInput].contains(input) }
    }

    /// Names of the model's inputs that only context features write.
    package var contextInputs: Set<String> {
        let candidates = Set(entries.filter { $0.side != .context }.flatMap(\.inputs))
        return Set(entries.filter { $0.side == .context }.flatMap(\.inputs)).subtracting(candidates)
    }
}

extension FeatureFile.TaskEntry {
    init(_ table: FeatureTable) throws(ImportError) {
        output = try table.requiredText("output")
        let kinds = ["binary", "multiclass", "regression", "vector"].map { ($0, $0) }
        kind = try table.choice("kind", kinds)
        labels = try table.texts("labels") ?? []
        given = try table.text("given")
        line = table.line(nil)
        try table.finish("a task")
    }
}
