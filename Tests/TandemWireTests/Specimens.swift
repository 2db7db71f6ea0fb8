import TandemWire

/// Messages with every field of the schema set to something that is not its default.
///
/// `SchemaTests` checks that none is left out, so a new field must be added here.
enum Specimens {
    /// A Predict request with one column of each type.
    static var predict: PredictRequestMessage {
        var message = PredictRequestMessage(model: "shop", rows: 3)
        message.version = .version(41)
        message.tasks = ["click", "purchase"]
        message.deadlineNanoseconds = 0x0102_0304_0506_0708
        message.priority = -3
        message.context = [
            ColumnMessage("age", .float32([33.5])),
            ColumnMessage("user", .bytes(blob: Array("anna".utf8), lengths: [4])),
        ]
        message.candidates = [
            ColumnMessage("price", .float32([1.5, 0, -2]), presence: [0b101]),
            ColumnMessage("item", .int64([-1, 2, 1 << 40])),
            ColumnMessage("shelf", .int32([-7, 8, 9])),
            ColumnMessage(
                "tags", .bytes(blob: Array("redbluegreen".utf8), lengths: [3, 4, 5]),
                listLengths: [2, 0, 1]),
        ]
        message.ranking = RankingMessage(
            .weightedSum([
                .init("click", weight: 1), .init("stars", weight: 0.25, column: 4),
            ]), topK: 2, rankedRowsOnly: true)
        message.wantsGateWeights = true
        message.wantsExplanation = true
        return message
    }

    /// The requests, by the name of their golden file.
    static var requests: [(name: String, frame: (RequestEncoder) throws -> [UInt8])] {
        var labelled = PredictRequestMessage(model: "shop", rows: 1)
        labelled.version = .label("stable")
        labelled.ranking = RankingMessage(.powerProduct([.init("click", weight: 0.5)]))
        var expressed = PredictRequestMessage(model: "shop", rows: 1)
        expressed.ranking = RankingMessage(.expression("click * purchase"))
        var named = PredictRequestMessage(model: "shop", rows: 1)
        named.ranking = RankingMessage(.named("value"))
        let predicts = [
            ("predict", predict), ("predict_label", labelled), ("predict_expression", expressed),
            ("predict_named", named),
        ]
        return predicts.map { name, message in
            (name, { try $0.predict(id: 300, message).bytes })
        }
            + calls.map { name, call in (name, { try $0.control(id: 301, call).bytes }) }
    }

    /// The control calls, by the name of their golden file.
    static let calls: [(name: String, call: ControlCall)] = [
        ("server_live", .serverLive),
        ("server_ready", .serverReady),
        ("server_metadata", .serverMetadata),
        ("model_ready", .modelReady(ModelChoice("shop", .version(41)))),
        ("model_ready_label", .modelReady(ModelChoice("shop", .label("stable")))),
        ("model_metadata", .modelMetadata(ModelChoice("shop", .version(41)))),
        ("model_metadata_label", .modelMetadata(ModelChoice("shop", .label("stable")))),
        ("cancel", .cancel(300)),
        ("repository_index", .repositoryIndex(readyOnly: true, model: "shop")),
        ("model_load", .modelLoad(model: "shop", version: 41)),
        ("model_unload", .modelUnload(model: "shop", version: 41, graceNanoseconds: 5_000_000)),
        ("reload", .reload(model: "shop", configuration: true)),
        ("label", .label(model: "shop", label: "stable", version: 41)),
        ("drain", .drain(timeoutNanoseconds: 9_000_000_000)),
        ("statistics", .statistics(model: "shop")),
    ]

    /// The answers to control calls, by the name of their golden file.
    static var answers: [(name: String, answer: ControlAnswer)] {
        [
            ("server_live", .serverLive(true)),
            ("server_ready", .serverReady(true, reason: "two models")),
            ("server_metadata", .serverMetadata(serverMetadata)),
            ("model_ready", .modelReady(true, version: 41, reason: "loaded")),
            ("model_metadata", .modelMetadata(modelMetadata)),
            ("cancel", .cancel(found: true)),
            ("repository_index", .repositoryIndex([state, ModelVersionState()])),
            ("model_load", .modelLoad(state)),
            ("model_unload", .modelUnload([state])),
            (
                "reload",
                .reload(
                    changed: [state], applied: ["spin_us"], needsRestart: ["socket", "loops"])
            ),
            ("label", .label([VersionLabel("stable", 41)])),
            ("drain", .drain(inFlight: 3, connections: 12)),
            ("statistics", .statistics(statistics)),
        ]
    }

    /// A failure with two facts.
    static var status: WireStatus {
        var detail = StatusDetail(reason: "ROWS_OVER_LIMIT")
        detail.model = "shop"
        detail.feature = "price"
        detail.task = "click"
        detail.limit = "rows_max"
        detail.bound = 65_536
        detail.actual = -1
        detail.expected = "float32"
        detail.given = "int64"
        detail.row = 70_000
        detail.offset = 1 << 33
        return WireStatus(
            .resourceExhausted, "too many rows", details: [detail, StatusDetail(reason: "X")],
            retryAfterNanoseconds: 2_000_000)
    }

