internal import Glibc
internal import Synchronization
internal import TandemFeatures
internal import TandemRequest
internal import TandemWire

extension RequestService {
    /// Answers a call other than Predict, or has it answered later.
    mutating func control(
        _ call: ControlCall, _ id: UInt64, _ caller: Caller, _ connection: inout ConnectionState
    ) -> FrameOutcome {
        var caller = caller
        caller.requestID = id
        do throws(RequestError) {
            guard !call.isAdmin || caller.door == .admin else {
                throw Self.wrongSocket(call.name, .admin)
            }
            guard !connection.owes(id) else { throw Self.inFlight(id) }
            if let kind = call.kind {
                try withBytes(call.model) { (name) throws(RequestError) in
                    try checkAccess(
                        kind, call.model.isEmpty ? nil : TextView(name), &connection)
                }
            }
            if case .cancel(let other) = call {
                let found = cancel(other, caller, &connection)
                write(.cancel(found: found), id: id, &connection.output)
                return .answered
            }
            guard let answer = try answer(call, caller) else {
                return .later(requestID: id, byteCount: 0)
            }
            write(answer, id: id, &connection.output)
        } catch {
            refusals.add(error.status)
            write(error.status, id: id, &connection.output)
        }
        return .answered
    }

    /// The answer, or nil if it comes later.
    private mutating func answer(
        _ call: ControlCall, _ caller: Caller
    ) throws(RequestError) -> ControlAnswer? {
        switch call {
        case .serverLive: return .serverLive(true)
        case .serverReady: return readiness()
        case .serverMetadata: return .serverMetadata(serverMetadata())
        case .modelReady(let choice): return try modelReadiness(choice)
        case .modelMetadata(let choice): return .modelMetadata(try modelMetadata(choice))
        case .cancel: return nil
        case .repositoryIndex(let readyOnly, let model):
            if !model.isEmpty { _ = try find(model) }
            return .repositoryIndex(
                context.registry.index(model: model, readyOnly: readyOnly))
        case .modelLoad(let model, let version):
            context.registry.load(model: model, version: version) { [context] result in
                context.reply(to: caller, result.map { .modelLoad($0) })
            }
            return nil
        case .modelUnload(let model, let version, _):
            context.registry.unload(model: model, version: version) { [context] result in
                context.reply(to: caller, result.map { .modelUnload($0) })
            }
            return nil
        case .reload(let model, let configuration):
            reload(model, configuration: configuration, caller)
            return nil
        case .label(let model, let label, let version):
            context.registry.label(model: model, label: label, version: version) {
                [context] result in
                context.reply(to: caller, result.map { .label($0) })
            }
            return nil
        case .drain(let timeout):
            let open = Door.allCases.reduce(0) { $0 + context.group.openCount($1) }
            context.tell(.drain(timeoutNanoseconds: timeout))
            return .drain(inFlight: UInt64(pending.count), connections: UInt64(clamping: open))
        case .statistics(let model):
            if !model.isEmpty { _ = try find(model) }
            let collector = StatisticsCollector(
                caller, model: model, loopCount: context.group.mailboxes.count)
            context.group.postAll(.tell(.count(collector)))
            return nil
        }
    }

    /// Looks at the repository again, and before that at the configuration if asked.
    private func reload(_ model: String, configuration: Bool, _ caller: Caller) {
        let rescan = { @Sendable [context] (change: ConfigurationChange) in
            context.registry.rescan(model: model) { result in
                context.reply(
                    to: caller,
                    result.map {
                        .reload(
                            changed: $0, applied: change.applied,
                            needsRestart: change.needsRestart)
                    })
            }
        }
        guard configuration else { return rescan(ConfigurationChange()) }
        context.tell(
            .reload { [context] result in
                switch result {
                case .success(let change): rescan(change)
                case .failure(let error):
                    context.reply(
                        to: caller,
                        .failure(RequestError(.configurationRefused, error.message)))
                }
            })
    }

    // MARK: Health

    private func readiness() -> ControlAnswer {
        if isDraining { return .serverReady(false, reason: "the daemon drains") }
        if !table.isComplete { return .serverReady(false, reason: "models are being loaded") }
        return .serverReady(true, reason: "")
    }

    private func modelReadiness(_ choice: ModelChoice) throws(RequestError) -> ControlAnswer {
        do throws(RequestError) {
            let loaded = try find(choice)
            return .modelReady(true, version: loaded.model.version, reason: "")
        } catch {
            let isNotReady = error.code == .modelNotReady || error.code == .modelFailed
            guard isNotReady else { throw error }
            return .modelReady(false, version: 0, reason: error.message)
        }
    }

    // MARK: Metadata

    private func serverMetadata() -> ServerMetadata {
        var metadata = ServerMetadata()
        metadata.name = "tandemd"
        metadata.version = ServerVersion.text
        metadata.extensions = ["predict", "ranking", "gate_weights", "explain"]
        metadata.limits = settings.limits
        metadata.instructionSet = context.instructionSet
        metadata.loops = UInt32(clamping: context.group.mailboxes.count)
        metadata.pid = UInt32(clamping: getpid())
        metadata.uptimeNanoseconds = context.clock() &- context.startedAt
        return metadata
    }

