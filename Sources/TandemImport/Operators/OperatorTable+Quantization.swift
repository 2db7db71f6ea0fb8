import TandemGraph

// Quantised operators as they are: whole numbers, rounded and saturated at each step. What an
// import for serving makes of them is `QuantizationRemoval`.

extension OperatorTable {
    private static let axisAttributes: Set<String> = ["axis", "block_size", "output_dtype"]

    static let quantizations: [OperatorEntry] =
        ["", "com.microsoft"].flatMap { domain in
            [
                OperatorEntry(
                    "QuantizeLinear", domain: domain, inputs: 2...3,
                    attributes: axisAttributes.union(["precision", "saturate"])
                ) { context in [try context.quantizeLinear()] },
                OperatorEntry(
                    "DequantizeLinear", domain: domain, inputs: 2...3, attributes: axisAttributes
                ) { context in
                    let x = try context.input(0)
                    return [
                        try context.dequantized(
                            x, try context.spread(try context.input(1), over: x),
                            try context.optional(2).map { v throws(ImportError) in
                                try context.spread(v, over: x)
                            })
                    ]
                },
            ]
        } + [
            OperatorEntry("DynamicQuantizeLinear", inputs: 1...1) { context in
                try context.dynamicallyQuantized(try context.input(0))
            },
            OperatorEntry("MatMulInteger", inputs: 2...4) { context in
                let a = try context.shifted(
                    try context.input(0), context.optional(2), isRow: true)
                let b = try context.shifted(
                    try context.input(1), context.optional(3), isRow: false)
                return [try context.matmul(a, b)]
            },
            OperatorEntry("QLinearMatMul", inputs: 8...8) { context in
                [try context.quantizedProduct()]
            },
            OperatorEntry(
                "ConvInteger", inputs: 2...4, attributes: WindowWalk.attributes.union(["group"])
            ) { context in
                let x = try context.input(0)
                let weight = try context.input(1)
                let sum = try context.exactConvolution(
                    x, context.optional(2), weight, context.optional(3))
                return [try context.cast(sum, to: .int32)]
            },
            OperatorEntry(
                "QLinearConv", inputs: 8...9, attributes: WindowWalk.attributes.union(["group"])
            ) { context in [try context.quantizedConvolution()] },
        ]
}

extension OperatorContext {
    /// Scales or zero points, shaped to broadcast over a tensor: one for all, an axis, or a block.
    func spread(
        _ value: ImportedValue, over x: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        if value.rank == 0 || (value.rank == 1 && value.shape[0] == 1) {
            return try reshape(value, [])
        }
        let block = try int("block_size", default: 0)
        let axis = try axis(default: 1, rank: x.rank)
        if block == 0 {
            guard value.rank == 1 else {
                throw failure(.wrongShape, "scales of \(value.type) for \(x.type)")
            }
            var shape = [Dimension](repeating: 1, count: x.rank)
            shape[axis] = value.shape[0]
            return try reshape(value, shape)
        }
        guard value.rank == x.rank, block > 0 else {
            throw failure(.wrongShape, "blocks of \(value.type) for \(x.type)")
        }
        let blocks = try fixedSize(value, axis: axis, "the number of blocks")
        let size = try fixedSize(x, axis: axis, "the size")
        guard size > 0, (size - 1) / block < blocks else {
            throw failure(.wrongShape, "\(blocks) blocks of \(block) do not fill \(size)")
        }
        return try gather(value, axis: axis, (0..<size).map { $0 / block })
    }

    /// `saturate(round(x / scale) + zero point)`.
    func quantized(
        _ x: ImportedValue, _ scale: ImportedValue, _ zero: ImportedValue?, _ dtype: DataType
    ) throws(ImportError) -> ImportedValue {
        let range: ClosedRange<Float>
        switch dtype {
        case .int8: range = -128...127
        case .uint8: range = 0...255
        default:
            throw failure(
                .unsupportedType, "quantises to more than 8 bits", "quantise to INT8 or UINT8")
        }
        var steps = try unary(.round, try divide(try cast(x, to: .float32), scale))
        if let zero { steps = try add(steps, try cast(zero, to: .float32)) }
        return try cast(try clamped(steps, range.lowerBound, range.upperBound), to: dtype)
    }

    /// `(x - zero point) * scale`.
    func dequantized(
        _ x: ImportedValue, _ scale: ImportedValue, _ zero: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        let exact = x.dtype == .int64 ? DataType.int64 : .int32
        var steps = try cast(x, to: exact)
        if let zero, zero.integers?.allSatisfy({ $0 == 0 }) != true {
            steps = try subtract(steps, try cast(zero, to: exact))
        }
        return try multiply(try cast(steps, to: .float32), scale)
    }

