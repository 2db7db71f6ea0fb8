import TandemFeatures
import TandemGraph
import TandemImport
import Testing

@Suite struct FeatureFileTests {
    /// Inputs: numbers `dense` [4] and ids `country` [] of the context, ids `items` [3] with
    /// `count` of the candidate.
    ///
    /// Outputs: a probability, classes, a number and a vector.
    static func graph() throws -> Graph {
        var builder = try GraphBuilder(name: "shop")
        let dense = try builder.input("dense", TensorType(.float32, .candidate, sizes: [4]))
        let country = try builder.input("country", TensorType(.int32, .context, sizes: []))
        let items = try builder.input("items", TensorType(.int32, .candidate, sizes: [3]))
        let count = try builder.input("count", TensorType(.int32, .candidate, sizes: []))
        let table = try builder.parameter("table", .float32, [50, 4])
        let weight = try builder.parameter("weight", .float32, [1, 4])
        let user = try builder.node("user", .embedding, [country, table])
        let pool = try builder.node("pool", .embeddingPool(.mean), [items, count, table])
        let both = try builder.node("both", .binary(.add), [user, pool])
        let sum = try builder.node("sum", .binary(.add), [both, dense])
        let logit = try builder.node("logit", .linear, [sum, weight])
        let click = try builder.node("click", .unary(.sigmoid), [logit])
        let classes = try builder.node("classes", .softmax, [sum])
        let share = try builder.node("share", .slice(axis: 0, start: 0, end: 1), [classes])
        let purchase = try builder.node("purchase", .binary(.multiply), [click, share])
        for output in [click, classes, purchase, logit, sum] { try builder.output(output) }
        return builder.finished()
    }

    static let sound = """
        [[feature]]
        name = "land"
        input = "country"
        side = "context"
        kind = "categorical"
        values = ["DE", "FR"]
        first_id = 2
        unknown_id = 1

        [[feature]]
        name = "history"
        input = "items"
        kind = "list"
        dtype = "int64"
        values = [7, 8, 9]
        max_length = 3
        length_input = "count"

        [[feature]]
        name = "price"
        input = "dense"
        kind = "numeric"
        log1p = true
        mean = 2.5
        deviation = 0.5
        clip = [0, 100]
        missing_column = 1

        [[feature]]
        name = "vector"
        input = "dense"
        kind = "identity"
        width = 2

        [[task]]
        output = "logit"
        kind = "vector"

        [[task]]
        output = "click"
        labels = ["no", "yes"]

        [[formula]]
        name = "value"
        expression = "click * purchase"
        """

    static func signature(_ text: String, path: String = "") throws -> Signature {
        try SignatureBinding.signature(
            of: graph(), try FeatureFile(text: text, path: path))
    }

    static func refusal(_ text: String, path: String = "") -> ImportProblem? {
        #expect(throws: ImportError.self) { try signature(text, path: path) }?.problems[0]
    }

