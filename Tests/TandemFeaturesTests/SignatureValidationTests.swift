import TandemFeatures
import TandemGraph
import Testing

/// One test a way in which a signature may be wrong in itself or for its graph.
@Suite struct SignatureValidationTests {
    static let hashing = FeatureEncoding.hashing(HashEncoding(bucketCount: 9))

    /// A number with a missing column, an id and a list, and what fits them.
    struct Sample {
        var features: [Feature] = [
            .number("price", missingColumn: 1), .id("brand", .text, hashing),
            .id("tags", .text, hashing, listLengthMax: 3),
        ]
        var tasks = [Task("score", .binary, labels: ["no", "yes"])]
        var formulas = [RankingFormula(name: "value", expression: "score")]
        let graph: Graph

        init() throws { graph = try ToyModel.graph(features) }

        func refusal() -> FeatureError? {
            failure {
                try Signature(features: features, tasks: tasks, formulas: formulas)
                    .validate(against: graph)
            }
        }
    }

    func refusal(after change: (inout Sample) -> Void) throws -> FeatureError? {
        var sample = try Sample()
        change(&sample)
        return sample.refusal()
    }

    @Test func `takes a signature that fits`() throws {
        #expect(try Sample().refusal() == nil)
    }

    // MARK: Names

    @Test func `refuses names that stand twice`() throws {
        let feature = try refusal { $0.features.append($0.features[0]) }
        #expect(feature?.code == .duplicateName && feature?.subject == "price")
        let formula = try refusal { $0.formulas.append($0.formulas[0]) }
        #expect(formula?.code == .duplicateName && formula?.subject == "value")
        let task = try refusal { $0.tasks.append($0.tasks[0]) }
        #expect(task?.code == .duplicateName && task?.subject == "score")
    }

    @Test func `a name has 1 to 256 bytes`() throws {
        for count in [0, 1, 255, 256, 257] {
            let name = String(repeating: "n", count: count)
            let error = try refusal { $0.features[1].name = name }
            #expect((error == nil) == (1...256).contains(count))
            if let error {
                #expect(error.code == .invalidName)
                #expect(error.limit == 256 && error.actual == count)
            }
        }
        // 86 letters of 3 bytes each.
        let error = try refusal { $0.formulas[0].name = String(repeating: "€", count: 86) }
        #expect(error?.code == .invalidName && error?.actual == 258)
    }

    @Test(arguments: ["a\nb", "\u{0}", "tab\t", "del\u{7F}"])
    func `refuses control characters in names`(name: String) throws {
        let error = try refusal { $0.features[1].name = name }
        #expect(error?.code == .invalidName)
        #expect(error?.subject.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } == true)
    }

    @Test func `refuses more features than allowed`() throws {
        let limit = FeatureLimits.featureCountMax
        let error = try refusal { sample in
            sample.features = (0...limit).map { .number("n\($0)") }
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.limit == limit && error?.actual == limit + 1)
    }

    // MARK: Slots

    @Test func `refuses a feature for an input that is not there`() throws {
        let error = try refusal { $0.features[0].slot.input = "cost" }
        #expect(error?.code == .unknownInput && error?.subject == "price")
        let length = try refusal { $0.features[2].slot.lengthInput = "n" }
        #expect(length?.code == .unknownInput && length?.subject == "tags")
    }

    @Test func `refuses numbers for an id input and ids for numbers`() throws {
        let error = try refusal { $0.features[0].slot.input = "tags" }
        #expect(error?.code == .wrongInput && error?.subject == "price")
        let id = try refusal { $0.features[1].slot.input = "price" }
        #expect(id?.code == .wrongInput && id?.subject == "brand")
    }

    @Test func `refuses a feature on the other side than its input`() throws {
        let error = try refusal { $0.features[1].side = .context }
        #expect(error?.code == .wrongInput && error?.subject == "brand")
        let none = try refusal { $0.features[1].side = .none }
        #expect(none?.code == .invalidEncoding && none?.subject == "brand")
    }

    @Test(arguments: [-1, 1, 2, Int.max, .min])
    func `refuses columns outside the input`(column: Int) throws {
        let error = try refusal { $0.features[1].slot.column = column }
        #expect(error?.code == .wrongInput && error?.subject == "brand")
        #expect(error?.limit == 1)
    }

    @Test func `refuses two features in one column`() throws {
        let twin = try refusal { sample in
            var second = Feature.number("second")
            second.slot = FeatureSlot(input: "price", column: 0)
            sample.features.append(second)
        }
        #expect(twin?.code == .overlappingColumns)
        #expect(twin?.subject == "second" && twin?.actual == 0)
        let own = try refusal { $0.features[0].slot.missingColumn = 0 }
        #expect(own?.code == .overlappingColumns && own?.subject == "price")
    }

