import TandemGraph

// Normalisations. `layerNorm` of the graph is used where the axes are one and last; the others are
// arithmetic around means.

extension OperatorTable {
    static let normalizations: [OperatorEntry] = [
        OperatorEntry(
            "LayerNormalization", inputs: 2...3, attributes: ["axis", "epsilon", "stash_type"]
        ) { try $0.layerNormalization() },
        OperatorEntry(
            "RMSNormalization", inputs: 2...2, attributes: ["axis", "epsilon", "stash_type"]
        ) { [try $0.rootMeanSquareNormalization(defaultEpsilon: 1e-5)] },
        OperatorEntry(
            "SimplifiedLayerNormalization", inputs: 2...2,
            attributes: ["axis", "epsilon", "stash_type"]
        ) { [try $0.rootMeanSquareNormalization(defaultEpsilon: 1e-5)] },
        OperatorEntry(
            "BatchNormalization", inputs: 5...5,
            attributes: ["epsilon", "momentum", "training_mode", "spatial"]
        ) { [try $0.batchNormalization()] },
        OperatorEntry("InstanceNormalization", inputs: 3...3, attributes: ["epsilon"]) { context in
            let x = try context.input(0)
            guard x.rank >= 3 else {
                throw context.failure(.wrongShape, "needs [N, C, ...], got \(x.type)")
            }
            let flat = try context.reshape(
                x, [x.shape[0], x.shape[1], try context.product(x.shape[2...])])
            let normal = try context.standardized(
                flat, axes: [2], epsilon: try context.float("epsilon", default: 1e-5))
            let scaled = try context.scaledByChannel(
                try context.reshape(normal, x.shape), try context.input(1), try context.input(2))
            return [scaled]
        },
        OperatorEntry(
            "GroupNormalization", inputs: 3...3,
            attributes: ["epsilon", "num_groups", "stash_type"]
        ) { [try $0.groupNormalization()] },
        OperatorEntry("LpNormalization", inputs: 1...1, attributes: ["axis", "p"]) { context in
            let x = try context.float(try context.input(0))
            let axis = try context.axis(default: -1, rank: x.rank)
            let order = try context.int("p", default: 2)
            guard order == 1 || order == 2 else {
                throw context.failure(.invalidAttribute, "attribute 'p' must be 1 or 2")
            }
            let sizes = order == 1 ? try context.unary(.abs, x) : try context.multiply(x, x)
            let sum = try context.reduce(.sum, sizes, axes: [axis], keepsAxes: true)
            let norm = order == 1 ? sum : try context.unary(.sqrt, sum)
            let isZero = try context.isEqual(norm, context.constant(0, .float32))
            let divisor = try context.select(isZero, context.constant(1, .float32), norm)
            return [try context.divide(x, divisor)]
        },
        OperatorEntry("MeanVarianceNormalization", inputs: 1...1, attributes: ["axes"]) { context in
            let x = try context.float(try context.input(0))
            var axes: [Int] = []
            for axis in try context.ints("axes") ?? [0, 2, 3] {
                axes.append(try context.axis(axis, rank: x.rank))
            }
            let centred = try context.centred(x, axes: axes)
            let deviation = try context.unary(.sqrt, try context.meanSquare(centred, axes: axes))
            return [try context.divide(centred, try context.affine(deviation, offset: 1e-9))]
        },
    ]
}

extension OperatorContext {
    /// `x` less its mean over axes.
    func centred(_ x: ImportedValue, axes: [Int]) throws(ImportError) -> ImportedValue {
        try subtract(x, try reduce(.mean, x, axes: axes, keepsAxes: true))
    }

    func meanSquare(_ x: ImportedValue, axes: [Int]) throws(ImportError) -> ImportedValue {
        try reduce(.mean, try multiply(x, x), axes: axes, keepsAxes: true)
    }

    /// `(x - mean) / sqrt(variance + epsilon)` over axes.
    func standardized(
        _ x: ImportedValue, axes: [Int], epsilon: Float
    ) throws(ImportError) -> ImportedValue {
        let centred = try centred(try float(x), axes: axes)
        let variance = try meanSquare(centred, axes: axes)
        return try divide(centred, try unary(.sqrt, try affine(variance, offset: epsilon)))
    }

    /// A layer norm over the last axis; without an offset it is zeros.
    func layerNorm(
        _ x: ImportedValue, _ scale: ImportedValue, _ offset: ImportedValue?, epsilon: Float
    ) throws(ImportError) -> ImportedValue {
        guard let width = x.shape.last else {
            throw failure(.wrongShape, "cannot normalise a scalar")
        }
        func row(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
            try expand(value.rank == 0 ? try reshape(value, [1]) : value, [width])
        }
        let beta: ImportedValue
        if let offset { beta = try row(offset) } else { beta = try filled(0, .float32, [width]) }
        return try emit(.layerNorm(epsilon: epsilon), x, try row(scale), beta)
    }

