import TandemClient
import TandemWire
import Testing

/// Every call, what it sends and what it gives back.
@Suite(.timeLimit(.minutes(1))) struct CallTests {
    /// Asks a server that answers a call with what the test says, if it is the call expected.
    private func answer<Result>(
        _ call: Call<Result>, expecting expected: ControlCall, with answer: ControlAnswer
    ) throws -> Result {
        let server = FakeServer { peer in
            while let request = peer.request() {
                guard case .control(expected) = request.call else { return }
                peer.send(Frames.control(request.id, answer))
            }
        }
        return try BlockingConnection(path: server.path).call(call)
    }

    private var state: ModelVersionState {
        var state = ModelVersionState()
        state.name = "shop"
        state.version = 41
        state.state = .ready
        state.labels = ["stable"]
        state.isCurrent = true
        state.tableBytes = 100
        state.planBytes = 20
        state.loadDurationNanoseconds = 5_000_000
        return state
    }

    @Test func `asks for health`() throws {
        #expect(try answer(.serverLive, expecting: .serverLive, with: .serverLive(true)))
        let server = try answer(
            .serverReady, expecting: .serverReady, with: .serverReady(false, reason: "loading"))
        #expect(!server.isReady && server.version == nil && server.reason == "loading")
        let model = try answer(
            .modelReady("shop", version: .label("stable")),
            expecting: .modelReady(ModelChoice("shop", .label("stable"))),
            with: .modelReady(true, version: 41, reason: ""))
        #expect(model.isReady && model.version == 41 && model.reason.isEmpty)
    }

    @Test func `asks for metadata`() throws {
        var server = ServerMetadata()
        server.name = "tandemd"
        server.limits = [LimitValue("rows_max", 65_536)]
        server.uptimeNanoseconds = 2_000_000_000
        let description = try answer(
            .serverMetadata, expecting: .serverMetadata, with: .serverMetadata(server))
        #expect(description.name == "tandemd")
        #expect(description.limits == ["rows_max": 65_536])
        #expect(description.uptime == .seconds(2))

        var feature = FeatureMetadata()
        feature.name = "price"
        feature.side = .candidate
        feature.type = .float32
        feature.width = 1
        var figure = QualityFigure()
        figure.metric = "auc"
        figure.value = 0.75
        var task = TaskMetadata()
        task.name = "purchase"
        task.kind = .binary
        task.width = 1
        task.given = "click"
        task.quality = [figure]
        var metadata = ModelMetadata()
        metadata.name = "shop"
        metadata.version = 41
        metadata.labels = [VersionLabel("stable", 41)]
        metadata.features = [feature]
        metadata.tasks = [task]
        metadata.formulas = [FormulaMetadata("value", "click * purchase")]
        let model = try answer(
            .modelMetadata("shop", version: .number(41)),
            expecting: .modelMetadata(ModelChoice("shop", .version(41))),
            with: .modelMetadata(metadata))
        #expect(model.name == "shop")
        #expect(model.labels == ["stable": 41])
        #expect(model.features[0].type == "float32")
        #expect(model.features[0].side == .candidate)
        #expect(model.tasks[0].given == "click")
        #expect(model.tasks[0].quality[0].value == 0.75)
        #expect(model.formulas == ["value": "click * purchase"])
    }

    @Test func `asks for the repository, loads and unloads`() throws {
        let index = try answer(
            .repositoryIndex(model: "shop", readyOnly: true),
            expecting: .repositoryIndex(readyOnly: true, model: "shop"),
            with: .repositoryIndex([state, ModelVersionState()]))
        #expect(index.count == 2)
        #expect(index[0].state == .ready)
        #expect(index[0].memoryBytes == 120)
        #expect(index[0].loadDuration == .milliseconds(5))
        #expect(index[0].readyAtUnixNanoseconds == nil)
        #expect(index[1].state == .unknown)
        let loaded = try answer(
            .load("shop", version: 41), expecting: .modelLoad(model: "shop", version: 41),
            with: .modelLoad(state))
        #expect(loaded.model == "shop")
        let unloaded = try answer(
            .unload("shop", grace: .milliseconds(5)),
            expecting: .modelUnload(model: "shop", version: 0, graceNanoseconds: 5_000_000),
            with: .modelUnload([state]))
        #expect(unloaded.map(\.version) == [41])
    }

    @Test func `asks for reload, label and drain`() throws {
        let reloaded = try answer(
            .reload(configuration: true), expecting: .reload(model: "", configuration: true),
            with: .reload(changed: [state], applied: ["spin_us"], needsRestart: ["socket"]))
        #expect(reloaded.changed.map(\.model) == ["shop"])
        #expect(reloaded.appliedSettings == ["spin_us"])
        #expect(reloaded.restartSettings == ["socket"])
        let labels = try answer(
            .label("shop", label: "stable", version: 41),
            expecting: .label(model: "shop", label: "stable", version: 41),
            with: .label([VersionLabel("stable", 41), VersionLabel("canary", 42)]))
        #expect(labels == ["stable": 41, "canary": 42])
        let drained = try answer(
            .drain(timeout: .seconds(9)), expecting: .drain(timeoutNanoseconds: 9_000_000_000),
            with: .drain(inFlight: 3, connections: 12))
        #expect(drained.inFlight == 3 && drained.connections == 12)
    }

    @Test func `asks for statistics`() throws {
        var histogram = Histogram()
        histogram.bounds = [1]
        histogram.counts = [2, 3]
        histogram.count = 5
        var model = ModelStatistics()
        model.name = "shop"
        model.successes = 7
        model.failures = [CodeCount(.deadlineExceeded, count: 2)]
        model.stages = [StageStatistics(.compute, histogram)]
        var statistics = Statistics()
        statistics.server.uptimeNanoseconds = 1_000_000_000
        statistics.server.isDraining = true
        statistics.models = [model]
        let report = try answer(
            .statistics(), expecting: .statistics(model: ""), with: .statistics(statistics))
        #expect(report.server.uptime == .seconds(1))
        #expect(report.server.isDraining)
        #expect(report.models[0].successes == 7)
        #expect(report.models[0].failures[0].code == .deadlineExceeded)
        #expect(report.models[0].stages[0].name == "compute")
        #expect(report.models[0].stages[0].durations.counts == [2, 3])
    }

    @Test func `every status code of the wire has one code of the client's own`() {
        let codes = StatusCode.allCases.filter { $0 != .ok }.map { ClientError.Code($0) }
        #expect(Set(codes).count == codes.count)
        for code in StatusCode.allCases where code != .ok {
            #expect(ClientError.Code(code).description == "\(code)")
        }
    }
}