    @Test func `binds raw features to inputs`() throws {
        let signature = try Self.signature(Self.sound)
        #expect(signature.features.map(\.name) == ["land", "history", "price", "vector"])
        #expect(signature.features.map(\.side) == [.context, .candidate, .candidate, .candidate])
        #expect(signature.features.map(\.slot.column) == [0, 0, 0, 2])
        #expect(signature.features[1].slot.lengthInput == "count")
        #expect(signature.features[2].slot.missingColumn == 1)
        guard case .vocabulary(let land) = signature.features[0].encoding,
            case .vocabulary(let items) = signature.features[1].encoding,
            case .number(let price) = signature.features[2].encoding
        else {
            Issue.record("the encodings are \(signature.features.map(\.encoding))")
            return
        }
        #expect((land.firstID, land.missingID, land.unknownID) == (2, 0, 1))
        #expect(items.vocabulary.position(of: 8) == 1)
        #expect(
            price.transforms == [
                .clip(minimum: 0, maximum: 100), .signedLog1p,
                .standardize(mean: 2.5, deviation: 0.5),
            ])
        #expect(
            signature.formulas == [RankingFormula(name: "value", expression: "click * purchase")])
    }

    @Test func `guesses tasks from what makes them, unless the file says`() throws {
        let signature = try Self.signature(Self.sound)
        #expect(signature.tasks.map(\.name) == ["click", "classes", "purchase", "logit", "sum"])
        #expect(
            signature.tasks.map(\.kind) == [
                .binary, .multiclass(classCount: 4), .binary, .vector(width: 1), .vector(width: 4),
            ])
        #expect(signature.tasks[0].labels == ["no", "yes"])
    }

    @Test func `passes inputs through that no feature writes, ids as far as tables go`() throws {
        let signature = try SignatureBinding.signature(of: Self.graph())
        #expect(signature.features.map(\.name) == ["dense", "country", "items", "count"])
        #expect(signature.features.map(\.width) == [4, 1, 3, 1])
        #expect(signature.features.map(\.side) == [.candidate, .context, .candidate, .candidate])
        #expect(signature.features.map { $0.encoding.idCount ?? 0 } == [0, 50, 50, 4])
        #expect(signature.features.map(\.isRequired) == [true, true, true, true])
    }

    @Test func `says which inputs are the context's`() throws {
        #expect(try FeatureFile(text: Self.sound, path: "").contextInputs == ["country"])
    }

    @Test func `reads vocabularies from files beside it`() throws {
        let folder = TemporaryFolder()
        folder.write("lands.txt", Array("DE\r\nFR\nIT\n".utf8))
        let text = Self.sound.replacing(
            "values = [\"DE\", \"FR\"]", with: "vocabulary = \"lands.txt\"")
        let signature = try Self.signature(text, path: "\(folder.path)/features.toml")
        guard case .vocabulary(let land) = signature.features[0].encoding else {
            Issue.record("no vocabulary")
            return
        }
        #expect(land.vocabulary.count == 3)
        #expect(land.vocabulary.value(at: 0) == Array("DE".utf8))
        for path in ["../lands.txt", "/etc/passwd", "missing.txt"] {
            let text = Self.sound.replacing(
                "values = [\"DE\", \"FR\"]", with: "vocabulary = \"\(path)\"")
            let problem = Self.refusal(text, path: "\(folder.path)/features.toml")
            #expect(problem?.code == .invalidFeatures)
            #expect(problem?.key == "feature[0].vocabulary")
            #expect(problem?.line == 6)
        }
    }

    @Test(arguments: [
        ("input = \"country\"", "input = \"cuntry\"", "'country'"),
        ("side = \"context\"", "side = \"candidate\"", "candidate"),
        ("name = \"history\"", "name = \"land\"", "second"),
        ("values = [\"DE\", \"FR\"]", "values = [\"DE\", \"DE\"]", "twice"),
        ("values = [\"DE\", \"FR\"]", "hash_buckets = 4\nvalues = [\"a\"]", "beside"),
        ("first_id = 2", "first_ids = 2", "first_id"),
        ("kind = \"list\"", "kind = \"lists\"", "list"),
        ("clip = [0, 100]", "clip = [100, 0]", "ascending"),
        ("output = \"logit\"", "output = \"logits\"", "'logit'"),
        ("first_id = 2", "first_id = 49", "50"),
        ("width = 2", "width = 3", "column"),
        ("kind = \"numeric\"", "kind = \"buckets\"", "boundaries"),
    ])
    func `refuses what does not fit, with the place`(
        sound: String, broken: String, word: String
    ) {
        let text = Self.sound.replacing(sound, with: broken, maxReplacements: 1)
        let problem = Self.refusal(text)
        #expect(problem?.code == .invalidFeatures)
        #expect(problem?.description.contains(word) == true, "\(problem?.description ?? "")")
    }

    @Test func `refuses text that is not TOML, with the line`() {
        let problem = Self.refusal("[[feature]]\nname = ")
        #expect(problem?.code == .invalidFeatures)
        #expect(problem?.line == 2)
    }
}
