import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTestSupport

/// A small model in two programs that has one of everything a manifest can state.
enum SampleContents {
    /// The contents; `userCount`, the user table's rows less two, makes them larger.
    static func make(userCount: Int = 3) throws -> PackageContents {
        let float = try graph("float", userCount: userCount, isQuantized: false)
        let int8 = try graph("int8", userCount: userCount, isQuantized: true)
        let programs = [
            Program(name: Program.float, graph: float, numericsVersion: 3, tolerance: 1e-5),
            Program(name: Program.int8, graph: int8, numericsVersion: 3, tolerance: 0.01),
        ]
        let model = PackagedModel(
            name: "shop-1.a_b", createdWith: "tandem 0.1.0",
            signature: try signature(userCount: userCount), programs: programs,
            goldens: [golden(programs)], warmUps: [[1, 2, 3], []],
            quality: [
                QualityFigure(
                    program: "float", task: "click", metric: "auc", value: 0.875, rowCount: 1000),
                QualityFigure(
                    program: "int8", task: "", metric: "loss", value: -1.5, rowCount: 7,
                    split: "validation"),
            ],
            choices: [
                OperationChoice(
                    operation: "hidden", precision: .int8, clipsOutliers: true, sensitivity: 0.0625),
                OperationChoice(
                    operation: "gate", precision: .float, clipsOutliers: false, sensitivity: 0.5),
            ],
            provenance: [
                ProvenanceEntry("trainer", "tandem train"), ProvenanceEntry("seed", "17"),
                ProvenanceEntry("note", ""),
            ])
        return PackageContents(model: model, tensors: tensors([float, int8]))
    }

    /// Every encoding, both sides, lists, vectors and missing columns.
    static func signature(userCount: Int) throws -> Signature {
        let users = (0..<userCount).map { Array("user \($0)".utf8) }
        let colours = try requireValue(Vocabulary(integers: [-5, 7, 1 << 40]))
        return Signature(
            features: [
                Feature(
                    name: "user", side: .context, rawType: .text, isRequired: true,
                    encoding: .vocabulary(
                        VocabularyEncoding(vocabulary: try requireValue(Vocabulary(values: users)))),
                    slot: FeatureSlot(input: "user")),
                Feature(
                    name: "price in \u{20AC}", side: .candidate, rawType: .float32,
                    encoding: .number(
                        NumberEncoding(
                            transforms: [
                                .signedLog1p, .clip(minimum: -2, maximum: 8.5),
                                .standardize(mean: 1.25, deviation: 0.5),
                            ], missingValue: -0.5)),
                    slot: FeatureSlot(input: "numbers", column: 1, missingColumn: 0)),
                Feature(
                    name: "vector", side: .candidate, rawType: .float32, width: 2,
                    encoding: .number(NumberEncoding(transforms: [])),
                    slot: FeatureSlot(input: "numbers", column: 2)),
                Feature(
                    name: "age", side: .candidate, rawType: .int64,
                    encoding: .buckets(BucketEncoding(boundaries: [-1, 0.5])),
                    slot: FeatureSlot(input: "age")),
                Feature(
                    name: "colours", side: .candidate, rawType: .int64, listLengthMax: 3,
                    encoding: .vocabulary(
                        VocabularyEncoding(
                            vocabulary: colours, firstID: 1, missingID: 4, unknownID: 4)),
                    slot: FeatureSlot(input: "colours", lengthInput: "colours.length")),
                Feature(
                    name: "item", side: .candidate, rawType: .int64,
                    encoding: .hashing(HashEncoding(bucketCount: 6, seed: .max - 1)),
                    slot: FeatureSlot(input: "item")),
                Feature(
                    name: "title", side: .candidate, rawType: .text, listLengthMax: 4,
                    encoding: .hashedWords(HashEncoding(bucketCount: 8)),
                    slot: FeatureSlot(input: "title", lengthInput: "title.length")),
                Feature(
                    name: "visits", side: .candidate, rawType: .int64,
                    encoding: .identity(IdentityEncoding(idCount: 5, missingID: 2)),
                    slot: FeatureSlot(input: "visits")),
                Feature(
                    name: "question", side: .context, rawType: .text, listLengthMax: 4,
                    encoding: .tokens(try Tokenizer(pieces())),
                    slot: FeatureSlot(
                        input: "question", maskInput: "question.mask",
                        segmentInput: "question.segments")),
                Feature(
                    name: "answer", side: .candidate, rawType: .text, listLengthMax: 3,
                    encoding: .tokens(try Tokenizer(pairs())),
                    slot: FeatureSlot(input: "answer", lengthInput: "answer.length")),
            ],
            tasks: [
                Task("click", .binary, labels: ["no", "yes"]),
                Task(
                    "grade", .multiclass(classCount: 3), labels: ["low", "mid", "h\u{00EF}gh"],
                    given: "click"),
                Task("amount", .regression),
                Task("taste", .vector(width: 2)),
            ],
            formulas: [RankingFormula(name: "value", expression: "click * amount")])
    }

