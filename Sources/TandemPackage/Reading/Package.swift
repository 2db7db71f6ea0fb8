package import TandemGraph

/// An opened package: what its manifest states, checked; no shard has been read.
package struct Package: Sendable {
    /// The version's directory.
    package let path: String
    /// What the manifest says of the model.
    package let model: PackagedModel
    /// Every tensor, in the manifest's order.
    package let tensors: [TensorRecord]
    /// The files that hold them; segments name them by position.
    package let shards: [ShardRecord]
    /// SHA-256 of the manifest file up to its own: the identity of the whole package, for
    /// it covers every shard's content id.
    package let contentID: ContentID
    /// Size of the manifest file.
    package let manifestByteCount: Int
}

/// One tensor of a package and where its bytes are.
package struct TensorRecord: Hashable, Sendable {
    /// As graphs name it.
    package var name: String
    /// Element type.
    package var dtype: DataType
    /// Sizes, outermost first.
    package var shape: [Int]
    /// Its rows in order; none for a tensor without bytes.
    package var segments: [Segment]

    /// Bytes the elements take.
    package var byteCount: Int { segments.reduce(0) { $0 + $1.byteCount } }
}

/// Consecutive rows of a tensor in one shard.
///
/// A row is an entry of the outermost dimension; a scalar is one row.
package struct Segment: Hashable, Sendable {
    /// Position in `Package.shards`.
    package var shard: Int
    /// First byte within the shard's raw bytes.
    package var offset: Int
    /// First row.
    package var rowBegin: Int
    /// Number of rows, at least 1.
    package var rowCount: Int
    /// Bytes of those rows.
    package var byteCount: Int

    /// One past the last byte within the shard's raw bytes.
    package var end: Int { offset + byteCount }
}

/// One file of tensor bytes.
package struct ShardRecord: Hashable, Sendable {
    /// SHA-256 of the whole file.
    package var contentID: ContentID
    /// Bytes of the file.
    package var storedByteCount: Int
    /// Bytes after decompression.
    package var rawByteCount: Int
    /// Number of blocks.
    package var blockCount: Int
    /// The CRC-32C that ends the file's index.
    package var indexChecksum: UInt32

    /// Name of the file in the package's directory.
    package var fileName: String { contentID.hexadecimal + ".shard" }
}
