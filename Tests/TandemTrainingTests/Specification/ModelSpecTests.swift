import TandemGraph
import TandemTraining
import Testing

@Suite struct ModelSpecTests {
    private static func text(
        model: String = "", feature: String = "kind = \"list\"", task: String = ""
    ) -> String {
        """
        [model]
        name = "m"
        \(model)
        [[feature]]
        column = "item"
        kind = "categorical"
        embedding_dim = 8
        [[feature]]
        column = "list"
        \(feature)
        [[task]]
        name = "click"
        kind = "binary"
        label = "c"
        [[task]]
        name = "buy"
        kind = "binary"
        label = "b"
        \(task)
        """
    }

    @Test func `reads each architecture with what stands for the keys that are not there`() throws {
        func trunk(_ model: String, task: String = "") throws -> ModelArchitecture.Trunk {
            try TrainingSpec(Self.text(model: model, task: task)).model.trunk
        }
        #expect(
            try trunk("architecture = \"ple\"\nlevels = 3\nexpert_layers = [9]")
                == .progressiveExtraction(
                    ProgressiveExtraction(
                        levelCount: 3, sharedExpertCount: 2, taskExpertCount: 2,
                        expertLayers: [9])))
        #expect(
            try trunk("architecture = \"dcn\"\narrangement = \"stacked\"")
                == .crossNetwork(
                    CrossNetwork(crossCount: 3, deepLayers: [128, 64], arrangement: .stacked)))
        #expect(
            try trunk("architecture = \"aitm\"\ntask_layers = [4]")
                == .informationTransfer(layers: [4]))
        #expect(try trunk("architecture = \"cross-stitch\"") == .crossStitch(layers: [128, 64]))
        #expect(
            try trunk("architecture = \"esmm\"", task: "given = \"click\"")
                == .sharedBottom(layers: []))
    }

    @Test func `esmm learns conversions over all rows, and others where they say so`() throws {
        let given = "given = \"click\""
        func learns(_ model: String, _ task: String) throws -> Bool {
            try TrainingSpec(Self.text(model: model, task: task)).tasks[1].learnsEntireSpace
        }
        #expect(try learns("architecture = \"esmm\"", given))
        #expect(try !learns("architecture = \"mmoe\"", given))
        #expect(try learns("", "\(given)\nentire_space = true"))
    }

    @Test func `reads how lists become vectors`() throws {
        func sequence(_ keys: String) throws -> SequenceSpec? {
            let feature = "kind = \"list\"\nembedding_dim = 8\npooling = \(keys)"
            return try TrainingSpec(Self.text(feature: feature)).features[1].sequence
        }
        #expect(try sequence("\"mean\"") == .pool(.mean))
        #expect(try sequence("\"lstm\"\nunits = 128") == .recurrent(.lstm, width: 128))
        #expect(try sequence("\"gru\"") == .recurrent(.gru(resetsAfter: true), width: nil))
        #expect(
            try sequence("\"target-attention\"\ntarget = \"item\"\nnormalized = true")
                == .targetAttention(target: "item", layers: [36], isNormalized: true))
        #expect(
            try sequence("\"transformer\"\nblocks = 1\nheads = 2\nanswer = \"class\"")
                == .encoder(
                    SequenceEncoder(
                        blockCount: 1, headCount: 2, innerWidth: 32, answer: .classVector)))
        let words = Self.text(feature: "kind = \"words\"\npooling = \"lstm\"")
        #expect(try TrainingSpec(words).features[1].sequence == .recurrent(.lstm, width: nil))
    }

    struct Slip: Sendable, CustomTestStringConvertible {
        var model = ""
        var feature = "kind = \"list\""
        var task = ""
        let code: TrainingError.Code
        let key: String?
        let remedy: String
        var testDescription: String { "\(model) \(feature) \(task)" }
    }

    static let slips = [
        Slip(
            model: "architecture = \"plee\"", code: .wrongValue, key: "model.architecture",
            remedy: "'ple'"),
        Slip(
            model: "architecture = \"ple\"\nexperts = 4", code: .unknownKey, key: "model.experts",
            remedy: "experts'"),
        Slip(
            model: "architecture = \"ple\"\nlevels = 0", code: .wrongValue, key: "model.levels",
            remedy: "1 to"),
        Slip(
            model: "architecture = \"aitm\"\ntask_layers = []", code: .wrongValue,
            key: "model.task_layers", remedy: "at least one"),
        Slip(
            model: "architecture = \"dcn\"\narrangement = \"paralel\"", code: .wrongValue,
            key: "model.arrangement", remedy: "'parallel'"),
        Slip(
            model: "architecture = \"esmm\"", code: .missingKey, key: "task.given",
            remedy: "given"),
        Slip(
            task: "entire_space = true", code: .wrongValue, key: "task[1].entire_space",
            remedy: "add 'given'"),
        Slip(
            task: "given = \"buy\"", code: .unknownName, key: "task[1].given", remedy: ""),
        Slip(
            feature: "kind = \"list\"\npooling = \"lsmt\"", code: .wrongValue,
            key: "feature[1].pooling", remedy: "'lstm'"),
        Slip(
            feature: "kind = \"list\"\npooling = \"lstm\"\nheads = 2", code: .unknownKey,
            key: "feature[1].heads", remedy: ""),
        Slip(
            feature: "kind = \"list\"\npooling = \"target-attention\"", code: .missingKey,
            key: "feature[1]", remedy: "add it"),
        Slip(
            feature: "kind = \"list\"\npooling = \"target-attention\"\ntarget = \"itm\"",
            code: .unknownName, key: "feature[1].target", remedy: "'item'"),
        Slip(
            feature:
                "kind = \"list\"\npooling = \"target-attention\"\ntarget = \"item\"\nembedding_dim = 4",
            code: .wrongValue, key: "feature[1].target", remedy: "same embedding_dim"),
        Slip(
            feature: "kind = \"list\"\npooling = \"transformer\"", code: .missingKey,
            key: "feature[1]", remedy: "add it"),
        Slip(
            feature: "kind = \"list\"\npooling = \"transformer\"\nembedding_dim = 6",
            code: .wrongValue, key: "feature[1].heads", remedy: "embedding_dim"),
    ]

    @Test(arguments: slips) func `names the key and what was meant`(slip: Slip) throws {
        let text = Self.text(model: slip.model, feature: slip.feature, task: slip.task)
        let error = #expect(throws: TrainingError.self) { try TrainingSpec(text) }
        #expect(error?.code == slip.code, "\(String(describing: error))")
        #expect(error?.key == slip.key, "\(String(describing: error))")
        #expect(error?.remedy.contains(slip.remedy) == true, "\(String(describing: error))")
    }

    @Test func `refuses tasks that are given each other`() throws {
        let text =
            Self.text(task: "given = \"click\"")
            .replacing("label = \"c\"", with: "label = \"c\"\ngiven = \"buy\"")
        let error = #expect(throws: TrainingError.self) { try TrainingSpec(text) }
        #expect(error?.code == .wrongValue && error?.key == "task[0].given")
    }
}
