/// What a package may ask of a reader.
///
/// Every count and size from a file is held against one of these before anything is allocated for
/// it. What a signature may have is in `FeatureLimits`, what a graph in `Graph.valueCountMax`.
package enum Limits {
    /// Version of the manifest file and of shard files that this reader and writer know.
    package static let formatVersion: UInt32 = 1

    /// Bytes of a whole manifest file.
    ///
    /// Vocabularies are in it: this is some 20 million words.
    package static let manifestBytesMax = 1 << 29

    /// Bytes of heap that unpacking a manifest may take beyond eight times its length.
    ///
    /// protobuf-c spends up to 46 bytes a byte on unknown fields and empty messages; ours take up to 4.
    package static let manifestArenaBytesBase = 16 << 20
    /// See `manifestArenaBytesBase`.
    package static let manifestArenaFactor = 8
    /// Bytes of memory that what is decoded of a manifest takes, for each of its own.
    package static let manifestDecodedFactor = 8
    /// Bytes that decoding and checking a manifest may ask for, for each of its own; and more for
    /// each tensor, operation, input and parameter in it, whose names may be a letter.
    package static let manifestAskedFactor = 24
    /// See `manifestAskedFactor`.
    package static let manifestAskedPerItem = 2 << 10

    /// Raw bytes in a block: what one thread decodes at a time, and so the memory that a load needs
    /// beside the model.
    package static let blockRawBytesMax = 1 << 20
    /// Stored bytes of a block: a raw one, or zstd's worst case, a little larger than its input.
    package static let blockStoredBytesMax = (1 << 20) + (1 << 13)
    /// Blocks in a shard; with the limit above, at most 64 GiB raw.
    package static let shardBlocksMax = 1 << 16
    /// Shards in a package.
    package static let shardsMax = 1 << 16
    /// Tensors in a package; as many as values in a graph.
    package static let tensorsMax = 100_000
    /// Segments of all tensors together.
    package static let segmentsMax = 1 << 18
    /// Dimensions of a tensor.
    package static let dimensionsMax = 8
    /// Bytes of one tensor.
    ///
    /// A table of 2^31 rows of 64 float32 is half of this.
    package static let tensorBytesMax = 1 << 40

    /// Programs in a package.
    package static let programsMax = 16
    /// Width of a task.
    package static let taskWidthMax = 1 << 16
    /// Numbers in one row of all inputs of a graph.
    ///
    /// Bounds what checking that features cover the inputs takes: some 64 MiB.
    package static let inputColumnsMax = 1 << 22
    /// Inputs of one operation.
    package static let nodeInputsMax = 4096
    /// Attributes of one operation, and numbers in one of them.
    package static let attributesMax = 64
    /// See `attributesMax`.
    package static let attributeIntegersMax = 1 << 16

    /// Golden vectors, their rows, and the bytes of all together: they are for a self-check, not
    /// for an evaluation.
    package static let goldensMax = 256
    /// See `goldensMax`.
    package static let goldenRowsMax = 4096
    /// See `goldensMax`.
    package static let goldenBytesMax = 64 << 20
    /// Warm-up requests, and the bytes of all together.
    package static let warmUpsMax = 256
    /// See `warmUpsMax`.
    package static let warmUpBytesMax = 16 << 20
    /// Quality figures.
    package static let qualityFiguresMax = 1 << 16
    /// Choices of the quantiser: one an operation.
    package static let choicesMax = 100_000
    /// Provenance entries.
    package static let provenanceEntriesMax = 1024

    /// Bytes of a model's name, which is a directory name too.
    package static let modelNameBytesMax = 128
    /// Bytes of other names, which appear in messages.
    package static let nameBytesMax = 256
    /// Bytes of a class label and of a provenance value.
    package static let textBytesMax = 1 << 16
    /// Labels of a model, and bytes of the file that holds them.
    package static let labelsMax = 256
    /// See `labelsMax`.
    package static let labelsBytesMax = 1 << 16
    /// The largest version: it still fits signed 64-bit integers of other languages.
    package static let versionMax = UInt64(Int64.max)

    /// Blocks between the one that a load decodes and the one that it has the disk bring: at most
    /// 16 MiB, some 8 ms of reading for a fast disk, which no thread then waits for.
    package static let readAheadBlocks = 16
    /// Threads of one load.
    package static let threadsMax = 256
}
