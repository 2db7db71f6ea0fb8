internal import TandemFeatures
internal import TandemGraph

// Design: one straight validator.
//
// After decoding, each field is in range by itself; here is checked, once and in order, what fields
// promise each other. Every later step (the load plan, the block decoder) relies on it and checks
// no more. The arithmetic is safe by the limits: a tensor has at most 2^40 bytes, a shard at most
// 2^36, so sums of a tensor's and a shard's sizes fit 64 bits; where a product could pass that, it
// is computed with overflow reported.

extension Manifest {
    /// Checks everything that a manifest promises about itself.
    func validate() throws(PackageError) {
        try checkShards()
        try checkTensors()
        try checkCoverage()
        try validateModel()
    }

    /// Checks what does not concern files: tensors, programs, signature, goldens and quality.
    ///
    /// Looks at tensors' dtypes and shapes only.
    func validateModel() throws(PackageError) {
        try checkPrograms()
        try checkSignature()
        try checkGoldens()
        try checkQuality()
        try checkChoices()
    }

    private func checkShards() throws(PackageError) {
        var seen: Set<ContentID> = []
        for shard in shards {
            guard seen.insert(shard.contentID).inserted else {
                throw PackageError(
                    .invalidShard, "the shard is listed twice", subject: shard.fileName)
            }
            let blocks = shard.blockCount
            let overhead = ShardFormat.blocksOffset(blockCount: blocks)
            let stored = shard.storedByteCount - overhead
            guard blocks >= 1, shard.rawByteCount >= blocks,
                shard.rawByteCount <= blocks * Limits.blockRawBytesMax,
                stored >= blocks, stored <= blocks * Limits.blockStoredBytesMax
            else {
                throw PackageError(
                    .invalidShard,
                    "\(shard.rawByteCount) raw bytes in \(shard.storedByteCount) stored ones "
                        + "cannot be \(blocks) blocks",
                    subject: shard.fileName)
            }
        }
    }

    private func checkTensors() throws(PackageError) {
        try checkUnique(tensors.map(\.name), "tensors", .invalidTensor)
        for tensor in tensors {
            guard let rowByteCount = tensor.rowByteCount else {
                throw PackageError(
                    .invalidTensor,
                    "\(tensor.dtype.name) \(tensor.shape) is more than "
                        + "\(Limits.tensorBytesMax) bytes",
                    subject: tensor.name, expected: UInt64(Limits.tensorBytesMax))
            }
            var nextRow = 0
            for segment in tensor.segments {
                let (bytes, overflow) = segment.rowCount.multipliedReportingOverflow(
                    by: rowByteCount)
                guard shards.indices.contains(segment.shard), segment.rowBegin == nextRow,
                    segment.rowCount >= 1, !overflow, bytes == segment.byteCount, bytes >= 1
                else {
                    throw PackageError(
                        .invalidSegment,
                        "rows from \(segment.rowBegin), \(segment.rowCount) of \(rowByteCount) "
                            + "bytes, stated as \(segment.byteCount) bytes in shard "
                            + "\(segment.shard), do not follow row \(nextRow)",
                        subject: tensor.name, expected: UInt64(nextRow),
                        actual: UInt64(segment.rowBegin))
                }
                nextRow += segment.rowCount
            }
            guard nextRow == tensor.storedRowCount else {
                throw PackageError(
                    .invalidTensor,
                    "segments hold \(nextRow) rows of \(tensor.storedRowCount)",
                    subject: tensor.name, expected: UInt64(tensor.storedRowCount),
                    actual: UInt64(nextRow))
            }
        }
    }

