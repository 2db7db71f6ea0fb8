extension ReferenceTensor.Elements {
    /// The same numbers in another dtype, as `Operation.cast` defines.
    func cast(to dtype: DataType) -> ReferenceTensor.Elements {
        switch self {
        case .float32(let values): Self.cast(values, to: dtype)
        case .int32(let values): Self.cast(values, to: dtype)
        case .int64(let values): Self.cast(values, to: dtype)
        case .bool(let values): Self.cast(values.map { $0 ? 1 : 0 } as [UInt8], to: dtype)
        case .int8(let values): Self.cast(values, to: dtype)
        case .uint8(let values): Self.cast(values, to: dtype)
        }
    }

    private static func cast(_ values: [Float], to dtype: DataType) -> ReferenceTensor.Elements {
        switch dtype {
        case .float32: .float32(values)
        case .int32: .int32(values.map(saturated))
        case .int64: .int64(values.map(saturated))
        case .bool: .bool(values.map { $0 != 0 })
        case .int8: .int8(values.map(saturated))
        case .uint8: .uint8(values.map(saturated))
        }
    }

    private static func cast<Element: FixedWidthInteger>(
        _ values: [Element], to dtype: DataType
    ) -> ReferenceTensor.Elements {
        switch dtype {
        case .float32: .float32(values.map { Float($0) })
        case .int32: .int32(values.map { Int32(truncatingIfNeeded: $0) })
        case .int64: .int64(values.map { Int64(truncatingIfNeeded: $0) })
        case .bool: .bool(values.map { $0 != 0 })
        case .int8: .int8(values.map { Int8(truncatingIfNeeded: $0) })
        case .uint8: .uint8(values.map { UInt8(truncatingIfNeeded: $0) })
        }
    }

    /// Towards zero; what does not fit becomes the nearest that does, NaN becomes 0.
    private static func saturated<Element: FixedWidthInteger>(_ value: Float) -> Element {
        if value.isNaN { return 0 }
        // Float(Int32.max) is 2^31, one too many: at the bounds the comparison decides.
        if value >= Float(Element.max) { return .max }
        return value <= Float(Element.min) ? .min : Element(value)
    }
}
