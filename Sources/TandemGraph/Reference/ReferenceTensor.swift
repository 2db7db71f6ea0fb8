/// A tensor with its rows, as the reference executor holds it.
package struct ReferenceTensor: Sendable, Equatable {
    /// The numbers, row after row.
    package enum Elements: Sendable, Equatable {
        /// f32.
        case float32([Float])
        /// i32.
        case int32([Int32])
        /// i8.
        case int8([Int8])
    }

    /// Number of rows: 1 for what exists once, R for candidates.
    package var rowCount: Int
    /// Shape of one row.
    package var shape: [Int]
    /// `rowCount` times the row's elements.
    package var elements: Elements

    /// Makes a tensor.
    package init(rowCount: Int, shape: [Int], _ elements: Elements) {
        self.rowCount = rowCount
        self.shape = shape
        self.elements = elements
    }

    /// A parameter's tensor as one row.
    init(_ tensor: Tensor) throws(GraphError) {
        let elements: Elements
        switch tensor.dtype {
        case .float32: elements = .float32(Array(tensor.elements(as: Float.self)))
        case .int32: elements = .int32(Array(tensor.elements(as: Int32.self)))
        case .int8: elements = .int8(Array(tensor.elements(as: Int8.self)))
        case .int64, .bool, .uint8:
            throw GraphError(
                .wrongType, "parameter", "\(tensor.dtype.name) parameters are not executed yet")
        }
        self.init(rowCount: 1, shape: tensor.shape, elements)
    }

    /// Elements in one row.
    package var rowElementCount: Int { shape.reduce(1, *) }

    /// The numbers of an f32 tensor; empty for other dtypes.
    package var floats: [Float] {
        if case .float32(let values) = elements { values } else { [] }
    }

    var integers: [Int32] {
        if case .int32(let values) = elements { values } else { [] }
    }

    var bytes: [Int8] {
        if case .int8(let values) = elements { values } else { [] }
    }

    var dtype: DataType {
        switch elements {
        case .float32: .float32
        case .int32: .int32
        case .int8: .int8
        }
    }

    var count: Int {
        switch elements {
        case .float32(let values): values.count
        case .int32(let values): values.count
        case .int8(let values): values.count
        }
    }
}
