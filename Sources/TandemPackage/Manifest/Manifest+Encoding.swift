internal import CProtobufC
internal import CTandemProto
internal import TandemFeatures
internal import TandemGraph

extension Manifest {
    /// The serialised message; the same manifest always gives the same bytes.
    func encoded() -> [UInt8] {
        let arena = MessageArena()
        var message = message(in: arena)
        return withExtendedLifetime(arena) {
            let count = tandem__package__v1__manifest__get_packed_size(&message)
            return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
                written = tandem__package__v1__manifest__pack(&message, buffer.baseAddress)
            }
        }
    }

    private func message(in arena: MessageArena) -> ManifestMessage {
        var message = ManifestMessage()
        tandem__package__v1__manifest__init(&message)
        message.model_name = arena.data(model.name)
        message.created_with = arena.data(model.createdWith)
        message.signature = arena.message(Self.message(model.signature, arena))
        (message.n_programs, message.programs) = arena.messages(model.programs) {
            Self.message($0, arena)
        }
        (message.n_tensors, message.tensors) = arena.messages(tensors) { Self.message($0, arena) }
        (message.n_shards, message.shards) = arena.messages(shards) { Self.message($0, arena) }
        (message.n_quality, message.quality) = arena.messages(model.quality) {
            Self.message($0, arena)
        }
        (message.n_choices, message.choices) = arena.messages(model.choices) {
            Self.message($0, arena)
        }
        (message.n_goldens, message.goldens) = arena.messages(model.goldens) {
            Self.message($0, arena)
        }
        (message.n_warm_ups, message.warm_ups) = arena.numbers(
            model.warmUps.map { arena.data($0) })
        (message.n_provenance, message.provenance) = arena.messages(model.provenance) {
            var entry = ProvenanceMessage()
            tandem__package__v1__provenance_entry__init(&entry)
            entry.key = arena.data($0.key)
            entry.value = arena.data($0.value)
            return entry
        }
        (message.n_requires, message.requires) = arena.texts(requirements)
        return message
    }

    /// What a reader has to know to read the package right; see `knownRequirements`.
    private var requirements: [String] {
        let usesTokens = model.signature.features.contains { feature in
            if case .tokens = feature.encoding { return true }
            return false
        }
        return usesTokens ? [Self.tokensRequirement] : []
    }

    private static func message(_ tensor: TensorRecord, _ arena: MessageArena) -> TensorMessage {
        var message = TensorMessage()
        tandem__package__v1__tensor__init(&message)
        message.name = arena.data(tensor.name)
        message.data_type = stored(tensor.dtype)
        (message.n_shape, message.shape) = arena.numbers(tensor.shape.map(UInt64.init(clamping:)))
        (message.n_segments, message.segments) = arena.messages(tensor.segments) {
            var segment = SegmentMessage()
            tandem__package__v1__segment__init(&segment)
            segment.shard = UInt32(clamping: $0.shard)
            segment.offset = UInt64(clamping: $0.offset)
            segment.row_begin = UInt64(clamping: $0.rowBegin)
            segment.row_count = UInt64(clamping: $0.rowCount)
            segment.byte_count = UInt64(clamping: $0.byteCount)
            return segment
        }
        return message
    }

    private static func message(_ shard: ShardRecord, _ arena: MessageArena) -> ShardMessage {
        var message = ShardMessage()
        tandem__package__v1__shard__init(&message)
        message.sha256 = arena.data(shard.contentID.bytes)
        message.stored_bytes = UInt64(clamping: shard.storedByteCount)
        message.raw_bytes = UInt64(clamping: shard.rawByteCount)
        message.block_count = UInt32(clamping: shard.blockCount)
        message.index_crc32c = shard.indexChecksum
        return message
    }

    private static func message(_ figure: QualityFigure, _ arena: MessageArena) -> QualityMessage {
        var message = QualityMessage()
        tandem__package__v1__quality_figure__init(&message)
        message.program = arena.data(figure.program)
        message.task = arena.data(figure.task)
        message.metric = arena.data(figure.metric)
        message.value = figure.value
        message.rows = UInt64(clamping: figure.rowCount)
        message.split = arena.data(figure.split)
        return message
    }

    private static func message(_ choice: OperationChoice, _ arena: MessageArena) -> ChoiceMessage {
        var message = ChoiceMessage()
        tandem__package__v1__operation_choice__init(&message)
        message.operation = arena.data(choice.operation)
        message.precision =
            switch choice.precision {
            case .float: TANDEM__PACKAGE__V1__PRECISION__PRECISION_FLOAT32
            case .int8: TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8
            case .int8TwiceInput: TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8_TWICE_INPUT
            case .int8Twice: TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8_TWICE
            }
        message.clips_outliers = choice.clipsOutliers ? 1 : 0
        message.sensitivity = choice.sensitivity
        return message
    }

    private static func message(_ golden: GoldenVector, _ arena: MessageArena) -> GoldenMessage {
        var message = GoldenMessage()
        tandem__package__v1__golden_vector__init(&message)
        message.candidate_rows = UInt32(clamping: golden.candidateRows)
        (message.n_inputs, message.inputs) = arena.messages(golden.inputs) {
            Self.message($0, arena)
        }
        (message.n_outputs, message.outputs) = arena.messages(golden.outputs) {
            var output = GoldenOutputMessage()
            tandem__package__v1__golden_output__init(&output)
            output.program = arena.data($0.program)
            (output.n_tensors, output.tensors) = arena.messages($0.tensors) {
                Self.message($0, arena)
            }
            return output
        }
        return message
    }

    private static func message(
        _ tensor: GoldenTensor, _ arena: MessageArena
    ) -> GoldenTensorMessage {
        var message = GoldenTensorMessage()
        tandem__package__v1__golden_tensor__init(&message)
        message.name = arena.data(tensor.name)
        (message.n_row_shape, message.row_shape) = arena.numbers(
            tensor.rowShape.map(UInt64.init(clamping:)))
        message.values = arena.data(tensor.bytes)
        return message
    }
}
