/// The parts of a plan's memory.
enum Region {
    /// Inputs and values that exist once a request; one row each.
    case context
    /// Candidate inputs; all rows of the request.
    case candidateInput
    /// Values of the block of candidate rows at hand, reused block after block.
    case block
    /// Parameters and what is computed from them alone: one row, at an address of its own.
    case fixed(UnsafeMutableRawPointer)
}

/// Where a value's rows lie.
///
/// A row's elements follow each other without gaps; rows may have gaps between them.
struct Location {
    var region: Region
    /// First byte of row 0 in the region; for candidate inputs, in bytes a row of capacity, since
    /// inputs lie one after the other.
    var byteOffset: Int
    /// Elements from one row to the next; 0 where one row serves all.
    var stride: Int
    /// Elements in a row.
    var width: Int
    /// First element within the row, for a view of a wider one.
    var elementOffset = 0
    /// Bytes an element takes.
    var elementBytes = 4

    /// Whether rows follow each other without gaps.
    var isDense: Bool { stride == width }
}

/// The base addresses of a workspace for one block of rows.
struct Frame {
    var context: UnsafeMutableRawPointer
    var candidateInput: UnsafeMutableRawPointer
    var block: UnsafeMutableRawPointer
    /// Room that any step may use while it runs, as large as the plan's greediest step asked for.
    var scratch: UnsafeMutableRawPointer
    /// Rows that candidate inputs have room for.
    var rowCapacity: Int
    /// First candidate row of the block.
    var rowStart: Int
    /// Rows to compute: those of the block, or 1 for steps off the candidates.
    var rowCount: Int
    /// The outputs that are wanted.
    var tasks: TaskMask

    /// The first row's address of a float value.
    func floats(_ location: Location) -> UnsafeMutablePointer<Float> {
        address(location).assumingMemoryBound(to: Float.self)
    }

    /// The first row's address of an int32 value.
    func integers(_ location: Location) -> UnsafeMutablePointer<Int32> {
        address(location).assumingMemoryBound(to: Int32.self)
    }

    /// The first row's address as elements of a type.
    func elements<Element>(
        _ location: Location, as type: Element.Type
    ) -> UnsafeMutablePointer<Element> {
        address(location).assumingMemoryBound(to: type)
    }

    /// The first row's address.
    func address(_ location: Location) -> UnsafeMutableRawPointer {
        let row =
            switch location.region {
            case .context: context + location.byteOffset
            case .candidateInput:
                candidateInput + location.byteOffset * rowCapacity
                    + rowStart * location.stride * location.elementBytes
            case .block: block + location.byteOffset
            case .fixed(let base): base + location.byteOffset
            }
        return row + location.elementOffset * location.elementBytes
    }

    /// How to call a kernel for `positions` runs in each row: at once where rows have no gaps,
    /// otherwise row by row.
    func runs(
        _ positions: Int, from input: Location, and other: Location? = nil, to output: Location
    ) -> Runs {
        if positions == 1 {
            return Runs(
                calls: 1, count: rowCount, inputStride: input.stride,
                otherStride: other?.stride ?? 0, outputStride: output.stride)
        }
        let isDense = input.isDense && output.isDense && other?.isDense != false
        let isWhole = rowCount == 1 || isDense
        return Runs(
            calls: isWhole ? 1 : rowCount, count: isWhole ? rowCount * positions : positions,
            inputStride: input.width / max(positions, 1),
            otherStride: (other?.width ?? 0) / max(positions, 1),
            outputStride: output.width / max(positions, 1))
    }

    /// Calls of one kernel: `count` runs each, a value's row stride apart.
    struct Runs {
        var calls: Int
        var count: Int
        /// Elements from one run to the next.
        var inputStride: Int
        /// The same of a second input.
        var otherStride: Int
        var outputStride: Int
    }
}
