internal import TandemGraph

// Design: a writer trusts nobody, itself included.
//
// The manifest that is about to be written is read back by the reader's own decoder and validator
// and compared with what it was made from. So no package is written that a reader would refuse, and
// no number that a field cannot hold goes in changed. Files are created, never replaced; each is on
// the disk before the manifest is, and the manifest comes last.

/// How packages are written.
package struct PackageOptions: Sendable {
    /// zstd's level, 1 to 19.
    ///
    /// 3 is zstd's own default, some 300 MB/s a core; decoding hardly depends on the level.
    package var compressionLevel: Int
    /// Raw bytes at which a shard is full.
    package var shardByteCountTarget: Int
    /// Raw bytes up to which groups of tensors share a shard with others of their kind.
    package var sharedByteCountMax: Int
    /// Threads to compress with.
    package var threads: Int

    /// Makes options; the defaults are for models from kilobytes to gigabytes.
    package init(
        compressionLevel: Int = 3, shardByteCountTarget: Int = 64 << 20,
        sharedByteCountMax: Int = 1 << 20, threads: Int = 1
    ) {
        self.compressionLevel = compressionLevel
        self.shardByteCountTarget = shardByteCountTarget
        self.sharedByteCountMax = sharedByteCountMax
        self.threads = threads
    }
}

