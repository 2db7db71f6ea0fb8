internal import CProtobufC
internal import CTandemProto
internal import TandemGraph

extension Manifest {
    /// Reads a serialised message.
    ///
    /// What is checked here is each field by itself; what fields promise each other is checked by
    /// `Manifest.validate`.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(PackageError) -> Manifest {
        let arena = MessageArena(
            byteCountMax: Limits.manifestArenaBytesBase
                + bytes.count * Limits.manifestArenaFactor)
        let unpacked = arena.withAllocator { allocator in
            tandem__package__v1__manifest__unpack(
                allocator, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard let unpacked else {
            guard !arena.isOutOfMemory else {
                throw PackageError(.outOfMemory, "no memory to unpack the manifest into")
            }
            throw PackageError(
                .invalidManifest,
                arena.isExhausted
                    ? "the manifest asks for more memory than a package may"
                    : "the manifest is not a tandem.package.v1.Manifest message")
        }
        defer { withExtendedLifetime(arena) {} }
        try checkMemory(unpacked.pointee, bytes.count)
        return try decode(unpacked.pointee)
    }

    /// Refuses a message if there is no memory for what decoding makes of it.
    private static func checkMemory(
        _ message: ManifestMessage, _ byteCount: Int
    ) throws(PackageError) {
        var itemCount = message.n_tensors
        for index in 0..<message.n_programs {
            guard let graph = message.programs?[index]?.pointee.graph?.pointee else { continue }
            itemCount += graph.n_nodes + graph.n_inputs + graph.n_parameters
        }
        let needed = memoryByteCount(byteCount: byteCount, itemCount: itemCount)
        guard TensorStorage.canMap(needed) else {
            throw PackageError(
                .outOfMemory, "no memory of \(needed) bytes to read the manifest in",
                actual: UInt64(needed))
        }
    }

    /// The most memory that a manifest is decoded and checked in.
    ///
    /// - Parameters:
    ///   - byteCount: Bytes of the message.
    ///   - itemCount: Its tensors, operations, inputs and parameters.
    /// - Returns: Bytes.
    static func memoryByteCount(byteCount: Int, itemCount: Int) -> Int {
        byteCount * Limits.manifestAskedFactor + itemCount * Limits.manifestAskedPerItem
            + Limits.manifestArenaBytesBase
    }

    private static func decode(_ message: ManifestMessage) throws(PackageError) -> Manifest {
        try checkRequirements(message)
        let model = try decodeModel(message)
        var segmentCount = 0
        let tensors = try decodeList(
            message.n_tensors, message.tensors, "tensors", max: Limits.tensorsMax
        ) { (tensor) throws(PackageError) in
            segmentCount += tensor.n_segments
            try checkCount(segmentCount, "segments", max: Limits.segmentsMax)
            return try decodeTensor(tensor)
        }
        let shards = try decodeList(
            message.n_shards, message.shards, "shards", max: Limits.shardsMax, decodeShard)
        return Manifest(model: model, tensors: tensors, shards: shards)
    }

    /// Features whose text is made into ids of tokens.
    static let tokensRequirement = "tokens"
    /// What this version knows of what packages may require.
    private static let knownRequirements: Set<String> = [tokensRequirement]

    /// Refuses what the writer says a reader must know and this one does not.
    private static func checkRequirements(_ message: ManifestMessage) throws(PackageError) {
        let required = try decodeTexts(
            message.n_requires, message.requires, "requirements", max: 256,
            1...Limits.nameBytesMax)
        if let unknown = required.first(where: { !knownRequirements.contains($0) }) {
            throw PackageError(
                .unknownRequirement,
                "the package requires '\(unknown)', which this version does not know; "
                    + "use a newer one",
                subject: unknown)
        }
    }

    private static func decodeModel(
        _ message: ManifestMessage
    ) throws(PackageError) -> PackagedModel {
        let name = try message.model_name.text("the model's name", 1...Limits.modelNameBytesMax)
        try ModelName.check(name)
        guard let signature = message.signature else {
            throw PackageError(.invalidManifest, "the manifest has no signature")
        }
        return PackagedModel(
            name: name,
            createdWith: try message.created_with.text("created_with", 0...Limits.nameBytesMax),
            signature: try decodeSignature(signature.pointee),
            programs: try decodeList(
                message.n_programs, message.programs, "programs", max: Limits.programsMax,
                decodeProgram),
            goldens: try decodeGoldens(message), warmUps: try decodeWarmUps(message),
            quality: try decodeList(
                message.n_quality, message.quality, "quality figures",
                max: Limits.qualityFiguresMax, decodeFigure),
            choices: try decodeList(
                message.n_choices, message.choices, "choices", max: Limits.choicesMax,
                decodeChoice),
            provenance: try decodeProvenance(message))
    }

    private static func decodeTensor(_ message: TensorMessage) throws(PackageError) -> TensorRecord
    {
        let name = try decodeGraphName(message.name)
        let segments = try decodeList(
            message.n_segments, message.segments, "segments", max: Limits.segmentsMax
        ) { (segment) throws(PackageError) in
            Segment(
                shard: Int(segment.shard),
                offset: try decodeInt(segment.offset, "an offset", max: Limits.tensorBytesMax),
                rowBegin: try decodeInt(segment.row_begin, "a row", max: Limits.tensorBytesMax),
                rowCount: try decodeInt(segment.row_count, "rows", max: Limits.tensorBytesMax),
                byteCount: try decodeInt(segment.byte_count, "bytes", max: Limits.tensorBytesMax))
        }
        return TensorRecord(
            name: name, dtype: try decodeDataType(message.data_type),
            shape: try decodeShape(message.n_shape, message.shape), segments: segments)
    }

    private static func decodeShard(_ message: ShardMessage) throws(PackageError) -> ShardRecord {
        guard let contentID = ContentID(bytes: Array(message.sha256.bytes)) else {
            throw PackageError(
                .invalidShard, "a shard's sha256 has \(message.sha256.len) bytes instead of 32")
        }
        return ShardRecord(
            contentID: contentID,
            storedByteCount: try decodeInt(
                message.stored_bytes, "a shard's size", max: ShardFormat.fileByteCountMax),
            rawByteCount: try decodeInt(
                message.raw_bytes, "a shard's raw size", max: ShardFormat.rawByteCountMax),
            blockCount: try decodeInt(
                UInt64(message.block_count), "a shard's block count", max: Limits.shardBlocksMax),
            indexChecksum: message.index_crc32c)
    }

    private static func decodeWarmUps(_ message: ManifestMessage) throws(PackageError) -> [[UInt8]]
    {
        try checkCount(message.n_warm_ups, "warm-up requests", max: Limits.warmUpsMax)
        var requests: [[UInt8]] = []
        var byteCount = 0
        for index in 0..<message.n_warm_ups {
            guard let request = message.warm_ups?[index] else { break }
            byteCount += request.len
            try checkCount(byteCount, "bytes of warm-up requests", max: Limits.warmUpBytesMax)
            requests.append(Array(request.bytes))
        }
        return requests
    }

    private static func decodeFigure(
        _ message: QualityMessage
    ) throws(PackageError) -> QualityFigure {
        QualityFigure(
            program: try message.program.text("a figure's program", 1...Limits.nameBytesMax),
            task: try message.task.text("a figure's task", 0...Limits.nameBytesMax),
            metric: try message.metric.text("a metric", 1...64), value: message.value,
            rowCount: try decodeInt(message.rows, "a figure's rows", max: .max),
            split: try message.split.text("a figure's split", 0...64))
    }

    private static func decodeChoice(
        _ message: ChoiceMessage
    ) throws(PackageError) -> OperationChoice {
        let precision: OperationChoice.Precision
        switch message.precision {
        case TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8: precision = .int8
        case TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8_TWICE_INPUT:
            precision = .int8TwiceInput
        case TANDEM__PACKAGE__V1__PRECISION__PRECISION_INT8_TWICE: precision = .int8Twice
        case TANDEM__PACKAGE__V1__PRECISION__PRECISION_FLOAT32: precision = .float
        default:
            throw PackageError(
                .invalidManifest, "a choice has no precision that is known",
                actual: UInt64(clamping: message.precision.rawValue))
        }
        return OperationChoice(
            operation: try decodeGraphName(message.operation), precision: precision,
            clipsOutliers: message.clips_outliers != 0, sensitivity: message.sensitivity)
    }

    private static func decodeProvenance(
        _ message: ManifestMessage
    ) throws(PackageError) -> [ProvenanceEntry] {
        let entries = try decodeList(
            message.n_provenance, message.provenance, "provenance entries",
            max: Limits.provenanceEntriesMax
        ) { (entry) throws(PackageError) in
            ProvenanceEntry(
                try entry.key.text("a provenance key", 1...128),
                try entry.value.text("a provenance value", 0...Limits.textBytesMax))
        }
        try checkUnique(entries.map(\.key), "provenance keys", .invalidManifest)
        return entries
    }

    private static func decodeGoldens(
        _ message: ManifestMessage
    ) throws(PackageError) -> [GoldenVector] {
        var byteCount = 0
        return try decodeList(
            message.n_goldens, message.goldens, "golden vectors", max: Limits.goldensMax
        ) { (golden) throws(PackageError) in
            GoldenVector(
                candidateRows: try decodeInt(
                    UInt64(golden.candidate_rows), "a golden vector's rows",
                    max: Limits.goldenRowsMax),
                inputs: try decodeGoldenTensors(golden.n_inputs, golden.inputs, &byteCount),
                outputs: try decodeList(
                    golden.n_outputs, golden.outputs, "golden outputs", max: Limits.programsMax
                ) { (output) throws(PackageError) in
                    GoldenOutput(
                        program: try output.program.text("a program", 1...Limits.nameBytesMax),
                        tensors: try decodeGoldenTensors(
                            output.n_tensors, output.tensors, &byteCount))
                })
        }
    }

    private static func decodeGoldenTensors(
        _ count: Int, _ list: MessageList<GoldenTensorMessage>?, _ byteCount: inout Int
    ) throws(PackageError) -> [GoldenTensor] {
        var total = byteCount
        defer { byteCount = total }
        return try decodeList(count, list, "golden tensors", max: Limits.tensorsMax) {
            (tensor) throws(PackageError) in
            total += tensor.values.len
            try checkCount(total, "bytes of golden vectors", max: Limits.goldenBytesMax)
            return GoldenTensor(
                name: try decodeGraphName(tensor.name),
                rowShape: try decodeShape(tensor.n_row_shape, tensor.row_shape),
                bytes: Array(tensor.values.bytes))
        }
    }
}
