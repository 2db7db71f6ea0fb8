internal import TandemGraph

extension Package {
    /// The same model without some of its programs: what of the manifest stays, and which shards.
    ///
    /// Golden vectors, figures and tensors of the programs that are left out go too. Shards are kept
    /// as they are, so they have their content ids still.
    ///
    /// - Parameter programs: Names of those to keep.
    /// - Returns: A manifest whose shards are files of this package.
    /// - Throws: `PackageError` `unknownProgram`, or `invalidContents` where a shard mixes tensors of
    ///   both, which our writer never does.
    func manifest(keeping programs: [String]) throws(PackageError) -> Manifest {
        for name in programs where model.program(named: name) == nil {
            throw PackageError(
                .unknownProgram, "the package has no such program to keep", path: path,
                subject: name)
        }
        var kept = model
        kept.programs.removeAll { !programs.contains($0.name) }
        kept.quality.removeAll { !programs.contains($0.program) }
        for index in kept.goldens.indices {
            kept.goldens[index].outputs.removeAll { !programs.contains($0.program) }
        }
        kept.goldens.removeAll { $0.outputs.isEmpty }
        let names = Set(
            kept.programs.flatMap { program in
                program.graph.parameters.map { program.graph[$0].name }
            })
        let positions = Set(kept.programs.flatMap { shards(of: $0).map(\.contentID) })
        let keptShards = shards.filter { positions.contains($0.contentID) }
        let places = Dictionary(
            uniqueKeysWithValues: keptShards.enumerated().map {
                ($0.element.contentID, $0.offset)
            })
        var records: [TensorRecord] = []
        for tensor in tensors {
            var record = tensor
            for index in record.segments.indices {
                let shard = shards[record.segments[index].shard]
                let place = places[shard.contentID]
                guard (place != nil) == names.contains(tensor.name) else {
                    throw PackageError(
                        .invalidContents,
                        "shard \(shard.fileName) also holds tensors of other programs; write the "
                            + "package again instead",
                        path: path, subject: tensor.name)
                }
                record.segments[index].shard = place ?? 0
            }
            if names.contains(tensor.name) { records.append(record) }
        }
        return Manifest(model: kept, tensors: records, shards: keptShards)
    }
}
