import TandemGraph

// What ONNX Runtime's quantiser writes, as it is. Activations that are quantised by their own range
// are so here too.

extension OperatorTable {
    private static let ms = "com.microsoft"

    static let microsoftQuantized: [OperatorEntry] = [
        OperatorEntry("DynamicQuantizeMatMul", domain: ms, inputs: 3...5) { context in
            let quantized = try context.dynamicallyQuantized(try context.input(0))
            return [
                try context.floatProduct(
                    quantized[0], quantized[1], quantized[2], try context.input(1),
                    try context.input(2), context.optional(3), bias: context.optional(4))
            ]
        },
        OperatorEntry("MatMulIntegerToFloat", domain: ms, inputs: 4...7) { context in
            [
                try context.floatProduct(
                    try context.input(0), try context.input(2), context.optional(4),
                    try context.input(1), try context.input(3), context.optional(5),
                    bias: context.optional(6))
            ]
        },
        OperatorEntry(
            "QAttention", domain: ms, inputs: 5...9,
            attributes: [
                "do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer", "scale",
                "unidirectional",
            ]
        ) { context in
            let x = try context.dequantized(
                try context.input(0), try context.input(3), context.optional(6))
            let weight = try context.dequantized(
                try context.input(1), try context.input(4), context.optional(7))
            return [
                try context.packedAttention(
                    x, weight, try context.input(2), mask: 5, past: 8, bias: nil)
            ]
        },
        OperatorEntry(
            "DynamicQuantizeLSTM", domain: ms, inputs: 12...12,
            attributes: RecurrentLayer.attributes.union(["input_forget"])
        ) { context in try context.quantizedRecurrence() },
        OperatorEntry(
            "QGemm", domain: ms, inputs: 6...9, attributes: ["alpha", "transA", "transB"]
        ) { [try $0.quantizedGemm()] },
        binary("QLinearAdd", .add), binary("QLinearMul", .multiply),
        unary("QLinearSigmoid") { context, x throws(ImportError) in
            try context.unary(.sigmoid, x)
        },
        unary("QLinearLeakyRelu", attributes: ["alpha"]) { context, x throws(ImportError) in
            try context.leaky(x, try context.float("alpha", default: 0.01))
        },
        unary("QLinearSoftmax", attributes: ["axis", "opset"]) {
            context, x throws(ImportError) in try context.quantizedSoftmax(x)
        },
        unary("QLinearGlobalAveragePool", attributes: ["channels_last"]) {
            context, x throws(ImportError) in
            let first = try context.flag("channels_last", default: false) ? 1 : 2
            let axes = Array(first..<(first + max(x.rank - 2, 0)))
            return try context.reduce(.mean, x, axes: axes, keepsAxes: true)
        },
        OperatorEntry("QLinearConcat", domain: ms, inputs: 5...4096, attributes: ["axis"]) {
            context in
            var parts: [ImportedValue] = []
            for index in stride(from: 2, to: context.inputs.count - 2, by: 3) {
                parts.append(
                    try context.dequantized(
                        try context.input(index), try context.input(index + 1),
                        context.optional(index + 2)))
            }
            let axis = try context.axis(
                try context.requiredInt("axis"), rank: parts.first?.rank ?? 0)
            let zero = try context.input(1)
            return [
                try context.quantized(
                    try context.concat(parts, axis: axis), try context.input(0), zero, zero.dtype)
            ]
        },
    ]

    private static func binary(_ name: String, _ function: BinaryFunction) -> OperatorEntry {
        OperatorEntry(name, domain: ms, inputs: 7...8) { context in
            let a = try context.dequantized(
                try context.input(0), try context.input(1), context.optional(2))
            let b = try context.dequantized(
                try context.input(3), try context.input(4), context.optional(5))
            let y = try context.emit(.binary(function), a, b)
            return [
                try context.quantized(
                    y, try context.input(6), context.optional(7), try context.input(0).dtype)
            ]
        }
    }

    private static func unary(
        _ name: String, attributes: Set<String> = [],
        _ function:
            @escaping @Sendable (OperatorContext, ImportedValue) throws(ImportError)
            -> ImportedValue
    ) -> OperatorEntry {
        OperatorEntry(name, domain: ms, inputs: 4...5, attributes: attributes) { context in
            let x = try context.dequantized(
                try context.input(0), try context.input(1), context.optional(2))
            return [
                try context.quantized(
                    try function(context, x), try context.input(3), context.optional(4),
                    try context.input(0).dtype)
            ]
        }
    }
}

extension OperatorContext {
    /// A product of whole numbers, scaled to floats.
    fileprivate func floatProduct(
        _ a: ImportedValue, _ aScale: ImportedValue, _ aZero: ImportedValue?,
        _ b: ImportedValue, _ bScale: ImportedValue, _ bZero: ImportedValue?,
        bias: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        let left = try shifted(a, aZero, isRow: true)
        let right = try shifted(b, bZero, isRow: false)
        let scale = try multiply(
            try sided(aScale, isRow: true), try sided(bScale, isRow: false))
        let product = try multiply(try cast(try matmul(left, right), to: .float32), scale)
        guard let bias else { return product }
        return try add(product, bias)
    }

    /// Weights are `[D, inputs, gates]`, the other way round than those of `LSTM`.
    ///
    /// States are quantised between steps by ONNX Runtime; here they are not.
    fileprivate func quantizedRecurrence() throws(ImportError) -> [ImportedValue] {
        var weights: [ImportedValue] = []
        for index in 0..<2 {
            let stored = try input(1 + index)
            func spread(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
                try reshape(value, [value.shape[0], 1, value.rank == 2 ? value.shape[1] : 1])
            }
            let scale = try spread(try input(8 + 2 * index))
            let zero = try optional(9 + 2 * index).map { v throws(ImportError) in try spread(v) }
            weights.append(try transposeLast(try dequantized(stored, scale, zero)))
        }
        return try RecurrentLayer(self, .lstm, weights: weights).outputs()
    }

    /// `alpha * A' * B' + C`, where C has the scale of the product; quantised if a scale is given.
    fileprivate func quantizedGemm() throws(ImportError) -> ImportedValue {
        var a = try shifted(try input(0), try input(2), isRow: true)
        var b = try input(3)
        let zero = try input(5)
        let isTransposed = try flag("transB", default: false)
        if isTransposed { b = try transposeLast(b) }
        b = try shifted(b, zero, isRow: false)
        if try flag("transA", default: false) { a = try transposeLast(a) }
        var sum = try matmul(a, b)
        if let bias = optional(6) { sum = try add(sum, bias) }
        let scale = try multiply(try input(1), try sided(try input(4), isRow: false))
        let y = try affine(
            try multiply(try cast(sum, to: .float32), scale), scale: try float("alpha", default: 1))
        guard let yScale = optional(7) else { return y }
        let yZero = optional(8)
        return try quantized(y, yScale, yZero, yZero?.dtype ?? .uint8)
    }

    fileprivate func quantizedSoftmax(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let axis = try axis(default: -1, rank: x.rank)
        let version = try int("opset", default: 13)
        guard version >= 13 || axis == x.rank - 1 else {
            throw failure(
                .unsupported, "softmax over several axes", "export with opset 13 or later")
        }
        return try softmax(x, axis: axis)
    }
}
