// Design: a row of an int8 table carries its scale.
//
// A look-up in a large table is a cache miss, and a scale in a tensor beside would be another. So a
// row is its D values and, right behind them, its scale, an f32 that is little-endian and not
// aligned: D + 4 bytes, and as int8 a tensor `[V, D + 4]` like any other. The form is decided when a
// package is written, so that a load decodes a table to where it stays.
//
// Without padding: of 10 million rows of 64 values, looked up at random on pages of 4 KiB, a core got
// 1.2 times as many a second as with the scales beside; rows of 72 to 128 bytes gave as many or
// fewer, since a second line next to the first one costs less than a larger table does. Rows of 16
// values, three in four of which lie on one line, took 3 % off a whole request of 64 candidates.

/// The rows of an int8 table with their scales.
package enum ScaledRows {
    /// Bytes that a row's scale takes behind its values.
    package static let scaleByteCount = DataType.float32.byteCount

    /// Puts scales behind rows.
    ///
    /// - Parameters:
    ///   - values: int8 `[V, D]`.
    ///   - scales: f32 `[V]`.
    /// - Returns: int8 `[V, D + 4]`.
    /// - Complexity: O(V D).
    package static func joined(values: Tensor, scales: Tensor) -> Tensor {
        let (rowCount, width) = (values.shape[0], values.shape[1])
        let rowByteCount = width + scaleByteCount
        let table = Tensor(zeros: .int8, shape: [rowCount, rowByteCount])
        for row in 0..<rowCount {
            let target = table.base + row * rowByteCount
            target.copyMemory(from: values.base + row * width, byteCount: width)
            (target + width).copyMemory(
                from: scales.base + row * scaleByteCount, byteCount: scaleByteCount)
        }
        return table
    }

    /// The scale at the end of a row.
    static func scale(of row: some BidirectionalCollection<Int8>) -> Float {
        let bits = row.suffix(scaleByteCount).reversed()
            .reduce(UInt32(0)) { $0 << 8 | UInt32(UInt8(bitPattern: $1)) }
        return Float(bitPattern: bits)
    }
}
