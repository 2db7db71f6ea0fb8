package import TandemFeatures
import TandemGraph
import TandemNotation

/// One feature: what the model gets, and which column it comes from.
package struct FeatureSpec: Hashable, Sendable {
    /// What the feature learner takes.
    package let declaration: FeatureDeclaration
    /// The file's or derived column.
    package let column: String
    /// The byte between the elements of a list; nil for one value a row.
    package let separator: UInt8?
    /// How a list becomes one vector; nil for what is no list.
    package let sequence: SequenceSpec?
    /// The frozen model that turns the column's texts into numbers; nil for what is learnt here.
    package let encoder: EncoderSpec?
    /// Where the feature stands in the spec, for errors.
    package let key: String
    /// The spec's line, for errors.
    package let line: Int?

    /// The features of all `[[feature]]` tables, shorthand written out, with unique names.
    static func all(
        _ tables: [SpecTable], _ model: ModelSpec
    ) throws(TrainingError) -> [FeatureSpec] {
        var features: [FeatureSpec] = []
        var names: Set<String> = []
        for table in tables {
            let form = try FeatureForm(table, model)
            for (name, column) in form.names {
                guard names.insert(name).inserted else {
                    throw table.error(
                        .duplicateName, form.nameKey,
                        "a second feature is called '\(name.cutShort)'",
                        remedy: "drop one, or give it another name"
                    ).with(\.text, name)
                }
                var declaration = form.declaration
                declaration.name = name
                features.append(
                    FeatureSpec(
                        declaration: declaration, column: column, separator: form.separator,
                        sequence: form.sequence, encoder: form.encoder, key: table.name(),
                        line: table.line(form.nameKey)))
            }
        }
        guard features.count <= FeatureLimits.featureCountMax else {
            throw TrainingError(
                .overLimit, "there are more than \(FeatureLimits.featureCountMax) features"
            ).with(\.limit, FeatureLimits.featureCountMax).with(\.actual, features.count)
        }
        try SequenceSpec.checkTargets(features)
        return features
    }
}

/// Which frozen model turns a text feature into numbers.
package struct EncoderSpec: Hashable, Sendable {
    /// The model's package, from the folder that the tool runs in.
    package let path: String
    /// Which of its tasks; nil for its only one.
    package let output: String?

    /// Makes a reference.
    package init(path: String, output: String?) {
        self.path = path
        self.output = output
    }
}

/// One `[[feature]]` table: a declaration and the columns it is for.
private struct FeatureForm {
    var declaration: FeatureDeclaration
    var names: [(name: String, column: String)]
    var nameKey: String
    var separator: UInt8?
    var sequence: SequenceSpec?
    var encoder: EncoderSpec?

    init(_ table: SpecTable, _ model: ModelSpec) throws(TrainingError) {
        let kinds = ["numeric", "buckets", "categorical", "list", "words", "text"].map { ($0, $0) }
        guard let kind = try table.choice("kind", kinds) else { throw table.missing("kind") }
        let sides = [(name: "candidate", value: RowAxis.candidate), ("context", .context)]
        declaration = FeatureDeclaration(
            name: "", side: try table.choice("side", sides) ?? .candidate, rawType: .float32,
            isRequired: try table.truth("required") ?? false, encoding: .buckets(count: 2))
        (names, nameKey) = try Self.names(table)
        switch kind {
        case "numeric": declaration.encoding = .number(try Self.number(table))
        case "buckets":
            let counts = 2...FeatureLimits.boundaryCountMax
            guard let count = try table.integer("buckets", in: counts) else {
                throw table.missing("buckets")
            }
            declaration.encoding = .buckets(count: count)
        case "text":
            // The encoder's answers are numbers, taken as they are; how many, its package says.
            declaration.encoding = .fixed(.number(NumberEncoding(transforms: [])))
            encoder = EncoderSpec(
                path: try table.requiredText("encoder"), output: try table.text("output"))
        case "words":
            let buckets = try table.integer("hash_buckets", in: Self.bucketCounts) ?? 1 << 14
            declaration.rawType = .text
            declaration.listLengthMax = try Self.length(table) ?? 128
            declaration.encoding = .hashedWords(bucketCount: buckets)
        default:
            let types = [(name: "text", value: RawType.text), ("int64", .int64)]
            declaration.rawType = try table.choice("dtype", types) ?? .text
            declaration.encoding = try Self.category(table)
            if kind == "list" {
                separator = try Self.separator(table)
                declaration.listLengthMax = try Self.length(table) ?? 32
            }
        }
        if kind != "numeric", kind != "text" {
            let widths = 1...TrainingLimits.layerWidthMax
            let width = try table.integer("embedding_dim", in: widths)
            declaration.embeddingDimension = width ?? model.embeddingDimension
            if kind == "list" || kind == "words" {
                sequence = try SequenceSpec(
                    table, embeddingDimension: declaration.embeddingDimension)
            }
        }
        try table.finish("a \(kind) feature")
    }