    /// `y * scale + offset` where both have one number a channel, axis 1.
    func scaledByChannel(
        _ x: ImportedValue, _ scale: ImportedValue, _ offset: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        let column = [x.shape[1]] + [Dimension](repeating: 1, count: x.rank - 2)
        let scaled = try multiply(x, try reshape(scale, column))
        return try add(scaled, try reshape(offset, column))
    }

    fileprivate func layerNormalization() throws(ImportError) -> [ImportedValue] {
        let x = try float(try input(0))
        let axis = try axis(default: -1, rank: x.rank)
        let epsilon = try float("epsilon", default: 1e-5)
        let inner = Array(x.shape[axis...])
        let width = try product(inner)
        let flat = try reshape(x, Array(x.shape[..<axis]) + [width])
        func row(_ value: ImportedValue) throws(ImportError) -> ImportedValue {
            try reshape(try expand(value, inner), [width])
        }
        let offset = try optional(2).map { value throws(ImportError) in try row(value) }
        let y = try layerNorm(flat, try row(try input(1)), offset, epsilon: epsilon)
        guard wantsOutput(1) || wantsOutput(2) else { return [try reshape(y, x.shape)] }
        let last = [flat.rank - 1]
        let centred = try centred(flat, axes: last)
        let variance = try affine(try meanSquare(centred, axes: last), offset: epsilon)
        let kept = Array(x.shape[..<axis]) + inner.map { _ in 1 }
        let mean = try reduce(.mean, flat, axes: last)
        return [
            try reshape(y, x.shape), try reshape(mean, kept),
            try reshape(try unary(.reciprocal, try unary(.sqrt, variance)), kept),
        ]
    }

    /// `x / sqrt(mean(x^2) + epsilon) * scale` over the axes from `axis` on.
    fileprivate func rootMeanSquareNormalization(
        defaultEpsilon: Float
    ) throws(ImportError) -> ImportedValue {
        let x = try float(try input(0))
        let axis = try axis(default: -1, rank: x.rank)
        return try rootMeanSquareNormalized(
            x, try input(1), axis: axis, epsilon: try float("epsilon", default: defaultEpsilon))
    }

    /// `x / sqrt(mean(x^2) + epsilon) * scale` over the axes from `axis` on.
    func rootMeanSquareNormalized(
        _ x: ImportedValue, _ scale: ImportedValue, axis: Int, epsilon: Float
    ) throws(ImportError) -> ImportedValue {
        let square = try meanSquare(x, axes: Array(axis..<x.rank))
        let root = try unary(.sqrt, try affine(square, offset: epsilon))
        return try multiply(try divide(x, root), scale)
    }

    fileprivate func batchNormalization() throws(ImportError) -> ImportedValue {
        let isTraining = try flag("training_mode", default: false)
        guard !isTraining, outputCount < 2 || !wantsOutput(1) else {
            throw failure(
                .unsupported, "statistics of a batch mix its rows",
                "export in evaluation mode (model.eval())")
        }
        let x = try float(try input(0))
        guard x.rank >= 2 else { throw failure(.wrongShape, "needs [N, C, ...], got \(x.type)") }
        let epsilon = try float("epsilon", default: 1e-5)
        let deviation = try unary(.sqrt, try affine(try input(4), offset: epsilon))
        let scale = try divide(try input(1), deviation)
        let offset = try subtract(try input(2), try multiply(try input(3), scale))
        return try scaledByChannel(x, scale, offset)
    }

    /// Since version 21 scale and offset are a number a channel, before a number a group.
    fileprivate func groupNormalization() throws(ImportError) -> ImportedValue {
        let x = try input(0)
        guard x.rank >= 2 else { throw failure(.wrongShape, "needs [N, C, ...], got \(x.type)") }
        let groups = try requiredInt("num_groups")
        let size = try product(x.shape[1...]).divided(exactlyBy: .fixed(max(groups, 1)))
        guard groups > 0, let size else {
            throw failure(.invalidAttribute, "\(x.type) does not split into \(groups) groups")
        }
        let grouped = try reshape(x, [x.shape[0], .fixed(groups), size])
        let normal = try standardized(
            grouped, axes: [2], epsilon: try float("epsilon", default: 1e-5))
        if opset < 21 {
            let scaled = try scaledByChannel(normal, try input(1), try input(2))
            return try reshape(scaled, x.shape)
        }
        return try scaledByChannel(try reshape(normal, x.shape), try input(1), try input(2))
    }
}
