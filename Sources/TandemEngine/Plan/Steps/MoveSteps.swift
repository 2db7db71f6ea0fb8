import CTandemKernels
import TandemGraph

/// Elements moved without a change: transposed, joined, cut or repeated; operands of the walk are
/// x, y, and offsets of both within their rows stand in the locations.
struct MoveStep: Step {
    var input: Location
    var output: Location
    var walk: Walk

    func run(_ frame: Frame) {
        switch output.elementBytes {
        case 1: move(frame, UInt8.self)
        case 4: move(frame, UInt32.self)
        default: move(frame, UInt64.self)
        }
    }

    private func move<Element: BitwiseCopyable>(_ frame: Frame, _ type: Element.Type) {
        let (x, y) = (frame.elements(input, as: type), frame.elements(output, as: type))
        let bytes = output.elementBytes
        let tile = walk.tile(frame.rowCount)
        let isRun = tile.strides[0] == 1 && tile.strides[1] == 1
        walk.forEachTile(frame.rowCount) { start in
            if isRun || tile.length == 1 {
                tandemk_x8_copy(
                    tile.count, tile.length * bytes, x + start[0], tile.runStrides[0] * bytes,
                    y + start[1], tile.runStrides[1] * bytes)
                return
            }
            var at = start
            for _ in 0..<tile.count {
                let (from, to) = (x + at[0], y + at[1])
                let (fromStep, toStep) = (tile.strides[0], tile.strides[1])
                for index in 0..<tile.length { to[index * toStep] = from[index * fromStep] }
                at &+= tile.runStrides
            }
        }
    }
}

/// How an index becomes a position: negative ones count from the end; what lies outside is taken to
/// the nearest position, because a request may never read outside a tensor nor end the program.
@inline(__always)
private func position(_ index: Int, of size: Int) -> Int {
    min(max(index < 0 ? index + size : index, 0), size - 1)
}

/// `y[a, i, b] = x[a, indices[i], b]`.
struct GatherStep: Step {
    var input: Location
    var indices: Location
    var output: Location
    /// Sizes before the axis, along it and behind it, and the number of indices in a row.
    var outer: Int
    var size: Int
    var inner: Int
    var count: Int

    func run(_ frame: Frame) {
        if indices.elementBytes == 8 {
            gather(frame, Int64.self)
        } else {
            gather(frame, Int32.self)
        }
    }

    private func gather<Index: FixedWidthInteger>(_ frame: Frame, _ type: Index.Type) {
        let bytes = inner * output.elementBytes
        for row in 0..<frame.rowCount {
            let x = frame.address(input) + row * input.stride * input.elementBytes
            let y = frame.address(output) + row * output.stride * output.elementBytes
            let indices = frame.elements(indices, as: type) + row * self.indices.stride
            for block in 0..<outer {
                for place in 0..<count {
                    let from = block * size + position(Int(indices[place]), of: size)
                    (y + (block * count + place) * bytes).copyMemory(
                        from: x + from * bytes, byteCount: bytes)
                }
            }
        }
    }
}

/// `y[a, i, b] = x[a, indices[a, i, b], b]`.
struct TakeAlongStep: Step {
    var input: Location
    var indices: Location
    var output: Location
    var outer: Int
    var size: Int
    var inner: Int
    /// The indices' size along the axis.
    var count: Int

    func run(_ frame: Frame) {
        if indices.elementBytes == 8 { take(frame, Int64.self) } else { take(frame, Int32.self) }
    }

    private func take<Index: FixedWidthInteger>(_ frame: Frame, _ type: Index.Type) {
        let bytes = output.elementBytes
        for row in 0..<frame.rowCount {
            let x = frame.address(input) + row * input.stride * bytes
            let y = frame.address(output) + row * output.stride * bytes
            let indices = frame.elements(indices, as: type) + row * self.indices.stride
            for block in 0..<outer {
                for place in 0..<count * inner {
                    let element = block * count * inner + place
                    let along = position(Int(indices[element]), of: size)
                    let from = (block * size + along) * inner + place % inner
                    (y + element * bytes).copyMemory(from: x + from * bytes, byteCount: bytes)
                }
            }
        }
    }
}

/// The numbers `start ..< start + count` as i64, once.
struct CountStep: Step {
    var start: Int
    var output: Location

    func run(_ frame: Frame) {
        let y = frame.elements(output, as: Int64.self)
        for index in 0..<output.width { y[index] = Int64(start + index) }
    }
}