    /// Segments cover each shard from its first to its last byte, but for padding to 64.
    private func checkCoverage() throws(PackageError) {
        var byShard = [[(segment: Segment, tensor: Int)]](repeating: [], count: shards.count)
        for (index, tensor) in tensors.enumerated() {
            for segment in tensor.segments { byShard[segment.shard].append((segment, index)) }
        }
        for (index, shard) in shards.enumerated() {
            var expected = 0
            var end = 0
            for entry in byShard[index].sorted(by: { $0.segment.offset < $1.segment.offset }) {
                guard entry.segment.offset == expected else {
                    throw PackageError(
                        .invalidSegment,
                        entry.segment.offset < expected
                            ? "the segment overlaps the one before it"
                            : "there is a gap before the segment",
                        path: shard.fileName, subject: tensors[entry.tensor].name,
                        byteOffset: entry.segment.offset, expected: UInt64(expected),
                        actual: UInt64(entry.segment.offset))
                }
                end = entry.segment.end
                expected = ShardFormat.aligned(end)
            }
            guard end == shard.rawByteCount else {
                throw PackageError(
                    .invalidSegment,
                    "tensors end at \(end), the shard at \(shard.rawByteCount) raw bytes",
                    path: shard.fileName, expected: UInt64(shard.rawByteCount),
                    actual: UInt64(end))
            }
        }
    }

    private func checkPrograms() throws(PackageError) {
        guard !model.programs.isEmpty else {
            throw PackageError(.invalidManifest, "the package has no program")
        }
        try checkUnique(model.programs.map(\.name), "programs", .invalidGraph)
        var unused = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
        let directory = unused
        for program in model.programs {
            for id in program.graph.parameters {
                let value = program.graph[id]
                guard let tensor = directory[value.name], tensor.dtype == value.type.dtype,
                    tensor.shape == value.type.fixedSizes
                else {
                    throw PackageError(
                        .invalidGraph,
                        directory[value.name] == nil
                            ? "no tensor has this parameter's name"
                            : "the tensor's dtype or shape is not \(value.type)",
                        subject: "program \(program.name): \(value.name)")
                }
                unused[value.name] = nil
            }
        }
        if let name = unused.keys.min() {
            throw PackageError(.invalidTensor, "no program reads this tensor", subject: name)
        }
    }

    /// The signature fits every program's graph.
    private func checkSignature() throws(PackageError) {
        for program in model.programs {
            try checkInputWidth(program)
            do throws(FeatureError) {
                try model.signature.validate(against: program.graph)
            } catch {
                throw PackageError(
                    .invalidSignature, error.message,
                    subject: "program \(program.name): \(error.subject)")
            }
        }
    }

    private func checkInputWidth(_ program: Program) throws(PackageError) {
        var columns = 0
        for id in program.graph.inputs {
            let input = program.graph[id]
            let (sum, overflow) = columns.addingReportingOverflow(input.type.rowElementCount ?? 0)
            guard !overflow, sum <= Limits.inputColumnsMax else {
                throw PackageError(
                    .limitExceeded,
                    "a row of the inputs up to this one has more than "
                        + "\(Limits.inputColumnsMax) numbers",
                    subject: "program \(program.name): \(input.name)",
                    expected: UInt64(Limits.inputColumnsMax))
            }
            columns = sum
        }
    }

    private func checkQuality() throws(PackageError) {
        let programs = Set(model.programs.map(\.name))
        let tasks = Set(model.signature.tasks.map(\.name))
        for figure in model.quality {
            guard programs.contains(figure.program),
                figure.task.isEmpty || tasks.contains(figure.task), figure.value.isFinite
            else {
                throw PackageError(
                    .invalidManifest,
                    "a quality figure is of no program or task, or is not a number",
                    subject: "\(figure.program) \(figure.task) \(figure.metric)")
            }
        }
    }

    private func checkChoices() throws(PackageError) {
        try checkUnique(model.choices.map(\.operation), "choices", .invalidManifest)
        for choice in model.choices where !(choice.sensitivity >= 0 && choice.sensitivity.isFinite)
        {
            throw PackageError(
                .invalidManifest, "a sensitivity is \(choice.sensitivity), not 0 or more",
                subject: choice.operation)
        }
    }
}

extension TensorRecord {
    /// Entries of the outermost dimension as segments count them; 0 for a tensor without bytes.
    var storedRowCount: Int {
        guard !shape.contains(0) else { return 0 }
        return shape.first ?? 1
    }

    /// Bytes of one row, or nil if the whole tensor is over the limit.
    var rowByteCount: Int? {
        guard let count = TensorType.product(shape),
            case (let total, false) = count.multipliedReportingOverflow(by: dtype.byteCount),
            total <= Limits.tensorBytesMax
        else { return nil }
        return storedRowCount == 0 ? 0 : total / storedRowCount
    }
}
