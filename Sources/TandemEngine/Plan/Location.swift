/// The parts of a workspace's memory.
enum Region: Int {
    /// Inputs and values that exist once a request; one row each.
    case context = 0
    /// Candidate inputs; all rows of the request.
    case candidateInput = 1
    /// Values of the block of candidate rows at hand, reused block after block.
    case block = 2
}

/// Where a value's rows lie in a workspace.
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
}

/// The base addresses of a workspace for one block of rows.
struct Frame {
    var context: UnsafeMutableRawPointer
    var candidateInput: UnsafeMutableRawPointer
    var block: UnsafeMutableRawPointer
    /// Rows that candidate inputs have room for.
    var rowCapacity: Int
    /// First candidate row of the block.
    var rowStart: Int
    /// Rows to compute: those of the block, or 1 for the context's steps.
    var rowCount: Int

    /// The first row's address of a float value.
    func floats(_ location: Location) -> UnsafeMutablePointer<Float> {
        address(location).assumingMemoryBound(to: Float.self)
    }

    /// The first row's address of an int32 value.
    func integers(_ location: Location) -> UnsafeMutablePointer<Int32> {
        address(location).assumingMemoryBound(to: Int32.self)
    }

    /// The first row's address; every element that rows are strided by has 4 bytes.
    func address(_ location: Location) -> UnsafeMutableRawPointer {
        let row =
            switch location.region {
            case .context: context + location.byteOffset
            case .candidateInput:
                candidateInput + location.byteOffset * rowCapacity + rowStart * location.stride * 4
            case .block: block + location.byteOffset
            }
        return row + location.elementOffset * 4
    }
}
