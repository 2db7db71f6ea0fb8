// Design: one file says what a model is, and it can be read back from the model.
//
// A spec is TOML that people write by hand. Its text is kept in the package's provenance, so that
// `tandem evaluate` and `tandem predict` read a file of the same form by the same rules. It is
// strict: an unknown key, a value out of range or a label among the inputs is refused with its
// line, because a spec with a typo trains a worse model without a word. It names no file.
//
//     [model]
//     name = "shop"                   # of the package; letters, digits, _ - .
//     architecture = "mmoe"           # "shared-bottom", "ple", "esmm", "aitm", "cross-stitch", "dcn"
//     # mmoe:  experts = 4, expert_layers = [128, 64]
//     # ple:   levels = 2, shared_experts = 2, task_experts = 2 (each task's own at each level),
//     #        expert_layers = [128, 64]; what reads what: ProgressiveExtraction
//     # shared-bottom: bottom_layers = [128, 64]
//     # esmm:  embeddings are shared and nothing else; binary tasks with `given` are learnt with
//     #        entire_space = true; tower_layers = [128, 64]
//     # aitm, cross-stitch: task_layers = [128, 64], a stack a task; for aitm the tasks stand in the
//     #        order in which they happen
//     # dcn:   crosses = 3, deep_layers = [128, 64], arrangement = "parallel" or "stacked"
//     tower_layers = [32]             # each task's own, before its head
//     embedding_dim = 16              # of features that name none; absent: by vocabulary size
//
//     [data]                          # all optional
//     header = true                   # false: `columns` names them
//     columns = ["age", "job"]
//     delimiter = ","                 # "tab" for a tab
//     trim = false                    # drop blanks around fields
//     missing = ["?", "NA"]           # besides the empty field
//     filter = "age >= 18"            # rows to use; rows where it is missing are dropped
//
//     [columns]                       # derived columns: name = expression (see Expression.swift)
//     freight = "number(`Freight Cost (USD)`)"
//
//     [split]                         # all optional
//     by = "hash"                     # "order": the last rows are the test part; "file": those of
//                                     # the last file given
//     order_by = 'date(day, "%Y-%m-%d")'   # "order": by this instead of by place in the file
//     seed = 0                        # hash: row i is a test row if
//     test_permille = 200             # splitmix64(seed * 0x9E3779B97F4A7C15 + i) % 1000 < permille
//     validation_permille = 100       # of the other rows, for early stopping
//
//     [[feature]]                     # one or many columns that are treated alike
//     column = "age"                  # or columns = ["a", "b"]
//     name = "age"                    # what callers write; absent: the column's name
//     side = "candidate"              # or "context": once a request
//     kind = "numeric"                # "buckets", "categorical", "list", "words"
//     required = false                # true: a request without it is refused
//     # numeric: transform = ["log1p", "standardize"] (any subset; absent: standardize),
//     #          clip = [0, 100] or clip_quantiles = [0.01, 0.99],
//     #          missing = "indicator" (mean and a column that says so, where training had missing
//     #          ones; the default), "mean" or "zero"
//     # buckets: buckets = 20, equally full
//     # categorical, list: dtype = "text" or "int64"; min_count = 2, max_size = 1000000 of the
//     # list:    separator = "|", max_length = 32, pooling
//     # words:   hash_buckets = 16384, max_length = 128, embedding_dim, pooling
//     # pooling, how a list becomes one vector, and its keys:
//     #          "mean", "sum"
//     #          "target-attention": target = "item_id" (a feature of one id, its embedding as wide),
//     #              attention_layers = [36], normalized = false (DIN)
//     #          "lstm", "gru": units = 64; absent: the embedding's width
//     #          "transformer": blocks = 2, heads = 4, inner_width = 4 times embedding_dim, which it
//     #              needs, answer = "mean" or "class"
//
//     [[task]]
//     name = "click"                  # of the output; letters, digits, _ . : / -
//     kind = "binary"                 # "multiclass", "regression"
//     label = "click"                 # a column or an expression
//     given = "click"                 # learnt only where that task's label is 1: P(this | given)
//     entire_space = false            # binary with given: learnt over all rows instead, through the
//                                     # product of both probabilities (ESMM); it still answers
//                                     # P(this | given), so `click * purchase` is that of both
//     mask = "shown == 1"             # rows to learn from
//     sample_weight = "w"             # column or expression, one weight a row
//     weight = 1.0                    # among the tasks
//     # multiclass: classes = ["1", "2"]; absent: those of the training rows, sorted
//     # binary:     classes = ["no", "yes"], for people
//     # regression: transform = ["log1p", "standardize"] of the target; absent: standardize
//
//     [training]                      # all optional
//     optimizer = "adam"              # "rmsprop", "sgd" with momentum = 0.9
//     learning_rate = 0.001
//     schedule = "constant"           # "cosine": down to 0 in the last epoch
//     batch_size = 512
//     epochs = 20                     # at most
//     patience = 3                    # epochs without a better validation figure; 0: never stop
//     monitor = "loss"                # "auc": mean over binary tasks
//     l2 = 0.0                        # weight decay, decoupled from the gradient; 0.01 to 1
//     gradient_norm_max = 5.0         # absent: gradients are not cut
//     averaging = 0.0                 # decay of a moving average of the weights, which is measured
//                                     # and kept instead of them; 0.999: of some 1000 steps; 0: off
//     seed = 1
//     threads = 2                     # absent: as many as may run
//
//     [ranking]                       # formulas that ship with the model
//     value = "click * purchase"

