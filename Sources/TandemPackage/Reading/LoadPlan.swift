internal import TandemGraph

// Design: where each raw byte goes.
//
// All tensors of a program lie in one region of memory, each at a multiple of 64, in the order of
// the shards. A shard's raw bytes are laid out the same way, so most shards are copied into memory
// as they are, padding included, and every block decodes straight into its final place. Where that
// is not so (a shard also holds tensors that the program does not name, or a table goes on in a
// shard that begins at another alignment) the shard falls into several spans; a block that is not
// inside one span goes through a buffer of the thread, and one that touches none is not read.

/// What a load will do, made from a checked manifest.
struct LoadPlan {
    /// A run of a shard's raw bytes that keeps its order in memory.
    struct Span {
        var raw: Range<Int>
        /// Where the first of those bytes goes, in the region.
        var destination: Int
        /// Whether the last of those bytes is the last of a tensor, so that the bytes behind it, up
        /// to a multiple of 64, belong to nobody.
        var isPadded: Bool
    }

    /// What is read from one shard.
    struct ShardPlan {
        var shard: ShardRecord
        /// Ascending, apart from each other.
        var spans: [Span]
    }

    /// A tensor and its place in the region.
    struct Placement {
        var tensor: TensorRecord
        var destination: Int
    }

    /// Bytes of the region.
    private(set) var byteCount = 0
    private(set) var placements: [Placement] = []
    private(set) var shards: [ShardPlan] = []

    /// Plans the load of the tensors that a program names.
    ///
    /// - Precondition: The package is validated; so sizes are in bounds and sums cannot overflow.
    init(_ package: Package, program: Program) {
        let names = Set(program.graph.parameters.map { program.graph[$0].name })
        let wanted = package.tensors.filter { names.contains($0.name) }.sorted {
            ($0.segments.first?.shard ?? 0, $0.segments.first?.offset ?? 0)
                < ($1.segments.first?.shard ?? 0, $1.segments.first?.offset ?? 0)
        }
        var spans: [Int: [Span]] = [:]
        for tensor in wanted {
            let start = ShardFormat.aligned(byteCount)
            placements.append(Placement(tensor: tensor, destination: start))
            var destination = start
            for (index, segment) in tensor.segments.enumerated() {
                spans[segment.shard, default: []].append(
                    Span(
                        raw: segment.offset..<segment.end, destination: destination,
                        isPadded: index == tensor.segments.count - 1))
                destination += segment.byteCount
            }
            byteCount = destination
        }
        shards = spans.sorted { $0.key < $1.key }.map {
            ShardPlan(shard: package.shards[$0.key], spans: Self.joined($0.value))
        }
    }

    /// Spans that lie in memory as they do in the shard become one, with the padding between them.
    private static func joined(_ spans: [Span]) -> [Span] {
        var result: [Span] = []
        for span in spans.sorted(by: { $0.raw.lowerBound < $1.raw.lowerBound }) {
            if let last = result.last,
                last.destination - last.raw.lowerBound == span.destination - span.raw.lowerBound,
                last.raw.upperBound == span.raw.lowerBound
                    || last.isPadded
                        && ShardFormat.aligned(last.raw.upperBound) == span.raw.lowerBound
            {
                result[result.count - 1].raw = last.raw.lowerBound..<span.raw.upperBound
                result[result.count - 1].isPadded = span.isPadded
            } else {
                result.append(span)
            }
        }
        return result
    }
}

extension LoadPlan.ShardPlan {
    /// What becomes of a block.
    enum BlockFate: Equatable {
        /// The program needs none of it.
        case skipped
        /// It decodes straight to this place in the region.
        case direct(Int)
        /// It is decoded beside, then copied piece by piece.
        case scattered
    }

    /// What becomes of the block that holds these raw bytes.
    func fate(of raw: Range<Int>) -> BlockFate {
        let index = firstSpan(endingAfter: raw.lowerBound)
        guard index < spans.count, spans[index].raw.lowerBound < raw.upperBound else {
            return .skipped
        }
        let span = spans[index]
        guard span.raw.lowerBound <= raw.lowerBound, raw.upperBound <= span.raw.upperBound else {
            return .scattered
        }
        return .direct(span.destination + raw.lowerBound - span.raw.lowerBound)
    }

    /// The position of the first span that reaches past a raw byte; O(log spans).
    func firstSpan(endingAfter byte: Int) -> Int {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].raw.upperBound > byte { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