    fileprivate func quantizeLinear() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let zero = try optional(2).map { v throws(ImportError) in try spread(v, over: x) }
        let declared = try dtype("output_dtype")
        return try quantized(
            x, try spread(try input(1), over: x), zero, declared ?? zero?.dtype ?? .uint8)
    }

    /// u8 by the tensor's own range, which is made to hold 0: result, scale, zero point.
    func dynamicallyQuantized(_ x: ImportedValue) throws(ImportError) -> [ImportedValue] {
        let axes = Array(0..<x.rank)
        let none = constant(0, .float32)
        let most = try maximum(try reduce(.maximum, try float(x), axes: axes), none)
        let least = try minimum(try reduce(.minimum, x, axes: axes), none)
        let span = try subtract(most, least)
        let isFlat = try isEqual(span, none)
        let steps = try select(isFlat, constant(1, .float32), span)
        let scale = try divide(steps, constant(255, .float32))
        let start = try unary(.negate, try divide(least, scale))
        let zero = try cast(try unary(.round, try clamped(start, 0, 255)), to: .uint8)
        return [try quantized(x, scale, zero, .uint8), scale, zero]
    }

    /// `x - zero point` in i32; zero points of a matrix are one, or one a row or column.
    func shifted(
        _ x: ImportedValue, _ zero: ImportedValue?, isRow: Bool
    ) throws(ImportError) -> ImportedValue {
        let wide = try cast(x, to: .int32)
        guard let zero else { return wide }
        if zero.integers?.allSatisfy({ $0 == 0 }) == true { return wide }
        return try subtract(wide, try cast(try sided(zero, isRow: isRow), to: .int32))
    }

    /// One number, one a row or one a column, shaped to broadcast over a matrix.
    func sided(_ value: ImportedValue, isRow: Bool) throws(ImportError) -> ImportedValue {
        guard value.rank == 1 else { return value }
        if value.shape[0] == 1 { return try reshape(value, []) }
        return isRow ? try unsqueeze(value, axes: [1]) : value
    }

    fileprivate func quantizedProduct() throws(ImportError) -> ImportedValue {
        let a = try shifted(try input(0), try input(2), isRow: true)
        let b = try shifted(try input(3), try input(5), isRow: false)
        let sum = try cast(try matmul(a, b), to: .float32)
        let scale = try multiply(
            try sided(try input(1), isRow: true), try sided(try input(4), isRow: false))
        let zero = try sided(try input(7), isRow: true)
        return try quantized(
            try multiply(sum, scale), try sided(try input(6), isRow: true), zero, zero.dtype)
    }

    /// A convolution of whole numbers, in f32 as long as its sums are exact there.
    fileprivate func exactConvolution(
        _ x: ImportedValue, _ xZero: ImportedValue?, _ weight: ImportedValue,
        _ weightZero: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        guard let sizes = weight.type.fixedSizes, sizes.count >= 3,
            let depth = TensorType.product(Array(sizes.dropFirst())), depth <= 1 << 24 / (256 * 256)
        else {
            throw failure(
                .unsupported, "a quantised convolution of \(weight.type) is too deep",
                "export in float, or as QDQ")
        }
        func whole(
            _ value: ImportedValue, _ zero: ImportedValue?
        ) throws(ImportError) -> ImportedValue {
            var steps = try cast(value, to: .float32)
            if let zero {
                let points = try cast(zero, to: .float32)
                let column = [points.shape.first ?? 1] + Array(repeating: 1, count: value.rank - 1)
                steps = try subtract(
                    steps, points.rank == 1 ? try reshape(points, column) : points)
            }
            return steps
        }
        if let xZero, xZero.rank > 1 || (xZero.rank == 1 && xZero.shape[0] != 1) {
            throw failure(.wrongShape, "the input's zero point is \(xZero.type)")
        }
        let scalarZero = try xZero.map { v throws(ImportError) in try reshape(v, []) }
        return try convolved(try whole(x, scalarZero), try whole(weight, weightZero), nil)
    }

    fileprivate func quantizedConvolution() throws(ImportError) -> ImportedValue {
        var sum = try exactConvolution(
            try input(0), try input(2), try input(3), try input(5))
        let channels = [Dimension](repeating: 1, count: sum.rank - 2)
        func column(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
            value.rank == 1 ? try reshape(value, [value.shape[0]] + channels) : value
        }
        if let bias = optional(8) {
            sum = try add(sum, try column(try cast(bias, to: .float32)))
        }
        let scale = try multiply(try column(try input(4)), try reshape(try input(1), []))
        let zero = try reshape(try input(7), [])
        return try quantized(
            try multiply(sum, scale), try reshape(try input(6), []), zero, zero.dtype)
    }
}