/// Writes packages.
package enum PackageWriter {
    /// Writes a package into a directory that is there and empty.
    ///
    /// The directory holds a package only once this returns; `Repository.publish` keeps half of one
    /// from being seen.
    ///
    /// - Throws: `PackageError` `invalidContents` and the reader's codes if the contents do not fit
    ///   together, before anything is written; else what the file system says.
    package static func write(
        _ contents: PackageContents, to path: String, options: PackageOptions = PackageOptions(),
        fileSystem: any FileSystem = LocalFileSystem()
    ) throws(PackageError) {
        try check(contents, options)
        let layout = ShardLayout(
            shardByteCountTarget: options.shardByteCountTarget,
            sharedByteCountMax: options.sharedByteCountMax)
        let drafts = layout.drafts(contents)
        var shards: [ShardRecord] = []
        let encoder = ShardEncoder(
            level: Int32(options.compressionLevel), threads: options.threads)
        for draft in drafts {
            let encoded = try encode(draft, contents.tensors, encoder, differingFrom: shards)
            let file = path + "/" + encoded.record.fileName
            try write(encoded.parts, to: file, fileSystem)
            shards.append(encoded.record)
        }
        let manifest = Manifest(
            model: contents.model, tensors: records(contents, drafts), shards: shards)
        try write(manifest, to: path, fileSystem)
        try fileSystem.synchronizeDirectory(path)
    }

    /// Writes a manifest beside its shards.
    static func write(
        _ manifest: Manifest, to path: String, _ fileSystem: any FileSystem
    ) throws(PackageError) {
        let bytes = try checkedFile(manifest)
        try write([bytes], to: path + "/" + ManifestFile.name, fileSystem)
    }

    /// Refuses what could not even be laid out, and with it any contents a reader would refuse.
    private static func check(
        _ contents: PackageContents, _ options: PackageOptions
    ) throws(PackageError) {
        guard (1...19).contains(options.compressionLevel),
            (ShardFormat.alignment...ShardFormat.rawByteCountMax).contains(
                options.shardByteCountTarget)
        else {
            throw PackageError(
                .invalidContents, "the compression level is 1 to 19, a shard's target 64 or more")
        }
        var named: Set<String> = []
        for program in contents.model.programs {
            do throws(GraphError) {
                try program.graph.check(contents.tensors)
            } catch {
                throw PackageError(
                    .invalidContents, error.message,
                    subject: "program \(program.name): \(error.subject)")
            }
            named.formUnion(program.graph.parameters.map { program.graph[$0].name })
        }
        if let name = contents.tensors.keys.filter({ !named.contains($0) }).min() {
            throw PackageError(.invalidContents, "no program reads this tensor", subject: name)
        }
        // The shards are not made yet, so the tensors are tried without segments.
        let manifest = Manifest(
            model: contents.model, tensors: records(contents, []), shards: [])
        try checkDecoded(manifest, from: manifest.encoded())
        try manifest.validateModel()
    }

    private static func encode(
        _ draft: ShardDraft, _ tensors: TensorSet, _ encoder: ShardEncoder,
        differingFrom shards: [ShardRecord]
    ) throws(PackageError) -> ShardEncoder.Encoded {
        var discriminator: UInt32 = 0
        while true {
            let encoded = try encoder.encode(draft, tensors, discriminator: discriminator)
            guard shards.contains(where: { $0.contentID == encoded.record.contentID }) else {
                return encoded
            }
            discriminator += 1
        }
    }

    private static func records(
        _ contents: PackageContents, _ drafts: [ShardDraft]
    ) -> [TensorRecord] {
        var segments: [String: [Segment]] = [:]
        for (shard, draft) in drafts.enumerated() {
            for piece in draft.pieces {
                segments[piece.name, default: []].append(
                    Segment(
                        shard: shard, offset: piece.offset, rowBegin: piece.rowBegin,
                        rowCount: piece.rowCount, byteCount: piece.byteCount))
            }
        }
        return contents.tensors.sorted { $0.key < $1.key }.map { name, tensor in
            TensorRecord(
                name: name, dtype: tensor.dtype, shape: tensor.shape,
                segments: segments[name] ?? [])
        }
    }

    /// The manifest file's bytes, read back.
    private static func checkedFile(_ manifest: Manifest) throws(PackageError) -> [UInt8] {
        let bytes = ManifestFile.encode(manifest.encoded())
        guard bytes.count <= Limits.manifestBytesMax else {
            throw PackageError(
                .limitExceeded,
                "the manifest would have \(bytes.count) bytes; hash the largest vocabularies",
                expected: UInt64(Limits.manifestBytesMax), actual: UInt64(bytes.count))
        }
        let reread = try PackageReader.read(bytes, path: "")
        guard reread.tensors == manifest.tensors, reread.shards == manifest.shards else {
            throw PackageError(.invalidContents, "the tensors do not fit the manifest's fields")
        }
        return bytes
    }

    /// Refuses a manifest with a number that its field cannot hold, or text that is not clean.
    private static func checkDecoded(
        _ manifest: Manifest, from message: [UInt8]
    ) throws(PackageError) {
        let decoded = try message.withUnsafeBufferPointer { (bytes) throws(PackageError) in
            try Manifest.decode(UnsafeRawBufferPointer(bytes))
        }
        guard decoded.model == manifest.model.normalized() else {
            throw PackageError(
                .invalidContents,
                "a number of the model is out of the range of its field in the manifest")
        }
    }

    private static func write(
        _ parts: [[UInt8]], to path: String, _ fileSystem: any FileSystem
    ) throws(PackageError) {
        let descriptor = try fileSystem.makeFile(path)
        defer { fileSystem.closeFile(descriptor) }
        for part in parts {
            try part.withUnsafeBufferPointer { (bytes) throws(PackageError) in
                try fileSystem.write(UnsafeRawBufferPointer(bytes), to: descriptor, path)
            }
        }
        try fileSystem.synchronizeFile(descriptor, path)
    }
}

extension PackagedModel {
    /// The model with each graph's values in stored order: inputs, parameters, then nodes.
    ///
    /// A graph that was built in another order is the same graph.
    func normalized() -> PackagedModel {
        var model = self
        for index in programs.indices {
            let graph = programs[index].graph
            let rebuilt = try? Graph(
                name: graph.name, inputs: graph.inputs.map { graph[$0] },
                parameters: graph.parameters.map { graph[$0] },
                nodes: graph.nodes.map { node in
                    (node.operation, node.inputs.map { graph[$0].name }, graph[node.output].name)
                },
                outputs: graph.outputs.map { graph[$0].name })
            model.programs[index].graph = rebuilt ?? graph
        }
        return model
    }
}
