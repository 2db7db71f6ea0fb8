package import TandemGraph

extension ReferenceTensor {
    /// Where this tensor differs from another one, or nil.
    ///
    /// A tensor that exists once is compared with each row of the other, since passes may find that
    /// a value needs no rows. NaN equals NaN.
    ///
    /// - Parameters:
    ///   - other: What it is compared with.
    ///   - tolerance: The largest difference of two floats, times the larger of 1 and their size; 0
    ///     for equal bits, but for the payload of a NaN.
    /// - Returns: The first difference.
    package func difference(from other: ReferenceTensor, tolerance: Float) -> String? {
        guard shape == other.shape else { return "shape \(shape) is \(other.shape)" }
        guard rowCount == other.rowCount || rowCount == 1 || other.rowCount == 1 else {
            return "\(rowCount) rows are \(other.rowCount)"
        }
        let (own, others) = (numbers, other.numbers)
        let width = rowElementCount
        for index in 0..<max(rowCount, other.rowCount) * width {
            let a = own[rowCount == 1 ? index % width : index]
            let b = others[other.rowCount == 1 ? index % width : index]
            let allowed = Double(tolerance) * max(1, a.magnitude, b.magnitude)
            let isEqual = a.isNaN ? b.isNaN : a == b || (a - b).magnitude <= allowed
            let isSameZero = tolerance > 0 || a != 0 || a.sign == b.sign
            if !isEqual || !isSameZero { return "[\(index)] \(a) is \(b)" }
        }
        return nil
    }

    /// The numbers of any dtype, as exactly as a double has them.
    private var numbers: [Double] {
        switch elements {
        case .float32(let values): values.map { Double($0) }
        case .int32(let values): values.map { Double($0) }
        case .int64(let values): values.map { Double($0) }
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .int8(let values): values.map { Double($0) }
        case .uint8(let values): values.map { Double($0) }
        }
    }
}
