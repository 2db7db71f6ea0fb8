import CTandemProto

extension ControlCall {
    /// Reads the call of a decoded envelope.
    ///
    /// - Throws: `callMissing` where there is none that this side knows, and what is wrong with
    ///   names and versions.
    init(reading request: Tandem__V1__Request, limits: WireLimits) throws(WireError) {
        let reader = CallReader(limits: limits)
        switch request.call_case {
        case TANDEM__V1__REQUEST__CALL_SERVER_LIVE: self = .serverLive
        case TANDEM__V1__REQUEST__CALL_SERVER_READY: self = .serverReady
        case TANDEM__V1__REQUEST__CALL_SERVER_METADATA: self = .serverMetadata
        case TANDEM__V1__REQUEST__CALL_MODEL_READY:
            self = .modelReady(try reader.choice(request.model_ready))
        case TANDEM__V1__REQUEST__CALL_MODEL_METADATA:
            self = .modelMetadata(try reader.choice(request.model_metadata))
        case TANDEM__V1__REQUEST__CALL_CANCEL: self = .cancel(request.cancel.pointee.id)
        default: self = try reader.admin(request)
        }
    }

    /// Sets the call of an envelope.
    func write(
        into request: inout Tandem__V1__Request, _ builder: MessageBuilder
    ) throws(WireError) {
        switch self {
        case .serverLive:
            request.call_case = TANDEM__V1__REQUEST__CALL_SERVER_LIVE
            request.server_live = try builder.make(tandem__v1__server_live_request__init)
        case .serverReady:
            request.call_case = TANDEM__V1__REQUEST__CALL_SERVER_READY
            request.server_ready = try builder.make(tandem__v1__server_ready_request__init)
        case .serverMetadata:
            request.call_case = TANDEM__V1__REQUEST__CALL_SERVER_METADATA
            request.server_metadata = try builder.make(tandem__v1__server_metadata_request__init)
        case .modelReady(let choice):
            let call = try builder.make(tandem__v1__model_ready_request__init)
            call.pointee.model = try builder.text(choice.model)
            switch choice.version {
            case .current: break
            case .version(let version):
                call.pointee.version_choice_case =
                    TANDEM__V1__MODEL_READY_REQUEST__VERSION_CHOICE_VERSION
                call.pointee.version = version
            case .label(let label):
                call.pointee.version_choice_case =
                    TANDEM__V1__MODEL_READY_REQUEST__VERSION_CHOICE_LABEL
                call.pointee.label = try builder.text(label)
            }
            request.call_case = TANDEM__V1__REQUEST__CALL_MODEL_READY
            request.model_ready = call
        case .modelMetadata(let choice):
            let call = try builder.make(tandem__v1__model_metadata_request__init)
            call.pointee.model = try builder.text(choice.model)
            switch choice.version {
            case .current: break
            case .version(let version):
                call.pointee.version_choice_case =
                    TANDEM__V1__MODEL_METADATA_REQUEST__VERSION_CHOICE_VERSION
                call.pointee.version = version
            case .label(let label):
                call.pointee.version_choice_case =
                    TANDEM__V1__MODEL_METADATA_REQUEST__VERSION_CHOICE_LABEL
                call.pointee.label = try builder.text(label)
            }
            request.call_case = TANDEM__V1__REQUEST__CALL_MODEL_METADATA
            request.model_metadata = call
        case .cancel(let id):
            let call = try builder.make(tandem__v1__cancel_request__init)
            call.pointee.id = id
            request.call_case = TANDEM__V1__REQUEST__CALL_CANCEL
            request.cancel = call
        default: try writeAdmin(into: &request, builder)
        }
    }

