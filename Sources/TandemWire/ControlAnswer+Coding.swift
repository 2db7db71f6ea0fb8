import CTandemProto

extension ControlAnswer {
    /// Sets the result of an envelope.
    func write(
        into response: inout Tandem__V1__Response, _ builder: MessageBuilder
    ) throws(WireError) {
        switch self {
        case .serverLive(let live):
            let answer = try builder.make(tandem__v1__server_live_response__init)
            answer.pointee.live = live ? 1 : 0
            response.result_case = TANDEM__V1__RESPONSE__RESULT_SERVER_LIVE
            response.server_live = answer
        case .serverReady(let ready, let reason):
            let answer = try builder.make(tandem__v1__server_ready_response__init)
            answer.pointee.ready = ready ? 1 : 0
            answer.pointee.reason = try builder.text(reason)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_SERVER_READY
            response.server_ready = answer
        case .serverMetadata(let metadata):
            response.result_case = TANDEM__V1__RESPONSE__RESULT_SERVER_METADATA
            response.server_metadata = try metadata.message(builder)
        case .modelReady(let ready, let version, let reason):
            let answer = try builder.make(tandem__v1__model_ready_response__init)
            answer.pointee.ready = ready ? 1 : 0
            answer.pointee.version = version
            answer.pointee.reason = try builder.text(reason)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_MODEL_READY
            response.model_ready = answer
        case .modelMetadata(let metadata):
            response.result_case = TANDEM__V1__RESPONSE__RESULT_MODEL_METADATA
            response.model_metadata = try metadata.message(builder)
        case .cancel(let found):
            let answer = try builder.make(tandem__v1__cancel_response__init)
            answer.pointee.found = found ? 1 : 0
            response.result_case = TANDEM__V1__RESPONSE__RESULT_CANCEL
            response.cancel = answer
        default: try writeAdmin(into: &response, builder)
        }
    }

    private func writeAdmin(
        into response: inout Tandem__V1__Response, _ builder: MessageBuilder
    ) throws(WireError) {
        switch self {
        case .repositoryIndex(let versions):
            let answer = try builder.make(tandem__v1__repository_index_response__init)
            answer.pointee.n_versions = versions.count
            answer.pointee.versions = try ModelVersionState.list(versions, builder)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_REPOSITORY_INDEX
            response.repository_index = answer
        case .modelLoad(let loaded):
            let answer = try builder.make(tandem__v1__model_load_response__init)
            answer.pointee.loaded = try loaded.message(builder)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_MODEL_LOAD
            response.model_load = answer
        case .modelUnload(let unloaded):
            let answer = try builder.make(tandem__v1__model_unload_response__init)
            answer.pointee.n_unloaded = unloaded.count
            answer.pointee.unloaded = try ModelVersionState.list(unloaded, builder)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_MODEL_UNLOAD
            response.model_unload = answer
        case .reload(let changed, let applied, let needsRestart):
            let answer = try builder.make(tandem__v1__reload_response__init)
            answer.pointee.n_changed = changed.count
            answer.pointee.changed = try ModelVersionState.list(changed, builder)
            answer.pointee.n_applied_settings = applied.count
            answer.pointee.applied_settings = try builder.texts(applied)
            answer.pointee.n_restart_settings = needsRestart.count
            answer.pointee.restart_settings = try builder.texts(needsRestart)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_RELOAD
            response.reload = answer
        case .label(let labels):
            let answer = try builder.make(tandem__v1__label_response__init)
            answer.pointee.n_labels = labels.count
            answer.pointee.labels = try VersionLabel.list(labels, builder)
            response.result_case = TANDEM__V1__RESPONSE__RESULT_LABEL
            response.label = answer
        case .drain(let inFlight, let connections):
            let answer = try builder.make(tandem__v1__drain_response__init)
            answer.pointee.in_flight = inFlight
            answer.pointee.connections = connections
            response.result_case = TANDEM__V1__RESPONSE__RESULT_DRAIN
            response.drain = answer
        case .statistics(let statistics):
            response.result_case = TANDEM__V1__RESPONSE__RESULT_STATISTICS
            response.statistics = try statistics.message(builder)
        case .serverLive, .serverReady, .serverMetadata, .modelReady, .modelMetadata, .cancel: break
        }
    }

    /// Reads the result of a decoded envelope; nil where it is none of these.
    init?(reading response: Tandem__V1__Response) {
        switch response.result_case {
        case TANDEM__V1__RESPONSE__RESULT_SERVER_LIVE:
            self = .serverLive(response.server_live.pointee.live != 0)
        case TANDEM__V1__RESPONSE__RESULT_SERVER_READY:
            let answer = response.server_ready.pointee
            self = .serverReady(answer.ready != 0, reason: TextView(answer.reason).string)
        case TANDEM__V1__RESPONSE__RESULT_SERVER_METADATA:
            self = .serverMetadata(ServerMetadata(reading: response.server_metadata.pointee))
        case TANDEM__V1__RESPONSE__RESULT_MODEL_READY:
            let answer = response.model_ready.pointee
            self = .modelReady(
                answer.ready != 0, version: answer.version, reason: TextView(answer.reason).string)
        case TANDEM__V1__RESPONSE__RESULT_MODEL_METADATA:
            self = .modelMetadata(ModelMetadata(reading: response.model_metadata.pointee))
        case TANDEM__V1__RESPONSE__RESULT_CANCEL:
            self = .cancel(found: response.cancel.pointee.found != 0)
        default:
            guard let answer = ControlAnswer(readingAdmin: response) else { return nil }
            self = answer
        }
    }

    private init?(readingAdmin response: Tandem__V1__Response) {
        switch response.result_case {
        case TANDEM__V1__RESPONSE__RESULT_REPOSITORY_INDEX:
            let answer = response.repository_index.pointee
            self = .repositoryIndex(ModelVersionState.reading(answer.versions, answer.n_versions))
        case TANDEM__V1__RESPONSE__RESULT_MODEL_LOAD:
            let loaded = response.model_load.pointee.loaded?.pointee
            self = .modelLoad(
                loaded.map { ModelVersionState(reading: $0) } ?? ModelVersionState())
        case TANDEM__V1__RESPONSE__RESULT_MODEL_UNLOAD:
            let answer = response.model_unload.pointee
            self = .modelUnload(ModelVersionState.reading(answer.unloaded, answer.n_unloaded))
        case TANDEM__V1__RESPONSE__RESULT_RELOAD:
            let answer = response.reload.pointee
            self = .reload(
                changed: ModelVersionState.reading(answer.changed, answer.n_changed),
                applied: readTexts(answer.applied_settings, answer.n_applied_settings),
                needsRestart: readTexts(answer.restart_settings, answer.n_restart_settings))
        case TANDEM__V1__RESPONSE__RESULT_LABEL:
            let answer = response.label.pointee
            self = .label(VersionLabel.reading(answer.labels, answer.n_labels))
        case TANDEM__V1__RESPONSE__RESULT_DRAIN:
            let answer = response.drain.pointee
            self = .drain(inFlight: answer.in_flight, connections: answer.connections)
        case TANDEM__V1__RESPONSE__RESULT_STATISTICS:
            self = .statistics(Statistics(reading: response.statistics.pointee))
        default: return nil
        }
    }
}