    /// WordPiece with all that it may have.
    private static func pieces() throws -> TokenizerRules {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b"].map { Array($0.utf8) }
        return TokenizerRules(
            normalization: [.clean, .lowercase], splitting: .words,
            model: .wordPiece(
                WordPieceRules(
                    vocabulary: try requireValue(Vocabulary(values: pieces)), unknownID: 1,
                    wordLengthMax: 50)),
            addedTokens: [
                AddedToken(
                    "[MASK]", id: 6, isSingleWord: true, stripsLeft: true, stripsRight: true,
                    isNormalized: true)
            ], prefix: [2], suffix: [3], paddingID: 7)
    }

    /// Byte-level BPE with all that it may have.
    private static func pairs() -> TokenizerRules {
        var bytes = [Int32](repeating: -1, count: 256)
        bytes[97] = 1
        bytes[98] = 2
        return TokenizerRules(
            normalization: [], splitting: .bytes(addsSpace: true, usesPattern: true),
            model: .bytePair(
                BytePairRules(
                    byteIDs: bytes, merges: [.init(left: 1, right: 2, whole: 3)], unknownID: 0)))
    }

    /// The tokens of a question with their mask and segments, end to end.
    private static func questionInputs(_ builder: inout GraphBuilder) throws -> ValueID {
        let type = TensorType(.int32, .context, sizes: [4])
        let inputs = try ["question", "question.mask", "question.segments"].map {
            try builder.input($0, type)
        }
        return try builder.node("question/inputs", .concat(axis: 0), inputs)
    }

    private static func graph(
        _ name: String, userCount: Int, isQuantized: Bool
    ) throws -> Graph {
        var builder = try GraphBuilder(name: name)
        func input(
            _ name: String, _ dtype: DataType, _ side: RowAxis, _ sizes: [Int]
        ) throws -> ValueID {
            try builder.input(name, TensorType(dtype, side, sizes: sizes))
        }
        func lookup(_ name: String, _ rows: Int, _ ids: [ValueID]) throws -> ValueID {
            let table = "embedding/\(name)"
            let pooling = ids.count == 2
            guard isQuantized else {
                let weights = try builder.parameter(table, .float32, [rows, 2])
                return try builder.node(
                    table + "/row", pooling ? .embeddingPool(.mean) : .embedding, ids + [weights])
            }
            let weights = try builder.parameter(table + "/int8", .int8, [rows, 2])
            let scale = try builder.parameter(table + "/scale", .float32, [rows])
            return try builder.node(
                table + "/row", pooling ? .quantizedEmbeddingPool(.mean) : .quantizedEmbedding,
                ids + [weights, scale])
        }
        let numbers = try input("numbers", .float32, .candidate, [4])
        let user = try lookup("user", userCount + 2, [input("user", .int32, .context, [])])
        let age = try lookup("age", 4, [input("age", .int32, .candidate, [])])
        let item = try lookup("item", 7, [input("item", .int32, .candidate, [])])
        let colours = try lookup(
            "colours", 5,
            [
                input("colours", .int32, .candidate, [3]),
                input("colours.length", .int32, .candidate, []),
            ])
        let title = try lookup(
            "title", 9,
            [
                input("title", .int32, .candidate, [4]),
                input("title.length", .int32, .candidate, []),
            ])
        let visits = try lookup("visits", 5, [input("visits", .int32, .candidate, [])])
        let question = try builder.node(
            "question/mean", .reduce(.mean, axis: 0),
            [lookup("question", 8, [questionInputs(&builder)])])
        let answer = try lookup(
            "answer", 4,
            [
                input("answer", .int32, .candidate, [3]),
                input("answer.length", .int32, .candidate, []),
            ])
        let joined = try builder.node(
            "trunk/input", .concat(axis: 0),
            [numbers, user, age, item, colours, title, visits, question, answer])
        let scaled = try builder.node("trunk/scaled", .affine(scale: 0.5, offset: -0.25), [joined])
        let bias = try builder.parameter("trunk/hidden/bias", .float32, [8])
        let hidden: ValueID
        if isQuantized {
            let weight = try builder.parameter("trunk/hidden/weight/int8", .int8, [8, 20])
            let scale = try builder.parameter("trunk/hidden/weight/scale", .float32, [8])
            hidden = try builder.node(
                "trunk/hidden", .quantizedLinear, [scaled, weight, scale, bias])
        } else {
            let weight = try builder.parameter("trunk/hidden/weight", .float32, [8, 20])
            hidden = try builder.node("trunk/hidden", .linear, [scaled, weight, bias])
        }
        try heads(hidden, &builder)
        return builder.finished()
    }

