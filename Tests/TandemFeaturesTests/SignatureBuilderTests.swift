import TandemFeatures
import TandemGraph
import Testing

@Suite struct SignatureBuilderTests {
    func number(
        _ name: String, _ side: RowAxis = .candidate, width: Int = 1, missing: Bool = false
    ) -> LearnedFeature {
        LearnedFeature(
            declaration: FeatureDeclaration(
                name: name, side: side, rawType: .float32, width: width,
                encoding: .number(NumberDeclaration())),
            encoding: .number(NumberEncoding(transforms: [])), hasMissingColumn: missing)
    }

    func id(
        _ name: String, _ side: RowAxis = .candidate, list: Int? = nil, dimension: Int? = nil
    ) -> LearnedFeature {
        let encoding = FeatureEncoding.hashing(HashEncoding(bucketCount: 20))
        return LearnedFeature(
            declaration: FeatureDeclaration(
                name: name, side: side, rawType: .text, listLengthMax: list, isRequired: true,
                encoding: .fixed(encoding), embeddingDimension: dimension),
            encoding: encoding)
    }

    @Test func `numbers share one input a side, each with its missing column after it`() throws {
        let built = try SignatureBuilder.build(
            features: [
                number("a", missing: true), number("u", .context), number("v", width: 3),
                number("w", width: 2, missing: true), number("b"),
            ], tasks: [Task("t", .binary)])
        #expect(
            built.signature.features.map(\.slot) == [
                FeatureSlot(input: "candidate.dense", column: 0, missingColumn: 1),
                FeatureSlot(input: "context.dense", column: 0),
                FeatureSlot(input: "candidate.dense", column: 2),
                FeatureSlot(input: "candidate.dense", column: 5, missingColumn: 7),
                FeatureSlot(input: "candidate.dense", column: 8),
            ])
        #expect(
            built.inputs
                == ModelInputs(contextDenseWidth: 1, candidateDenseWidth: 9, embeddings: []))
    }

    @Test func `ids have inputs of their own, lists a second one`() throws {
        let built = try SignatureBuilder.build(
            features: [id("user", .context, dimension: 5), id("tags", list: 7)],
            tasks: [Task("t", .binary)])
        #expect(
            built.signature.features.map(\.slot) == [
                FeatureSlot(input: "user"), FeatureSlot(input: "tags", lengthInput: "tags.length"),
            ])
        #expect(
            built.inputs.embeddings == [
                EmbeddedFeature(input: "user", side: .context, idCount: 21, dimension: 5),
                EmbeddedFeature(
                    input: "tags", side: .candidate, idCount: 21,
                    dimension: EmbeddedFeature.dimension(idCount: 21), listLengthMax: 7,
                    lengthInput: "tags.length"),
            ])
        #expect(built.signature.features.allSatisfy { $0.isRequired })
    }

    @Test func `names become graph names, and none is given twice`() throws {
        let names = ["a b", "a_b", "a/b", "t", "context.dense", "list.length", "list", "Größe"]
        var features = names.map { id($0) }
        features[6] = id("list", list: 2)
        let built = try SignatureBuilder.build(features: features, tasks: [Task("t", .binary)])
        #expect(
            built.signature.features.map(\.slot.input) == [
                "a_b", "a_b_2", "a_b_3", "t_2", "context.dense_2", "list.length", "list_2",
                "Gr____e",
            ])
        #expect(built.signature.features.map(\.name) == names)
    }

    @Test func `the embedding's width follows the number of ids`() {
        let counts = [1, 16, 17, 256, 257, 65_536, 65_537]
        #expect(
            counts.map { EmbeddedFeature.dimension(idCount: $0) } == [4, 4, 8, 8, 16, 16, 32])
    }

    @Test func `refuses a task whose name is none for an output`() {
        let error = failure {
            _ = try SignatureBuilder.build(features: [], tasks: [Task("never married", .binary)])
        }
        #expect(error?.code == .invalidName && error?.subject == "never married")
        #expect(error?.message.contains("'never_married'") == true)
    }

    @Test func `a model built from the inputs fits the signature`() throws {
        let built = try SignatureBuilder.build(
            features: [
                number("age", .context, missing: true), number("price"), id("user id", .context),
                id("click"), id("history", .context, list: 5), id("tags", list: 3),
            ],
            tasks: [
                Task("click", .binary), Task("stars", .multiclass(classCount: 5)),
                Task("dwell", .regression, given: "click"),
            ],
            formulas: [RankingFormula(name: "value", expression: "click * dwell")])
        let model = try ModelBuilder.build(
            name: "shop", inputs: built.inputs,
            architecture: ModelArchitecture(
                trunk: .mixtureOfExperts(expertCount: 2, expertLayers: [4]), towerLayers: [3],
                heads: [
                    TaskHead("click", .binary), TaskHead("stars", .multiclass(classCount: 5)),
                    TaskHead("dwell", .regression(TargetTransform())),
                ]), seed: 1)
        try built.signature.validate(against: model.graph)
        let encoder = try FeatureEncoder(signature: built.signature, graph: model.graph)
        #expect(encoder.signature == built.signature)
    }
}
