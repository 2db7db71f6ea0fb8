/// What a manifest's message says, translated and checked field by field.
struct Manifest: Equatable {
    var model: PackagedModel
    var tensors: [TensorRecord]
    var shards: [ShardRecord]
}