    /// The tasks over the trunk's eight numbers.
    private static func heads(_ hidden: ValueID, _ builder: inout GraphBuilder) throws {
        let square = try builder.node("trunk/square", .reshape([2, 4]), [hidden])
        let mean = try builder.node("trunk/mean", .reduce(.mean, axis: 0), [square])
        let head = try builder.parameter("task/click/weight", .float32, [1, 4])
        let logit = try builder.node("task/click/logit", .linear, [mean, head])
        try builder.output(builder.node("click", .unary(.sigmoid), [logit]))
        let part = try builder.node("task/grade/part", .slice(axis: 0, start: 1, end: 4), [mean])
        try builder.output(builder.node("grade", .softmax, [part]))
        let amount = try builder.parameter("task/amount/weight", .float32, [1, 4])
        try builder.output(builder.node("amount", .linear, [mean, amount]))
        try builder.output(builder.node("taste", .slice(axis: 0, start: 0, end: 2), [mean]))
    }

    /// Values that depend on the tensor's name only; each tensor that a graph names, once.
    private static func tensors(_ graphs: [Graph]) -> TensorSet {
        var tensors: TensorSet = [:]
        for graph in graphs {
            for id in graph.parameters where tensors[graph[id].name] == nil {
                let value = graph[id]
                let shape = value.type.fixedSizes ?? []
                var random = RandomSource(seed: 1, name: value.name)
                let count = shape.reduce(1, *)
                tensors[value.name] =
                    value.type.dtype == .int8
                    ? Tensor(
                        .int8, shape: shape,
                        (0..<count).map { _ in Int8.random(in: -128...127, using: &random) })
                    : Tensor(
                        .float32, shape: shape, (0..<count).map { _ in random.uniform() - 0.5 })
            }
        }
        return tensors
    }

    private static func golden(_ programs: [Program]) -> GoldenVector {
        let rows = 2
        let graph = programs[0].graph
        let inputs = graph.inputs.map { id in
            let value = graph[id]
            let shape = value.type.fixedSizes ?? []
            let count = shape.reduce(1, *) * (value.type.rows == .candidate ? rows : 1)
            return value.type.dtype == .float32
                ? GoldenTensor(
                    name: value.name, rowShape: shape, elements: (0..<count).map { Float($0) / 4 })
                : GoldenTensor(
                    name: value.name, rowShape: shape, elements: [Int32](repeating: 1, count: count)
                )
        }
        let outputs = programs.map { program in
            GoldenOutput(
                program: program.name,
                tensors: graph.outputs.map { id in
                    let shape = graph[id].type.fixedSizes ?? []
                    return GoldenTensor(
                        name: graph[id].name, rowShape: shape,
                        elements: [Float](repeating: 0.25, count: shape.reduce(rows, *)))
                })
        }
        return GoldenVector(candidateRows: rows, inputs: inputs, outputs: outputs)
    }

    struct MissingValue: Error {}

    private static func requireValue<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw MissingValue() }
        return value
    }
}