    @Test func `refuses a column that no feature writes`() throws {
        let error = try refusal { $0.features[0].slot.missingColumn = nil }
        #expect(error?.code == .uncoveredInput)
        #expect(error?.subject == "price" && error?.actual == 1)
        let input = try refusal { $0.features.remove(at: 1) }
        #expect(input?.code == .uncoveredInput && input?.subject == "brand")
        let length = try refusal { $0.features[2].slot.lengthInput = nil }
        #expect(length?.code == .uncoveredInput && length?.subject == "tags.length")
        let shorter = try refusal { $0.features[2].listLengthMax = 2 }
        #expect(shorter?.code == .uncoveredInput && shorter?.actual == 2)
    }

    @Test func `refuses a length that goes to a wider input`() throws {
        var builder = try GraphBuilder(name: "wide")
        let ids = try builder.input("x", TensorType(.int32, .candidate, sizes: [2]))
        _ = try builder.input("x.length", TensorType(.int32, .candidate, sizes: [2]))
        let table = try builder.parameter("table", .float32, [10, 1])
        try builder.output(try builder.node("score", .embedding, [ids, table]))
        let signature = Signature(
            features: [.id("x", .text, Self.hashing, listLengthMax: 2)],
            tasks: [Task("score", .vector(width: 2))])
        let graph = builder.finished()
        let error = failure { try signature.validate(against: graph) }
        #expect(error?.code == .wrongInput && error?.subject == "x")
    }

    @Test func `refuses an input of unknown size`() throws {
        var builder = try GraphBuilder(name: "symbolic")
        let input = try builder.input("x", TensorType(.float32, .candidate, [.symbol("n")]))
        try builder.output(try builder.node("score", .unary(.relu), [input]))
        let graph = builder.finished()
        let signature = Signature(features: [.number()], tasks: [Task("score", .binary)])
        let error = failure { try signature.validate(against: graph) }
        #expect(error?.code == .wrongInput && error?.subject == "x")
    }

    // MARK: Tasks and formulas

    @Test func `refuses tasks that are not the outputs`() throws {
        let renamed = try refusal { $0.tasks[0].name = "click" }
        #expect(renamed?.code == .wrongTask && renamed?.subject == "click")
        let more = try refusal { $0.tasks.append(Task("click", .binary)) }
        #expect(more?.code == .wrongTask && more?.limit == 1 && more?.actual == 2)
        #expect(try refusal { $0.tasks = [] }?.code == .wrongTask)
    }

    @Test(arguments: [TaskKind.multiclass(classCount: 2), .vector(width: 3), .vector(width: 0)])
    func `refuses a width that is not the output's`(kind: TaskKind) throws {
        let error = try refusal { $0.tasks = [Task("score", kind)] }
        #expect(error?.code == .wrongTask && error?.subject == "score")
        #expect(error?.limit == kind.width && error?.actual == 1)
    }

    @Test func `refuses a single class`() throws {
        let error = try refusal { $0.tasks = [Task("score", .multiclass(classCount: 1))] }
        #expect(error?.code == .wrongTask && error?.limit == 2)
    }

    @Test(arguments: [["yes"], ["a", "b", "c"]])
    func `refuses labels that do not match the classes`(labels: [String]) throws {
        let error = try refusal { $0.tasks[0].labels = labels }
        #expect(error?.code == .wrongTask)
        #expect(error?.limit == 2 && error?.actual == labels.count)
        let regression = try refusal { $0.tasks = [Task("score", .regression, labels: labels)] }
        #expect(regression?.limit == 0)
    }

    @Test func `refuses conditions on no task, on itself and in a circle`() throws {
        let missing = try refusal { $0.tasks[0].given = "click" }
        #expect(missing?.code == .wrongTask && missing?.message.contains("'click'") == true)
        let itself = try refusal { $0.tasks[0].given = "score" }
        #expect(itself?.code == .wrongTask && itself?.subject == "score")
        var builder = try GraphBuilder(name: "three")
        let input = try builder.input("x", TensorType(.float32, .candidate, sizes: [1]))
        for name in ["a", "b", "c"] {
            try builder.output(try builder.node(name, .unary(.sigmoid), [input]))
        }
        let graph = builder.finished()
        func chain(_ given: [String?]) -> FeatureError? {
            let tasks = zip(["a", "b", "c"], given).map { Task($0, .binary, given: $1) }
            return failure {
                try Signature(features: [.number()], tasks: tasks).validate(against: graph)
            }
        }
        #expect(chain([nil, "a", "b"]) == nil)
        #expect(chain(["b", "c", nil]) == nil)
        #expect(chain(["c", "a", "b"])?.code == .wrongTask)
        #expect(chain([nil, "c", "b"])?.code == .wrongTask)
    }

    @Test func `a formula has 1 to 4,096 bytes`() throws {
        for count in [0, 1, 4095, 4096, 4097] {
            let expression = String(repeating: "1", count: count)
            let error = try refusal { $0.formulas[0].expression = expression }
            #expect((error == nil) == (1...4096).contains(count))
            if let error {
                #expect(error.code == .wrongFormula && error.subject == "value")
                #expect(error.limit == 4096 && error.actual == count)
            }
        }
    }
}
