// Design: offsets once, at load.
//
// Each buffer of a plan is alive from the step that writes it to the last that reads it. Buffers
// whose lives do not overlap share bytes. Larger buffers are placed first, each at the lowest
// offset that is free for its whole life: the greedy-by-size strategy of Pisarchyk and Lee,
// "Efficient memory management for deep neural net inference", 2020. Nothing is allocated later.

/// Assigns offsets to buffers by their lives.
struct MemoryPlan {
    /// A buffer's life, in steps, and size.
    struct Buffer {
        var byteCount: Int
        var firstStep: Int
        var lastStep: Int
        var byteOffset = 0
    }

    private(set) var buffers: [Buffer] = []

    /// Adds a buffer that no step touches yet; returns its index.
    mutating func add(byteCount: Int) -> Int {
        buffers.append(Buffer(byteCount: byteCount, firstStep: Int.max, lastStep: -1))
        return buffers.count - 1
    }

    /// Keeps a buffer alive at a step.
    mutating func extend(_ buffer: Int, to step: Int) {
        buffers[buffer].lastStep = max(buffers[buffer].lastStep, step)
        buffers[buffer].firstStep = min(buffers[buffer].firstStep, step)
    }

    /// Multiplies all sizes by the rows of a block.
    mutating func scale(by rowCount: Int) {
        for index in buffers.indices {
            buffers[index].byteCount = (buffers[index].byteCount * rowCount + 63) / 64 * 64
        }
    }

    /// Keeps every buffer alive throughout.
    mutating func keepAll() {
        for index in buffers.indices {
            buffers[index].byteCount = (buffers[index].byteCount + 63) / 64 * 64
            buffers[index].firstStep = 0
            buffers[index].lastStep = Int.max
        }
    }

    /// Places all buffers; returns the bytes needed in all.
    mutating func place() -> Int {
        let order = buffers.indices.sorted {
            (buffers[$1].byteCount, $0) < (buffers[$0].byteCount, $1)
        }
        var placed: [Int] = []
        var total = 0
        for index in order {
            let offset = lowestOffset(of: index, among: placed)
            buffers[index].byteOffset = offset
            total = max(total, offset + buffers[index].byteCount)
            placed.append(index)
        }
        return total
    }

    private func lowestOffset(of index: Int, among placed: [Int]) -> Int {
        let buffer = buffers[index]
        let rivals = placed.map { buffers[$0] }
            .filter { $0.firstStep <= buffer.lastStep && buffer.firstStep <= $0.lastStep }
            .sorted { $0.byteOffset < $1.byteOffset }
        var offset = 0
        for rival in rivals {
            if rival.byteOffset >= offset + buffer.byteCount { break }
            offset = max(offset, rival.byteOffset + rival.byteCount)
        }
        return offset
    }
}
