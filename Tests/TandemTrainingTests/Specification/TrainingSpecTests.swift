import TandemFeatures
import TandemGraph
import TandemTraining
import Testing

@Suite struct TrainingSpecTests {
    static let small = """
        [model]
        name = "small"

        [[feature]]
        column = "age"
        kind = "numeric"

        [[task]]
        name = "click"
        kind = "binary"
        label = "click"

        """

    @Test func `fills in what a small spec leaves out`() throws {
        let spec = try TrainingSpec(Self.small)
        #expect(spec.model.trunk == .mixtureOfExperts(expertCount: 4, expertLayers: [128, 64]))
        #expect(spec.model.towerLayers == [32])
        #expect(spec.source.dialect == CSVDialect())
        #expect(spec.split == SplitSpec())
        #expect(spec.features[0].declaration.side == .candidate)
        #expect(
            spec.features[0].declaration.encoding
                == .number(NumberDeclaration(missing: .mean, missingColumn: .ifSeen)))
        #expect(spec.tasks[0].weight == 1)
        #expect(spec.training.optimizer == OptimizerSettings())
        #expect(spec.training.batchRowCount == 512)
        #expect(spec.training.threadCount == nil)
        #expect(spec.text == Self.small)
    }

    static let whole = """
        [model]
        name = "whole"
        architecture = "shared-bottom"
        bottom_layers = [16, 8]
        tower_layers = []
        embedding_dim = 6
        [data]
        header = false
        columns = ["a", "b", "c", "day"]
        delimiter = "tab"
        trim = true
        missing = ["?"]
        filter = "a > 0"
        [columns]
        twice = "a * 2"
        [split]
        by = "order"
        order_by = "date(day, '%Y-%m-%d')"
        test_permille = 100
        validation_permille = 50
        [[feature]]
        columns = ["a", "b"]
        side = "context"
        kind = "numeric"
        transform = ["log1p"]
        clip = [0, 10.5]
        missing = "zero"
        required = true
        [[feature]]
        name = "tags"
        column = "c"
        kind = "list"
        dtype = "int64"
        separator = ";"
        max_length = 5
        pooling = "mean"
        hash_buckets = 100
        embedding_dim = 3
        [[feature]]
        column = "twice"
        kind = "buckets"
        buckets = 7
        [[task]]
        name = "bought"
        kind = "binary"
        label = "b > 0"
        classes = ["no", "yes"]
        [[task]]
        name = "amount"
        kind = "regression"
        label = "b"
        transform = ["log1p", "standardize"]
        given = "bought"
        mask = "a == 1"
        sample_weight = "a"
        weight = 0.5
        [training]
        optimizer = "sgd"
        momentum = 0.9
        learning_rate = 0.1
        schedule = "cosine"
        batch_size = 64
        epochs = 3
        patience = 0
        monitor = "auc"
        l2 = 0.01
        gradient_norm_max = 5
        averaging = 0.99
        seed = 9
        threads = 1
        [ranking]
        value = "bought * amount"
        """

    @Test func `reads everything that can be said`() throws {
        let spec = try TrainingSpec(Self.whole)
        #expect(spec.model.trunk == .sharedBottom(layers: [16, 8]))
        #expect(spec.source.dialect.delimiter == 9 && spec.source.dialect.trimsBlanks)
        #expect(spec.source.filter?.text == "a > 0")
        #expect(spec.derivedColumns.map(\.name) == ["twice"])
        #expect(spec.features.map(\.declaration.name) == ["a", "b", "tags", "twice"])
        #expect(
            spec.features[1].declaration
                == FeatureDeclaration(
                    name: "b", side: .context, rawType: .float32, isRequired: true,
                    encoding: .number(
                        NumberDeclaration(
                            clip: .range(minimum: 0, maximum: 10.5), usesLogarithm: true,
                            isStandardized: false, missing: .value(0), missingColumn: .never))))
        #expect(spec.features[2].separator == UInt8(ascii: ";"))
        #expect(
            spec.features[2].declaration
                == FeatureDeclaration(
                    name: "tags", side: .candidate, rawType: .int64, listLengthMax: 5,
                    encoding: .hashing(bucketCount: 100), embeddingDimension: 3))
        #expect(spec.features[3].declaration.embeddingDimension == 6)
        #expect(spec.tasks[0].kind == .binary(classes: ["no", "yes"]))
        #expect(spec.tasks[1].given == "bought" && spec.tasks[1].weight == 0.5)
        #expect(spec.training.optimizer.algorithm == .sgd(momentum: 0.9))
        #expect(spec.training.optimizer.schedule == .cosine(last: 0))
        #expect(spec.training.optimizer.averaging == 0.99)
        #expect(spec.training.monitor == .auc && spec.training.threadCount == 1)
        #expect(spec.formulas == [RankingFormula(name: "value", expression: "bought * amount")])
    }

    // MARK: - What is refused

    struct Slip: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let code: TrainingError.Code
        let key: String?
        let line: Int
        let remedy: String
        var testDescription: String { to }
    }

    static let slips = [
        Slip(
            from: "kind = \"numeric\"", to: "kind = \"numeric\"\nmising = \"mean\"",
            code: .unknownKey, key: "feature[0].mising", line: 7, remedy: "'missing'"),
        Slip(
            from: "[[task]]", to: "[trainig]\nepochs = 3\n[[task]]", code: .unknownKey,
            key: "trainig", line: 8, remedy: "'training'"),
        Slip(
            from: "kind = \"numeric\"", to: "kind = \"numerc\"", code: .wrongValue,
            key: "feature[0].kind", line: 6, remedy: "'numeric'"),
        Slip(
            from: "kind = \"numeric\"", to: "kind = \"words\"\ntransform = []", code: .unknownKey,
            key: "feature[0].transform", line: 7, remedy: ""),
        Slip(
            from: "column = \"age\"", to: "column = 7", code: .wrongValue,
            key: "feature[0].column", line: 5, remedy: "a text"),
        Slip(
            from: "column = \"age\"", to: "", code: .missingKey, key: "feature[0]", line: 4,
            remedy: "add it"),
        Slip(
            from: "column = \"age\"", to: "columns = [\"age\", \"age\"]", code: .duplicateName,
            key: "feature[0].columns", line: 5, remedy: "drop one"),
        Slip(
            from: "column = \"age\"", to: "columns = [\"age\"]\nname = \"x\"", code: .wrongValue,
            key: "feature[0].name", line: 6, remedy: "of its own"),
        Slip(
            from: "label = \"click\"", to: "label = \"click\"\ngiven = \"clik\"",
            code: .unknownName, key: "task[0].given", line: 12, remedy: ""),
        Slip(
            from: "name = \"click\"", to: "name = \"click it\"", code: .wrongValue,
            key: "task[0].name", line: 9, remedy: "click_it"),
        Slip(
            from: "name = \"small\"", to: "name = \"../etc\"", code: .wrongValue,
            key: "model.name", line: 2, remedy: "letters"),
        Slip(
            from: "name = \"small\"", to: "name = \"small\"\nexperts = 0", code: .wrongValue,
            key: "model.experts", line: 3, remedy: "1 to"),
        Slip(
            from: "[[feature]]", to: "[training]\nlearning_rate = \"fast\"\n[[feature]]",
            code: .wrongValue, key: "training.learning_rate", line: 5, remedy: "a number"),
        Slip(
            from: "[[feature]]", to: "[data]\nheader = false\n[[feature]]", code: .missingKey,
            key: "data.header", line: 5, remedy: "columns"),
        Slip(
            from: "[[feature]]", to: "[data]\ndelimiter = \"::\"\n[[feature]]", code: .wrongValue,
            key: "data.delimiter", line: 5, remedy: "tab"),
        Slip(
            from: "[[feature]]", to: "[split]\nby = \"file\"\ntest_permille = 3\n[[feature]]",
            code: .unknownKey, key: "split.test_permille", line: 6, remedy: ""),
    ]

    @Test(arguments: slips) func `names the key, what was meant and the line`(slip: Slip) throws {
        let text = Self.small.replacing(slip.from, with: slip.to, maxReplacements: 1)
        let error = try refusal { () throws(TrainingError) in _ = try TrainingSpec(text) }
        #expect(error.code == slip.code, "\(error)")
        #expect(error.key == slip.key, "\(error)")
        #expect(error.line == slip.line, "\(error)")
        #expect(error.remedy.contains(slip.remedy), "\(error)")
    }

    @Test func `finds lines through long texts, lists, comments and inline tables`() throws {
        let text = """
            # [model]
            model = { name = "a", architecture = 'mmoe', tower_layers = [
                8, # ]
                4,
            ], experts = 3, dropout = 1 }
            """
        let error = try refusal { () throws(TrainingError) in _ = try TrainingSpec(text) }
        #expect(error.code == .unknownKey)
        #expect(error.key == "model.dropout")
        #expect(error.line == 5)
    }

    @Test func `refuses what is no TOML with its line`() throws {
        let error = try refusal { () throws(TrainingError) in
            _ = try TrainingSpec("[model]\nname = small\n")
        }
        #expect(error.code == .invalidSpec)
        #expect(error.line == 2)
    }

    @Test(arguments: ["[[feature]]", "[[task]]"])
    func `refuses a spec without features or tasks`(header: String) throws {
        let parts = Self.small.split(separator: "\n\n").filter { !$0.hasPrefix(header) }
        let text = parts.joined(separator: "\n\n")
        let error = try refusal { () throws(TrainingError) in _ = try TrainingSpec(text) }
        #expect(error.code == .missingKey)
        #expect(error.text == String(header.dropFirst(2).dropLast(2)))
    }

    @Test func `refuses two tasks of one name and a condition that is not binary`() throws {
        let again = Self.small + "[[task]]\nname = \"click\"\nkind = \"binary\"\nlabel = \"b\"\n"
        let twice = try refusal { () throws(TrainingError) in _ = try TrainingSpec(again) }
        #expect(twice.code == .duplicateName)
        #expect(twice.line == 13)
        let rating =
            Self.small
            + "given = \"stars\"\n[[task]]\nname = \"stars\"\nkind = \"regression\"\nlabel = \"b\"\n"
        let wrong = try refusal { () throws(TrainingError) in _ = try TrainingSpec(rating) }
        #expect(wrong.code == .wrongValue)
        #expect(wrong.key == "task[0].given")
    }

    @Test func `refuses a spec one byte over the limit, from a file too`() throws {
        let filling = TrainingLimits.specBytesMax - Self.small.utf8.count - 1
        let full = Self.small + "#" + String(repeating: "x", count: filling)
        #expect(try TrainingSpec(full).features.count == 1)
        let file = try TemporaryFile(full + "x", suffix: ".toml")
        let error = try refusal { () throws(TrainingError) in
            _ = try TrainingSpec(path: file.path)
        }
        #expect(error.code == .overLimit)
        #expect(error.file == file.path)
    }
}