    static var serverMetadata: ServerMetadata {
        var metadata = ServerMetadata()
        metadata.name = "tandemd"
        metadata.version = "0.1.0"
        metadata.extensions = ["predict", "ranking"]
        metadata.limits = [LimitValue("rows_max", 65_536), LimitValue("spin_us", -1)]
        metadata.instructionSet = "avx512vnni"
        metadata.loops = 2
        metadata.pid = 4_711
        metadata.uptimeNanoseconds = 1 << 50
        return metadata
    }

    static var modelMetadata: ModelMetadata {
        var feature = FeatureMetadata()
        feature.name = "price"
        feature.side = .candidate
        feature.type = .float32
        feature.kind = "number"
        feature.width = 1
        feature.listLengthMax = 50
        feature.isRequired = true
        feature.vocabularySize = 1 << 33
        feature.summary = "in cents"
        var figure = QualityFigure()
        figure.metric = "auc"
        figure.value = 0.75
        figure.executor = "int8"
        figure.split = "validation"
        figure.rows = 20_000
        var task = TaskMetadata()
        task.name = "purchase"
        task.kind = .multiclass
        task.width = 3
        task.given = "click"
        task.labels = ["no", "later", "yes"]
        task.unit = "orders"
        task.quality = [figure]
        var metadata = ModelMetadata()
        metadata.name = "shop"
        metadata.version = 41
        metadata.versions = [40, 41]
        metadata.labels = [VersionLabel("stable", 40)]
        metadata.features = [feature]
        metadata.tasks = [task]
        metadata.formulas = [FormulaMetadata("value", "click * purchase")]
        metadata.executor = "int8"
        metadata.gates = ["click"]
        metadata.summary = "the shop"
        return metadata
    }

    static var state: ModelVersionState {
        var state = ModelVersionState()
        state.name = "shop"
        state.version = 41
        state.state = .ready
        state.reason = "as asked"
        state.labels = ["stable", "canary"]
        state.isCurrent = true
        state.executor = "int8"
        state.tableBytes = 1 << 33
        state.denseBytes = 1_000
        state.planBytes = 2_000
        state.arenaBytes = 3_000
        state.readyAtUnixNanoseconds = 1_800_000_000_000_000_000
        state.loadDurationNanoseconds = 5_000_000
        state.loadedBytes = 10
        state.totalBytes = 20
        state.inFlight = 4
        return state
    }

    static var histogram: Histogram {
        var histogram = Histogram()
        histogram.bounds = [0.5, 1]
        histogram.counts = [1, 2, 3]
        histogram.sum = 7.25
        histogram.count = 6
        histogram.minimum = 0.25
        histogram.maximum = 2
        return histogram
    }

    static var statistics: Statistics {
        var server = ServerStatistics()
        server.pid = 4_711
        server.uptimeNanoseconds = 1
        server.loops = 2
        server.openConnections = 3
        server.inFlight = 4
        server.queuedWorkMicroseconds = 5
        server.acceptedConnections = 6
        server.requests = 7
        server.receivedBytes = 8
        server.sentBytes = 9
        server.refusals = [CodeCount(.invalidArgument, reason: "WIRE_MALFORMED", count: 10)]
        server.residentBytes = 11
        server.modelBytes = 12
        server.modelBytesMax = 13
        server.isDraining = true
        server.loads = 14
        server.failedLoads = 15
        var task = TaskStatistics()
        task.name = "click"
        task.scores = histogram
        task.notFinite = 1
        var feature = FeatureStatistics()
        feature.name = "price"
        feature.rows = 1
        feature.missingRows = 2
        feature.unknownValues = 3
        feature.clippedValues = 4
        feature.values = 5
        var model = ModelStatistics()
        model.name = "shop"
        model.version = 41
        model.successes = 1
        model.rows = 2
        model.failures = [CodeCount(.deadlineExceeded, count: 3)]
        model.receivedBytes = 4
        model.sentBytes = 5
        model.expired = 6
        model.late = 8
        model.lastRequestUnixNanoseconds = 7
        model.stages = [StageStatistics(.compute, histogram)]
        model.tasks = [task]
        model.features = [feature]
        model.rowsPerRequest = histogram
        var statistics = Statistics()
        statistics.server = server
        statistics.models = [model]
        return statistics
    }

    static var explanation: Explanation {
        var resolution = FeatureResolution()
        resolution.feature = "price"
        resolution.presentRows = 2
        resolution.missingRows = 1
        resolution.unknownValues = 3
        resolution.clippedValues = 4
        resolution.firstValue = "0.25"
        var explanation = Explanation()
        explanation.executor = "int8"
        explanation.instructionSet = "scalar"
        explanation.stages = [StageTime(.decode, nanoseconds: 900)]
        explanation.operations = [
            OperationTime(
                name: "tower/click", kind: "linear", nanoseconds: 1_200, multiplyAdds: 4_096)
        ]
        explanation.features = [resolution]
        return explanation
    }

    /// A template with two tasks and a gate.
    static var template: PredictResponseTemplate {
        PredictResponseTemplate(
            model: "shop", version: 41,
            tasks: [
                TaskAnswer("click", .binary),
                TaskAnswer("purchase", .multiclass, width: 3, given: "click"),
            ], gates: [GateAnswer("click", experts: 2)])
    }
}