package import TandemFeatures
import TandemNotation

/// What `tandem train` is asked to make: model, data, features, tasks and how to train.
///
/// The format is documented at the top of this file.
package struct TrainingSpec: Sendable {
    /// The TOML it was read from.
    package let text: String
    /// The model's shape.
    package let model: ModelSpec
    /// How the files are written.
    package let source: SourceSpec
    /// Columns that are computed from those of the files.
    package let derivedColumns: [DerivedColumn]
    /// Which rows are for training, validation and test.
    package private(set) var split: SplitSpec
    /// The inputs, shorthand written out.
    package let features: [FeatureSpec]
    /// What is predicted.
    package let tasks: [TaskSpec]
    /// How to train.
    package private(set) var training: TrainingSettings
    /// Ranking formulas; the ranking language itself is the server's to check.
    package let formulas: [RankingFormula]

    /// Reads a spec from a file.
    ///
    /// - Throws: `unreadableFile`, and what parsing throws, with the file.
    package init(path: String) throws(TrainingError) {
        // One byte more than is allowed, so that the parser sees that there is more.
        let bytes = try ByteSource(path: path).prefix(TrainingLimits.specBytesMax + 1)
        do throws(TrainingError) {
            try self.init(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw error.at(file: path)
        }
    }

    /// Parses a spec.
    ///
    /// - Throws: `invalidSpec`, `unknownKey`, `missingKey`, `wrongValue`, `duplicateName`,
    ///   `unknownName`, `overLimit`, each with key and line.
    package init(_ text: String) throws(TrainingError) {
        guard text.utf8.count <= TrainingLimits.specBytesMax else {
            throw TrainingError(
                .overLimit, "a spec is longer than \(TrainingLimits.specBytesMax) bytes",
                remedy: "declare columns that are alike in one [[feature]]"
            ).with(\.limit, TrainingLimits.specBytesMax)
        }
        self.text = text
        let root = try SpecTable(document: text)
        model = try ModelSpec(try root.table("model"))
        source = try SourceSpec(try root.table("data"))
        derivedColumns = try DerivedColumn.all(try root.table("columns"))
        split = try SplitSpec(try root.table("split"))
        features = try FeatureSpec.all(try root.tables("feature"), model)
        tasks = try TaskSpec.all(try root.tables("task"), model)
        training = try TrainingSettings(try root.table("training"))
        formulas = try Self.formulas(try root.table("ranking"))
        try root.finish()
        guard !features.isEmpty else { throw root.missing("feature") }
        guard !tasks.isEmpty else { throw root.missing("task") }
    }

    /// The same spec with what the command line says instead; nil leaves a setting as it is.
    ///
    /// The text stays that of the file.
    package func overriding(
        seed: UInt64?, splitSeed: UInt64?, threadCount: Int?
    ) -> TrainingSpec {
        var spec = self
        if let seed { spec.training.seed = seed }
        if let splitSeed { spec.split = split.with(seed: splitSeed) }
        if let threadCount { spec.training.threadCount = threadCount }
        return spec
    }

    private static func formulas(_ table: SpecTable) throws(TrainingError) -> [RankingFormula] {
        var formulas: [RankingFormula] = []
        for key in table.keys {
            let expression = try table.requiredText(key)
            guard expression.utf8.count <= FeatureLimits.formulaByteCountMax else {
                throw table.error(
                    .overLimit, key, "is longer than \(FeatureLimits.formulaByteCountMax) bytes"
                ).with(\.limit, FeatureLimits.formulaByteCountMax)
            }
            formulas.append(RankingFormula(name: key, expression: expression))
        }
        return formulas
    }
}

/// A column that is computed from others.
package struct DerivedColumn: Hashable, Sendable {
    /// Its name; it hides a file's column of that name.
    package let name: String
    /// What it is.
    package let value: ColumnExpression

    static func all(_ table: SpecTable) throws(TrainingError) -> [DerivedColumn] {
        var columns: [DerivedColumn] = []
        for key in table.keys {
            let text = try table.requiredText(key)
            columns.append(DerivedColumn(name: key, value: table.expression(key, text)))
        }
        return columns
    }
}

extension SpecTable {
    /// A text of this table as a column or an expression.
    func expression(_ key: String, _ text: String) -> ColumnExpression {
        ColumnExpression(text, key: name(key), line: line(key))
    }

    /// The column or expression at a key, if it stands there.
    func expression(_ key: String) throws(TrainingError) -> ColumnExpression? {
        guard let text = try text(key) else { return nil }
        return expression(key, text)
    }
}
