internal import TandemGraph

// Design: what two packages share is what their shards' content ids say, so nothing is read but the
// manifests. A tensor in a shard that the other package does not have counts as changed, even if
// its own bytes are the same: that is what a reload would read.

/// What distinguishes one package from another of the same model.
package struct PackageDifference: Sendable {
    /// What became of a tensor.
    package enum TensorChange: String, Sendable, CaseIterable {
        /// Only the second package has it.
        case added
        /// Only the first package has it.
        case removed
        /// Element type or shape differ.
        case reshaped
        /// Some of its rows lie in shards that the first package does not have.
        case changed
        /// All of its bytes are in shards that both have.
        case same
    }

    /// What a daemon that has a program of the first package reads to have that of the second.
    package struct Reading: Hashable, Sendable {
        /// The program.
        package var program: String
        /// Shards that the program needs, and how many of those are read.
        package var shardCount = 0
        /// See `shardCount`.
        package var readShardCount = 0
        /// Bytes of their files, and how many of those are read.
        package var storedByteCount = 0
        /// See `storedByteCount`.
        package var readStoredByteCount = 0
        /// Bytes of them in memory, and how many of those are new.
        package var rawByteCount = 0
        /// See `rawByteCount`.
        package var readRawByteCount = 0
    }

    /// A figure of quality in both packages.
    package struct Quality: Sendable {
        /// The figure in the second package, or in the first if it is only there.
        package var figure: QualityFigure
        /// Its value in the first package.
        package var before: Double?
        /// Its value in the second package.
        package var after: Double?
    }

    /// Every tensor of either, by name.
    package let tensors: [(name: String, change: TensorChange, byteCount: Int)]
    /// One for each program of the second package.
    package let readings: [Reading]
    /// Figures by task, metric, program and split.
    package let quality: [Quality]

    /// Compares two opened packages.
    package init(from old: Package, to new: Package) {
        tensors = Self.tensors(old, new)
        readings = new.model.programs.map { Self.reading($0, old, new) }
        quality = Self.quality(old.model.quality, new.model.quality)
    }

    private static func tensors(
        _ old: Package, _ new: Package
    ) -> [(name: String, change: TensorChange, byteCount: Int)] {
        var before = Dictionary(uniqueKeysWithValues: old.tensors.map { ($0.name, $0) })
        let places = Dictionary(
            uniqueKeysWithValues: old.shards.enumerated().map { ($0.element.contentID, $0.offset) })
        var result: [(name: String, change: TensorChange, byteCount: Int)] = []
        for tensor in new.tensors {
            let change: TensorChange
            if let other = before.removeValue(forKey: tensor.name) {
                let isShaped = other.dtype == tensor.dtype && other.shape == tensor.shape
                let moved = tensor.segments.map { segment in
                    var moved = segment
                    moved.shard = places[new.shards[segment.shard].contentID] ?? -1
                    return moved
                }
                change = !isShaped ? .reshaped : moved == other.segments ? .same : .changed
            } else {
                change = .added
            }
            result.append((tensor.name, change, tensor.byteCount))
        }
        result += before.values.map { ($0.name, .removed, $0.byteCount) }
        return result.sorted { $0.name < $1.name }
    }

    private static func reading(
        _ program: Program, _ old: Package, _ new: Package
    ) -> Reading {
        var reading = Reading(program: program.name)
        let held = Set(
            old.model.program(named: program.name).map { old.shards(of: $0).map(\.contentID) } ?? []
        )
        for shard in new.shards(of: program) {
            reading.shardCount += 1
            reading.storedByteCount += shard.storedByteCount
            reading.rawByteCount += shard.rawByteCount
            guard !held.contains(shard.contentID) else { continue }
            reading.readShardCount += 1
            reading.readStoredByteCount += shard.storedByteCount
            reading.readRawByteCount += shard.rawByteCount
        }
        return reading
    }

    private static func quality(_ old: [QualityFigure], _ new: [QualityFigure]) -> [Quality] {
        func key(_ figure: QualityFigure) -> [String] {
            [figure.task, figure.metric, figure.program, figure.split]
        }
        var entries: [[String]: Quality] = [:]
        for figure in old {
            entries[key(figure)] = Quality(figure: figure, before: figure.value, after: nil)
        }
        for figure in new {
            let before = entries[key(figure)]?.before
            entries[key(figure)] = Quality(figure: figure, before: before, after: figure.value)
        }
        return entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }
}

extension Package {
    /// The shards that hold a tensor which a program names, in the manifest's order.
    package func shards(of program: Program) -> [ShardRecord] {
        shards(of: Set(program.graph.parameters.map { program.graph[$0].name }))
    }

    /// The most bytes of these tensors that lie in one shard.
    package func byteCountPerShard(of names: Set<String>) -> Int {
        var sums: [Int: Int] = [:]
        for segment in tensors.filter({ names.contains($0.name) }).flatMap(\.segments) {
            sums[segment.shard, default: 0] += segment.byteCount
        }
        return sums.values.max() ?? 0
    }

    /// The shards that hold one of these tensors, in the manifest's order.
    private func shards(of names: Set<String>) -> [ShardRecord] {
        let positions = Set(
            tensors.filter { names.contains($0.name) }.flatMap { $0.segments.map(\.shard) })
        return positions.sorted().map { shards[$0] }
    }
}
