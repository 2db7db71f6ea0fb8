import TandemPackage

/// What `tandem inspect --shards` says: how each tensor is stored.
struct ShardReport {
    private let package: Package
    private let summaries: [ShardSummary]

    /// Reads every shard's index.
    ///
    /// - Throws: `PackageError`.
    init(_ package: Package) throws(PackageError) {
        self.package = package
        var summaries: [ShardSummary] = []
        for position in package.shards.indices {
            summaries.append(try package.summary(ofShard: position))
        }
        self.summaries = summaries
    }

    /// For people.
    var text: String {
        var shards = TextTable(["shard", "stored bytes", "raw bytes", "saved", "blocks", "file"])
        var pieces = TextTable(["shard", "tensor", "rows", "raw bytes", "blocks"])
        for (index, summary) in summaries.enumerated() {
            let shard = package.shards[index]
            let saved = 1 - Double(shard.storedByteCount) / Double(shard.rawByteCount)
            shards.add([
                "\(index)", Readable.grouped(shard.storedByteCount),
                Readable.grouped(shard.rawByteCount), Readable.fixed(saved * 100, 1) + " %",
                summary.blocks.text, shard.fileName,
            ])
            for piece in summary.pieces {
                pieces.add([
                    "\(index)", piece.tensor, "\(piece.rows.lowerBound)..<\(piece.rows.upperBound)",
                    Readable.grouped(piece.rawByteCount), piece.blocks.text,
                ])
            }
        }
        return "\(shards.text)\n\(pieces.text)"
    }

    /// For programs.
    var json: JSONText {
        .array(
            zip(package.shards, summaries).map { shard, summary in
                .object([
                    ("content_id", .string(shard.contentID.hexadecimal)),
                    ("stored_bytes", .integer(shard.storedByteCount)),
                    ("raw_bytes", .integer(shard.rawByteCount)),
                    ("raw_blocks", .integer(summary.blocks.raw)),
                    ("zstd_blocks", .integer(summary.blocks.compressed)),
                    ("tensors", .array(summary.pieces.map(Self.json))),
                ])
            })
    }

    private static func json(_ piece: ShardSummary.Piece) -> JSONText {
        .object([
            ("name", .string(piece.tensor)),
            ("row_begin", .integer(piece.rows.lowerBound)),
            ("row_end", .integer(piece.rows.upperBound)),
            ("raw_bytes", .integer(piece.rawByteCount)),
            ("raw_blocks", .integer(piece.blocks.raw)),
            ("zstd_blocks", .integer(piece.blocks.compressed)),
        ])
    }
}