    private static let bucketCounts = 1...TrainingLimits.hashBucketsMax

    private static func names(
        _ table: SpecTable
    ) throws(TrainingError) -> (names: [(name: String, column: String)], key: String) {
        let columns = try table.texts("columns")
        guard let columns else {
            let column = try table.requiredText("column")
            let name = try table.text("name")
            return ([(name ?? column, column)], name == nil ? "column" : "name")
        }
        for key in ["column", "name"] where table.has(key) {
            throw table.error(
                .wrongValue, key, "stands beside 'columns'",
                remedy: "give the one column a [[feature]] of its own")
        }
        guard !columns.isEmpty else {
            throw table.error(.wrongValue, "columns", "is empty", remedy: "list columns")
        }
        return (columns.map { ($0, $0) }, "columns")
    }

    private static func number(_ table: SpecTable) throws(TrainingError) -> NumberDeclaration {
        var number = NumberDeclaration(usesLogarithm: false, isStandardized: false)
        for step in try table.texts("transform") ?? ["standardize"] {
            switch step {
            case "log1p": number.usesLogarithm = true
            case "standardize": number.isStandardized = true
            default:
                throw table.error(
                    .wrongValue, "transform", "'\(step.cutShort)' is not a step of a number",
                    remedy: NearestName.remedy(step, among: ["log1p", "standardize"])
                ).with(\.text, step.cutShort)
            }
        }
        if let limits = try pair(table, "clip") {
            number.clip = .range(minimum: Float(limits.0), maximum: Float(limits.1))
        }
        if let shares = try pair(table, "clip_quantiles") {
            guard shares.0 >= 0, shares.1 <= 1, number.clip == nil else {
                throw table.error(
                    .wrongValue, "clip_quantiles",
                    "is not two shares of the rows, or stands beside"
                        + " clip", remedy: "write two numbers from 0 to 1, and no clip")
            }
            number.clip = .quantiles(low: shares.0, high: shares.1)
        }
        let policies = [
            (name: "indicator", value: (NumberDeclaration.Missing.mean, true)),
            (name: "mean", value: (.mean, false)), (name: "zero", value: (.value(0), false)),
        ]
        let policy = try table.choice("missing", policies) ?? (.mean, true)
        number.missing = policy.0
        number.missingColumn = policy.1 ? .ifSeen : .never
        return number
    }

    private static func pair(
        _ table: SpecTable, _ key: String
    ) throws(TrainingError) -> (Double, Double)? {
        guard let numbers = try table.numbers(key) else { return nil }
        guard numbers.count == 2, numbers[0] < numbers[1] else {
            throw table.error(
                .wrongValue, key, "is not two ascending numbers", remedy: "write [low, high]")
        }
        return (numbers[0], numbers[1])
    }

    private static func category(
        _ table: SpecTable
    ) throws(TrainingError) -> EncodingDeclaration {
        var vocabulary = VocabularyDeclaration()
        let counts = 1...FeatureLimits.vocabularyCountMax
        let minimum = try table.integer("min_count", in: 1...Int.max)
        let most = try table.integer("max_size", in: counts)
        guard let buckets = try table.integer("hash_buckets", in: bucketCounts) else {
            vocabulary.minimumCount = minimum ?? vocabulary.minimumCount
            vocabulary.countMax = most ?? vocabulary.countMax
            return .vocabulary(vocabulary)
        }
        guard minimum == nil, most == nil else {
            throw table.error(
                .wrongValue, "hash_buckets", "stands beside the keys of a vocabulary",
                remedy: "drop it, or drop min_count and max_size")
        }
        return .hashing(bucketCount: buckets)
    }

    private static func length(_ table: SpecTable) throws(TrainingError) -> Int? {
        try table.integer("max_length", in: 1...FeatureLimits.listLengthMax)
    }

    private static func separator(_ table: SpecTable) throws(TrainingError) -> UInt8 {
        let text = try table.text("separator") ?? "|"
        guard text.utf8.count == 1, let byte = text.utf8.first else {
            throw table.error(
                .wrongValue, "separator", "'\(text.cutShort)' is not one character",
                remedy: "use one such as \"|\"")
        }
        return byte
    }
}
