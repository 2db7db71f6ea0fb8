internal import TandemGraph

/// What a tensor's bytes are, known without reading them: where they lie in shards, which are named
/// by their content.
///
/// Equal contents are equal tensors; equal tensors may have different contents, for a shard's name
/// changes with anything in it.
package struct TensorContent: Hashable, Sendable {
    private struct Piece: Hashable {
        let shard: ContentID
        let offset: Int
        let byteCount: Int
    }

    private let dtype: DataType
    private let shape: [Int]
    private let pieces: [Piece]

    init(_ record: TensorRecord, _ shards: [ShardRecord]) {
        dtype = record.dtype
        shape = record.shape
        pieces = record.segments.map {
            Piece(
                shard: shards[$0.shard].contentID, offset: $0.offset, byteCount: $0.byteCount)
        }
    }
}

extension Package {
    /// The contents of all tensors by name.
    package var contents: [String: TensorContent] {
        Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, TensorContent($0, shards)) })
    }
}
