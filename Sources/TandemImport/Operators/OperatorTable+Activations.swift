import TandemGraph

// Activation functions, by ONNX's definitions. Where a definition overflows for large inputs though
// its value does not (softplus), an equal form that does not is used.

extension OperatorTable {
    static let activations: [OperatorEntry] = [
        OperatorEntry("Relu", inputs: 1...1) { context in
            let x = try context.input(0)
            if x.dtype == .float32 { return [try context.unary(.relu, x)] }
            return [try context.maximum(x, context.constant(0, x.dtype))]
        },
        OperatorEntry("LeakyRelu", inputs: 1...1, attributes: ["alpha"]) { context in
            let x = try context.float(try context.input(0))
            return [try context.leaky(x, try context.float("alpha", default: 0.01))]
        },
        OperatorEntry("PRelu", inputs: 2...2) { context in
            let x = try context.input(0)
            let scaled = try context.multiply(x, try context.input(1))
            let isNegative = try context.isLess(x, context.constant(0, x.dtype))
            return [try context.select(isNegative, scaled, x)]
        },
        OperatorEntry("ThresholdedRelu", inputs: 1...1, attributes: ["alpha"]) { context in
            let x = try context.float(try context.input(0))
            let alpha = context.constant(try context.float("alpha", default: 1))
            return [try context.select(try context.isLess(alpha, x), x, context.constant(0))]
        },
        OperatorEntry("Elu", inputs: 1...1, attributes: ["alpha"]) { context in
            let x = try context.float(try context.input(0))
            return [try context.elu(x, alpha: try context.float("alpha", default: 1))]
        },
        OperatorEntry("Selu", inputs: 1...1, attributes: ["alpha", "gamma"]) { context in
            let x = try context.float(try context.input(0))
            let elu = try context.elu(x, alpha: try context.float("alpha", default: 1.6732632))
            return [try context.affine(elu, scale: try context.float("gamma", default: 1.0507010))]
        },
        OperatorEntry("Celu", inputs: 1...1, attributes: ["alpha"]) { context in
            let x = try context.float(try context.input(0))
            let alpha = try context.float("alpha", default: 1)
            guard alpha != 0 else {
                throw context.failure(.invalidAttribute, "attribute 'alpha' must not be 0")
            }
            let power = try context.unary(.exp, try context.affine(x, scale: 1 / alpha))
            let curve = try context.affine(power, scale: alpha, offset: -alpha)
            let below = try context.minimum(curve, context.constant(0))
            return [try context.add(try context.unary(.relu, x), below)]
        },
        OperatorEntry("Gelu", inputs: 1...1, attributes: ["approximate"]) { context in
            let kind = try context.string("approximate", default: "none")
            guard kind == "none" || kind == "tanh" else {
                throw context.failure(
                    .invalidAttribute, "attribute 'approximate' must be none or tanh, is '\(kind)'")
            }
            let x = try context.input(0)
            return [try context.unary(kind == "tanh" ? .geluTanh : .gelu, x)]
        },
        OperatorEntry("HardSigmoid", inputs: 1...1, attributes: ["alpha", "beta"]) { context in
            let x = try context.float(try context.input(0))
            let alpha = try context.float("alpha", default: 0.2)
            let beta = try context.float("beta", default: 0.5)
            return [try context.clamped(try context.affine(x, scale: alpha, offset: beta), 0, 1)]
        },
        OperatorEntry("HardSwish", inputs: 1...1) { context in
            let x = try context.float(try context.input(0))
            let line = try context.affine(x, scale: 1.0 / 6, offset: 0.5)
            return [try context.multiply(x, try context.clamped(line, 0, 1))]
        },
        OperatorEntry("Softplus", inputs: 1...1) { context in
            [try context.softplus(try context.float(try context.input(0)))]
        },
        OperatorEntry("Softsign", inputs: 1...1) { context in
            let x = try context.float(try context.input(0))
            let size = try context.affine(try context.unary(.abs, x), offset: 1)
            return [try context.divide(x, size)]
        },
        OperatorEntry("Mish", inputs: 1...1) { context in
            let x = try context.float(try context.input(0))
            let gate = try context.unary(.tanh, try context.softplus(x))
            return [try context.multiply(x, gate)]
        },
        OperatorEntry("Shrink", inputs: 1...1, attributes: ["bias", "lambd"]) { context in
            let x = try context.float(try context.input(0))
            let bias = try context.float("bias", default: 0)
            let limit = try context.float("lambd", default: 0.5)
            let isAbove = try context.isLess(context.constant(limit), x)
            let isBelow = try context.isLess(x, context.constant(-limit))
            let above = try context.select(
                isAbove, try context.affine(x, offset: -bias), context.constant(0))
            return [try context.select(isBelow, try context.affine(x, offset: bias), above)]
        },
        OperatorEntry("Sigmoid", inputs: 1...1) { context in
            [try context.unary(.sigmoid, try context.input(0))]
        },
        OperatorEntry("Tanh", inputs: 1...1) { context in
            [try context.unary(.tanh, try context.input(0))]
        },
    ]
}

extension OperatorContext {
    /// `x < 0 ? slope * x : x`; the larger of both where the slope is at most 1.
    func leaky(_ x: ImportedValue, _ slope: Float) throws(ImportError) -> ImportedValue {
        if slope == 0 { return try unary(.relu, x) }
        let scaled = try affine(x, scale: slope)
        if slope > 0, slope <= 1 { return try maximum(x, scaled) }
        return try select(try isLess(x, constant(0, .float32)), scaled, x)
    }

    /// `x < 0 ? alpha * (exp(x) - 1) : x`.
    func elu(_ x: ImportedValue, alpha: Float) throws(ImportError) -> ImportedValue {
        let curve = try affine(try unary(.exp, x), scale: alpha, offset: -alpha)
        return try select(try isLess(x, constant(0, .float32)), curve, x)
    }

    /// `log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))`.
    func softplus(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let power = try unary(.exp, try unary(.negate, try unary(.abs, x)))
        let rest = try unary(.log, try affine(power, offset: 1))
        return try add(try unary(.relu, x), rest)
    }
}
