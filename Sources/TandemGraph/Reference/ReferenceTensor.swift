/// A tensor with its rows, as the reference executor holds it.
package struct ReferenceTensor: Sendable, Equatable {
    /// The numbers, row after row.
    package enum Elements: Sendable, Equatable {
        /// f32.
        case float32([Float])
        /// i32.
        case int32([Int32])
        /// i64.
        case int64([Int64])
        /// bool.
        case bool([Bool])
        /// i8.
        case int8([Int8])
        /// u8.
        case uint8([UInt8])
    }

    /// Number of rows: 1 for what exists once, R for candidates.
    package var rowCount: Int
    /// Shape of one row.
    package var shape: [Int]
    /// `rowCount` times the row's elements.
    package var elements: Elements

    /// Makes a tensor.
    package init(rowCount: Int = 1, shape: [Int], _ elements: Elements) {
        self.rowCount = rowCount
        self.shape = shape
        self.elements = elements
    }

    /// A parameter's tensor as one row; copies its elements.
    package init(_ tensor: Tensor) {
        let elements: Elements
        switch tensor.dtype {
        case .float32: elements = .float32(Array(tensor.elements(as: Float.self)))
        case .int32: elements = .int32(Array(tensor.elements(as: Int32.self)))
        case .int64: elements = .int64(Array(tensor.elements(as: Int64.self)))
        case .bool: elements = .bool(tensor.elements(as: UInt8.self).map { $0 != 0 })
        case .int8: elements = .int8(Array(tensor.elements(as: Int8.self)))
        case .uint8: elements = .uint8(Array(tensor.elements(as: UInt8.self)))
        }
        self.init(shape: tensor.shape, elements)
    }

    /// Elements in one row.
    package var rowElementCount: Int { shape.reduce(1, *) }

    /// The numbers of an f32 tensor; empty for other dtypes.
    package var floats: [Float] { Float.values(of: elements) ?? [] }

    /// The element type.
    package var dtype: DataType { elements.dtype }

    /// Whole numbers of any width, for what counts and points; empty for f32.
    var integers: [Int] {
        switch elements {
        case .float32: []
        case .int32(let values): values.map(Int.init)
        case .int64(let values): values.map(Int.init)
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .int8(let values): values.map(Int.init)
        case .uint8(let values): values.map(Int.init)
        }
    }
}

extension ReferenceTensor.Elements {
    /// The element type.
    package var dtype: DataType {
        switch self {
        case .float32: .float32
        case .int32: .int32
        case .int64: .int64
        case .bool: .bool
        case .int8: .int8
        case .uint8: .uint8
        }
    }

    /// Number of elements.
    package var count: Int {
        switch self {
        case .float32(let values): values.count
        case .int32(let values): values.count
        case .int64(let values): values.count
        case .bool(let values): values.count
        case .int8(let values): values.count
        case .uint8(let values): values.count
        }
    }
}

/// A Swift type that stands for a dtype.
protocol ReferenceElement: BitwiseCopyable, Equatable {
    /// The numbers of a tensor of this dtype; nil for other dtypes.
    static func values(of elements: ReferenceTensor.Elements) -> [Self]?
    /// The numbers as a tensor's elements.
    static func elements(_ values: [Self]) -> ReferenceTensor.Elements
}

extension Float: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [Float]? {
        if case .float32(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [Float]) -> ReferenceTensor.Elements { .float32(values) }
}

extension Int32: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [Int32]? {
        if case .int32(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [Int32]) -> ReferenceTensor.Elements { .int32(values) }
}

extension Int64: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [Int64]? {
        if case .int64(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [Int64]) -> ReferenceTensor.Elements { .int64(values) }
}

extension Bool: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [Bool]? {
        if case .bool(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [Bool]) -> ReferenceTensor.Elements { .bool(values) }
}

extension Int8: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [Int8]? {
        if case .int8(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [Int8]) -> ReferenceTensor.Elements { .int8(values) }
}

extension UInt8: ReferenceElement {
    static func values(of elements: ReferenceTensor.Elements) -> [UInt8]? {
        if case .uint8(let values) = elements { values } else { nil }
    }
    static func elements(_ values: [UInt8]) -> ReferenceTensor.Elements { .uint8(values) }
}