    private func modelMetadata(_ choice: ModelChoice) throws(RequestError) -> ModelMetadata {
        let loaded = try find(choice)
        var metadata = loaded.metadata
        let model = try find(choice.model)
        metadata.versions = model.loaded.map(\.model.version)
        metadata.labels = model.labels
        return metadata
    }

    private func find(_ name: String) throws(RequestError) -> ModelTable.Model {
        guard let model = table.models.first(where: { $0.name == name }) else {
            // Not there: the look-up by bytes says so in full.
            return try withBytes(name) { (bytes) throws(RequestError) in
                try table.find(TextView(bytes))
            }
        }
        return model
    }

    private func find(_ choice: ModelChoice) throws(RequestError) -> LoadedModel {
        try withBytes(choice.model) { (name) throws(RequestError) in
            switch choice.version {
            case .current: try table.find(TextView(name), .current)
            case .version(let number): try table.find(TextView(name), .version(number))
            case .label(let label):
                try withBytes(label) { (label) throws(RequestError) in
                    try table.find(TextView(name), .label(TextView(label)))
                }
            }
        }
    }

    private func withBytes<Result>(
        _ text: String, _ body: (UnsafeRawBufferPointer) throws(RequestError) -> Result
    ) throws(RequestError) -> Result {
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: text.utf8.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: text.utf8)
        return try body(UnsafeRawBufferPointer(bytes))
    }

    // MARK: Statistics

    /// The sum of all loops as the wire has it.
    func statistics(_ sum: LoopStatistics) -> Statistics {
        var statistics = Statistics()
        let offset = ServerClock.unixOffset
        statistics.models = sum.models.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
            .map { $0.wire(unixOffset: offset) }
        var server = ServerStatistics()
        server.pid = UInt32(clamping: getpid())
        server.uptimeNanoseconds = context.clock() &- context.startedAt
        server.loops = UInt32(clamping: context.group.mailboxes.count)
        server.openConnections = UInt64(
            clamping: Door.allCases.reduce(0) { $0 + context.group.openCount($1) })
        for mailbox in context.group.mailboxes {
            server.acceptedConnections &+= mailbox.acceptedCount.load(ordering: .relaxed)
            server.receivedBytes &+= mailbox.receivedBytes.load(ordering: .relaxed)
            server.sentBytes &+= mailbox.sentBytes.load(ordering: .relaxed)
        }
        server.requests = sum.requests
        server.inFlight = UInt64(clamping: sum.inFlight)
        server.queuedWorkMicroseconds = sum.queuedWork / 1_000
        server.refusals = sum.refusals.wire
        server.residentBytes = ProcessMemory.residentBytes
        if let memory = context.registry.source.memory {
            server.modelBytes = UInt64(clamping: memory.used)
            server.modelBytesMax = UInt64(clamping: memory.max)
        }
        server.isDraining = isDraining
        (server.loads, server.failedLoads) = context.registry.loadCounts
        statistics.server = server
        return statistics
    }
}

extension ServiceContext {
    /// Gives a call's answer to the loop that has its connection.
    fileprivate func reply(to caller: Caller, _ result: Result<ControlAnswer, RequestError>) {
        let message: ServiceMessage =
            switch result {
            case .success(let answer): .answer(answer)
            case .failure(let error): .refusal(error)
            }
        group.mailboxes[caller.loop].post(.reply(to: caller, message))
    }
}

extension ControlCall {
    /// What a rule must allow for it; nil for what everybody may ask.
    fileprivate var kind: CallKinds? {
        switch self {
        case .serverLive, .serverReady, .serverMetadata, .cancel: nil
        case .modelReady, .modelMetadata: .metadata
        case .repositoryIndex, .statistics: .observe
        case .modelLoad, .modelUnload, .reload, .label, .drain: .control
        }
    }

    /// The model it is about; empty for all or none.
    fileprivate var model: String {
        switch self {
        case .serverLive, .serverReady, .serverMetadata, .cancel, .drain: ""
        case .modelReady(let choice), .modelMetadata(let choice): choice.model
        case .repositoryIndex(_, let model), .modelLoad(let model, _),
            .modelUnload(let model, _, _), .reload(let model, _), .label(let model, _, _),
            .statistics(let model):
            model
        }
    }

    /// The call's name in messages, as in `envelope.proto`.
    fileprivate var name: String {
        switch self {
        case .serverLive: "server_live"
        case .serverReady: "server_ready"
        case .serverMetadata: "server_metadata"
        case .modelReady: "model_ready"
        case .modelMetadata: "model_metadata"
        case .cancel: "cancel"
        case .repositoryIndex: "repository_index"
        case .modelLoad: "model_load"
        case .modelUnload: "model_unload"
        case .reload: "reload"
        case .label: "label"
        case .drain: "drain"
        case .statistics: "statistics"
        }
    }
}