    private func writeAdmin(
        into request: inout Tandem__V1__Request, _ builder: MessageBuilder
    ) throws(WireError) {
        switch self {
        case .repositoryIndex(let readyOnly, let model):
            let call = try builder.make(tandem__v1__repository_index_request__init)
            call.pointee.ready_only = readyOnly ? 1 : 0
            call.pointee.model = try builder.text(model)
            request.call_case = TANDEM__V1__REQUEST__CALL_REPOSITORY_INDEX
            request.repository_index = call
        case .modelLoad(let model, let version):
            let call = try builder.make(tandem__v1__model_load_request__init)
            call.pointee.model = try builder.text(model)
            call.pointee.version = version
            request.call_case = TANDEM__V1__REQUEST__CALL_MODEL_LOAD
            request.model_load = call
        case .modelUnload(let model, let version, let grace):
            let call = try builder.make(tandem__v1__model_unload_request__init)
            call.pointee.model = try builder.text(model)
            call.pointee.version = version
            call.pointee.grace_ns = grace
            request.call_case = TANDEM__V1__REQUEST__CALL_MODEL_UNLOAD
            request.model_unload = call
        case .reload(let model, let configuration):
            let call = try builder.make(tandem__v1__reload_request__init)
            call.pointee.model = try builder.text(model)
            call.pointee.configuration = configuration ? 1 : 0
            request.call_case = TANDEM__V1__REQUEST__CALL_RELOAD
            request.reload = call
        case .label(let model, let label, let version):
            let call = try builder.make(tandem__v1__label_request__init)
            call.pointee.model = try builder.text(model)
            call.pointee.label = try builder.text(label)
            call.pointee.version = version
            request.call_case = TANDEM__V1__REQUEST__CALL_LABEL
            request.label = call
        case .drain(let timeout):
            let call = try builder.make(tandem__v1__drain_request__init)
            call.pointee.timeout_ns = timeout
            request.call_case = TANDEM__V1__REQUEST__CALL_DRAIN
            request.drain = call
        case .statistics(let model):
            let call = try builder.make(tandem__v1__statistics_request__init)
            call.pointee.model = try builder.text(model)
            request.call_case = TANDEM__V1__REQUEST__CALL_STATISTICS
            request.statistics = call
        case .serverLive, .serverReady, .serverMetadata, .modelReady, .modelMetadata, .cancel: break
        }
    }
}

/// Reads the parts of control calls and checks their names.
private struct CallReader {
    let limits: WireLimits

    func admin(_ request: Tandem__V1__Request) throws(WireError) -> ControlCall {
        switch request.call_case {
        case TANDEM__V1__REQUEST__CALL_REPOSITORY_INDEX:
            let call = request.repository_index.pointee
            return .repositoryIndex(
                readyOnly: call.ready_only != 0,
                model: try optional(call.model, "RepositoryIndexRequest.model"))
        case TANDEM__V1__REQUEST__CALL_MODEL_LOAD:
            let call = request.model_load.pointee
            return .modelLoad(
                model: try name(call.model, "ModelLoadRequest.model"), version: call.version)
        case TANDEM__V1__REQUEST__CALL_MODEL_UNLOAD:
            let call = request.model_unload.pointee
            return .modelUnload(
                model: try name(call.model, "ModelUnloadRequest.model"), version: call.version,
                graceNanoseconds: call.grace_ns)
        case TANDEM__V1__REQUEST__CALL_RELOAD:
            let call = request.reload.pointee
            return .reload(
                model: try optional(call.model, "ReloadRequest.model"),
                configuration: call.configuration != 0)
        case TANDEM__V1__REQUEST__CALL_LABEL:
            let call = request.label.pointee
            return .label(
                model: try name(call.model, "LabelRequest.model"),
                label: try optional(call.label, "LabelRequest.label"), version: call.version)
        case TANDEM__V1__REQUEST__CALL_DRAIN:
            return .drain(timeoutNanoseconds: request.drain.pointee.timeout_ns)
        case TANDEM__V1__REQUEST__CALL_STATISTICS:
            return .statistics(
                model: try optional(request.statistics.pointee.model, "StatisticsRequest.model"))
        default:
            throw WireError(
                .callMissing,
                "the request holds no call that this server knows; it may need a newer tandemd",
                field: "Request.call")
        }
    }

    func choice(
        _ call: UnsafeMutablePointer<Tandem__V1__ModelReadyRequest>
    ) throws(WireError) -> ModelChoice {
        let call = call.pointee
        return try choice(
            call.model, call.version_choice_case.rawValue, call.version, call.label,
            "ModelReadyRequest")
    }

    func choice(
        _ call: UnsafeMutablePointer<Tandem__V1__ModelMetadataRequest>
    ) throws(WireError) -> ModelChoice {
        let call = call.pointee
        return try choice(
            call.model, call.version_choice_case.rawValue, call.version, call.label,
            "ModelMetadataRequest")
    }

    private func choice(
        _ model: ProtobufCBinaryData, _ choice: UInt32, _ version: UInt64,
        _ label: ProtobufCBinaryData, _ message: String
    ) throws(WireError) -> ModelChoice {
        try KnownFields.version(choice, version, message + ".version")
        let model = try name(model, message + ".model")
        switch VersionChoice<TextView>(choice, version, label) {
        case .current: return ModelChoice(model)
        case .version(let version): return ModelChoice(model, .version(version))
        case .label(let label):
            return ModelChoice(model, .label(try name(label, message + ".label")))
        }
    }

    private func name(_ text: ProtobufCBinaryData, _ field: String) throws(WireError) -> String {
        try name(TextView(text), field)
    }

    private func name(_ text: TextView, _ field: String) throws(WireError) -> String {
        try KnownFields.text(text, field, limits.nameBytesMax, "name_bytes_max")
        return text.string
    }

    private func optional(
        _ text: ProtobufCBinaryData, _ field: String
    ) throws(WireError) -> String {
        text.len == 0 ? "" : try name(text, field)
    }
}
