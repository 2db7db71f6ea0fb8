import TandemGraph

// What ONNX Runtime's optimiser writes: layers fused into one operator, in the domain
// `com.microsoft`. Source: ONNX Runtime, docs/ContribOperators.md.

extension OperatorTable {
    private static let ms = "com.microsoft"

    static let microsoft: [OperatorEntry] = [
        OperatorEntry("Gelu", domain: ms, inputs: 1...1) { context in
            [try context.unary(.gelu, try context.input(0))]
        },
        OperatorEntry("BiasGelu", domain: ms, inputs: 2...2) { context in
            [try context.unary(.gelu, try context.biased(0, 1))]
        },
        OperatorEntry("FastGelu", domain: ms, inputs: 1...2) { context in
            [try context.unary(.geluTanh, try context.biased(0, 1))]
        },
        OperatorEntry("QuickGelu", domain: ms, inputs: 1...1, attributes: ["alpha"]) { context in
            let x = try context.float(try context.input(0))
            let scaled = try context.affine(x, scale: try context.float("alpha", default: 1.702))
            return [try context.multiply(x, try context.unary(.sigmoid, scaled))]
        },
        OperatorEntry("GemmFastGelu", domain: ms, inputs: 2...3) { context in
            var y = try context.matmul(try context.input(0), try context.input(1))
            if let bias = context.optional(2) { y = try context.add(y, bias) }
            return [try context.unary(.geluTanh, y)]
        },
        OperatorEntry("BiasAdd", domain: ms, inputs: 3...3) { context in
            [try context.add(try context.biased(0, 1), try context.input(2))]
        },
        OperatorEntry(
            "FusedMatMul", domain: ms, inputs: 2...2,
            attributes: ["alpha", "transA", "transB", "transBatchA", "transBatchB"]
        ) { [try $0.fusedProduct()] },
        OperatorEntry(
            "TransposeMatMul", domain: ms, inputs: 2...2, attributes: ["alpha", "transA", "transB"]
        ) { [try $0.fusedProduct()] },
        OperatorEntry(
            "FusedGemm", domain: ms, inputs: 2...3,
            attributes: [
                "activation", "activation_alpha", "activation_beta", "activation_gamma", "alpha",
                "beta", "transA", "transB",
            ]
        ) { context in [try context.activated(try context.gemm())] },
        OperatorEntry(
            "FusedConv", domain: ms, inputs: 2...4,
            attributes: WindowWalk.attributes.union(["activation", "activation_params", "group"])
        ) { context in
            var y = try context.convolved(
                try context.input(0), try context.input(1), context.optional(2))
            if let sum = context.optional(3) { y = try context.add(y, sum) }
            return [try context.activated(y)]
        },
        OperatorEntry("SkipLayerNormalization", domain: ms, inputs: 3...5, attributes: ["epsilon"])
        { context in
            let sum = try context.skipped(bias: 4)
            let y = try context.layerNorm(
                sum, try context.input(2), context.optional(3),
                epsilon: try context.float("epsilon", default: 1e-12))
            return try context.refusingStatistics([y, y, y, sum])
        },
        OperatorEntry(
            "SkipSimplifiedLayerNormalization", domain: ms, inputs: 3...4, attributes: ["epsilon"]
        ) { context in
            let sum = try context.skipped(bias: 3)
            let y = try context.rootMeanSquareNormalized(
                sum, try context.input(2), axis: sum.rank - 1,
                epsilon: try context.float("epsilon", default: 1e-12))
            return try context.refusingStatistics([y, y, y, sum])
        },
        OperatorEntry(
            "EmbedLayerNormalization", domain: ms, inputs: 7...9,
            attributes: ["epsilon", "mask_index_type"]
        ) { try $0.embeddedAndNormalized() },
        OperatorEntry(
            "Attention", domain: ms, inputs: 2...7,
            attributes: [
                "do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer",
                "qkv_hidden_sizes", "rotary_embedding_dim", "scale", "unidirectional",
            ]
        ) { context in
            [
                try context.packedAttention(
                    try context.input(0), try context.input(1), context.optional(2),
                    mask: 3, past: 4, bias: 5)
            ]
        },
        OperatorEntry(
            "MultiHeadAttention", domain: ms, inputs: 1...10,
            attributes: ["mask_filter_value", "num_heads", "scale", "unidirectional"]
        ) { [try $0.multiHeadAttention()] },
        OperatorEntry(
            "RotaryEmbedding", domain: ms, inputs: 4...4,
            attributes: [
                "interleaved", "is_packed_batching", "num_heads", "rotary_embedding_dim", "scale",
            ]
        ) { [try $0.rotatedByPosition()] },
    ]
}

extension OperatorContext {
    /// An input and a bias that may be left out.
    fileprivate func biased(_ x: Int, _ bias: Int) throws(ImportError) -> ImportedValue {
        let value = try float(try input(x))
        guard let bias = optional(bias) else { return value }
        return try add(value, bias)
    }

    fileprivate func fusedProduct() throws(ImportError) -> ImportedValue {
        var sides: [ImportedValue] = []
        for (index, side) in ["A", "B"].enumerated() {
            var value = try input(index)
            if try flag("transBatch\(side)", default: false) {
                // The batch axes stand between the matrix's two: [M, b..., K] for [b..., M, K].
                let last = value.rank - 1
                value = try transpose(value, Array(1..<last) + [0, last])
            }
            let isTransposed = try flag("trans\(side)", default: false)
            sides.append(isTransposed && value.rank > 1 ? try transposeLast(value) : value)
        }
        return try affine(
            try matmul(sides[0], sides[1]), scale: try float("alpha", default: 1))
    }

    fileprivate func activated(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let name = try string("activation", default: "")
        let parameters = try floats("activation_params") ?? []
        let alpha = try float("activation_alpha") ?? parameters.first
        let beta = try float("activation_beta") ?? parameters.dropFirst().first
        switch name {
        case "": return x
        case "Relu": return try unary(.relu, x)
        case "Sigmoid": return try unary(.sigmoid, x)
        case "Tanh": return try unary(.tanh, x)
        case "LeakyRelu": return try leaky(x, alpha ?? 0.01)
        case "Clip":
            guard let alpha, let beta else {
                throw failure(.invalidAttribute, "the bounds of Clip are missing")
            }
            return try clamped(x, alpha, beta)
        case "HardSigmoid":
            let line = try affine(x, scale: alpha ?? 0.2, offset: beta ?? 0.5)
            return try clamped(line, 0, 1)
        default:
            throw failure(.unsupported, "the activation '\(name)' is not known here")
        }
    }

    fileprivate func skipped(bias: Int) throws(ImportError) -> ImportedValue {
        let sum = try add(try float(try input(0)), try input(1))
        guard let bias = optional(bias) else { return sum }
        return try add(sum, bias)
    }

    fileprivate func refusingStatistics(
        _ outputs: [ImportedValue]
    ) throws(ImportError) -> [ImportedValue] {
        guard !wantsOutput(1), !wantsOutput(2) else {
            throw failure(.unsupported, "mean and variance are outputs of training only")
        }
        return outputs
    }

    fileprivate func embeddedAndNormalized() throws(ImportError) -> [ImportedValue] {
        let ids = try input(0)
        guard ids.rank == 2 else { throw failure(.wrongShape, "needs [batch, steps] of ids") }
        guard !wantsOutput(1) || optional(7) != nil else {
            throw failure(.unsupported, "a mask's index without a mask")
        }
        var sum = try emit(.gather(axis: 0), try input(2), ids)
        let positions = try input(3)
        if let places = optional(8) {
            sum = try add(sum, try emit(.gather(axis: 0), positions, places))
        } else {
            sum = try add(sum, try slice(positions, axis: 0, 0, ids.shape[1]))
        }
        if let segments = optional(1), let table = optional(4) {
            sum = try add(sum, try emit(.gather(axis: 0), table, segments))
        }
        let y = try layerNorm(
            sum, try input(5), try input(6), epsilon: try float("epsilon", default: 1e-12))
        guard wantsOutput(1), let mask = optional(7) else { return [y, ids, sum] }
        // How many tokens there are, for masks whose ones stand in front.
        let lengths = try reduce(.sum, try cast(mask, to: .int32), axes: [1])
        return [y, lengths, sum]
    }

    // MARK: Attention

    /// Attention whose queries, keys and values come from one weight.
    func packedAttention(
        _ x: ImportedValue, _ weight: ImportedValue, _ bias: ImportedValue?, mask: Int, past: Int,
        bias attentionBias: Int?
    ) throws(ImportError) -> ImportedValue {
        let heads = try requiredInt("num_heads")
        let rotary = try flag("do_rotary", default: false)
        guard heads > 0, optional(past) == nil, !rotary, !wantsOutput(1) else {
            throw failure(
                .unsupported, "attention with a cache or rotary positions",
                "export without past keys and values")
        }
        var projected = try matmul(x, weight)
        if let bias { projected = try add(projected, bias) }
        let width = try fixedSize(projected, axis: 2, "the width")
        let sizes = try ints("qkv_hidden_sizes") ?? Array(repeating: width / 3, count: 3)
        guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 && $0 % heads == 0 }),
            sizes.reduce(0, +) == width
        else { throw failure(.wrongShape, "\(projected.type) in parts of \(sizes)") }
        var parts: [ImportedValue] = []
        var start = 0
        for size in sizes {
            let part = try slice(projected, axis: 2, .fixed(start), .fixed(start + size))
            parts.append(try splitHeads(part, heads))
            start += size
        }
        return try fusedAttention(
            parts, mask: optional(mask), bias: attentionBias.flatMap { optional($0) })
    }

    fileprivate func multiHeadAttention() throws(ImportError) -> ImportedValue {
        let heads = try requiredInt("num_heads")
        guard heads > 0, optional(6) == nil, optional(7) == nil, optional(8) == nil,
            optional(9) == nil, !wantsOutput(1)
        else {
            throw failure(
                .unsupported, "attention with a cache", "export without past keys and values")
        }
        var parts: [ImportedValue] = []
        let query = try float(try input(0))
        if query.rank == 5 {
            for index in 0..<3 {
                let part = try slice(query, axis: 3, .fixed(index), .fixed(index + 1))
                let flat = try squeeze(part, axes: [3])
                let width = try product(flat.shape[2...])
                parts.append(try reshape(flat, Array(flat.shape[..<2]) + [width]))
            }
        } else {
            parts = [query, try input(1), try input(2)]
        }
        var start: Dimension = 0
        for index in parts.indices where parts[index].rank == 3 {
            if let bias = optional(3) {
                guard let end = start.adding(parts[index].shape[2]) else {
                    throw failure(.overflow, "the bias does not fit")
                }
                parts[index] = try add(parts[index], try slice(bias, axis: 0, start, end))
                start = end
            }
            parts[index] = try splitHeads(parts[index], heads)
        }
        return try fusedAttention(parts, mask: optional(4), bias: optional(5))
    }

    private func fusedAttention(
        _ parts: [ImportedValue], mask: ImportedValue?, bias: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        let filler = try float("mask_filter_value", default: -10_000)
        let (queries, keys) = (parts[0].shape[2], parts[1].shape[2])
        var biases: [ImportedValue] = []
        if let mask { biases.append(try maskBias(mask, parts[0].shape[0], keys, filler)) }
        if try flag("unidirectional", default: false) {
            guard let shift = keys.subtracting(queries) else {
                throw failure(.overflow, "the shift does not fit")
            }
            biases.append(try causalBias(queries, keys, shift: shift, filler: filler))
        }
        if let bias { biases.append(bias) }
        let scale = try float("scale", default: 0)
        let scores = try attended(
            parts[0], parts[1], parts[2], biases: biases, scale: scale == 0 ? nil : scale)
        return try joinHeads(scores.result)
    }

    /// Lengths `[B]`, or ones for keys that may be seen: `[B, T]`, `[B, S, T]`, `[B, 1, S, T]`.
    private func maskBias(
        _ mask: ImportedValue, _ batch: Dimension, _ keys: Dimension, _ filler: Float
    ) throws(ImportError) -> ImportedValue {
        var isSeen: ImportedValue
        switch mask.rank {
        case 1:
            guard mask.shape[0] == batch else {
                throw failure(
                    .unsupported, "a mask of \(mask.type) gives starts and ends of keys",
                    "use a mask of [batch, keys]")
            }
            let lengths = try reshape(try cast(mask, to: .int64), [batch, 1])
            isSeen = try unsqueeze(
                try isLess(try counting(keys), lengths), axes: [1, 2])
        case 2: isSeen = try unsqueeze(try cast(mask, to: .bool), axes: [1, 2])
        case 3: isSeen = try unsqueeze(try cast(mask, to: .bool), axes: [1])
        default: isSeen = try cast(mask, to: .bool)
        }
        return try select(isSeen, constant(0, .float32), constant(filler))
    }

    /// Positions are `[B, S]`, or one that all sequences start at.
    fileprivate func rotatedByPosition() throws(ImportError) -> ImportedValue {
        let isPacked = try flag("is_packed_batching", default: false)
        guard !isPacked, try float("scale", default: 1) == 1 else {
            throw failure(.unsupported, "packed or scaled rotary positions")
        }
        let x = try input(0)
        var positions = try cast(try input(1), to: .int64)
        let cosines = try input(2)
        if positions.rank == 1 {
            let steps = x.rank == 4 ? x.shape[2] : x.shape[1]
            positions = try expand(
                try add(try counting(steps), positions), [x.shape[0], steps])
        }
        guard x.rank == 4 else {
            let heads = try int("num_heads", default: 0)
            if heads > 0 {
                return try rotated(x, cosines: cosines, sines: try input(3), positions: positions)
            }
            let turned = try int("rotary_embedding_dim", default: 0)
            let width =
                turned > 0 ? 0 : try fixedSize(cosines, axis: 1, "the width of a turn") * 2
            guard width > 0, let count = x.shape[2].divided(exactlyBy: .fixed(width))?.fixedSize
            else { throw failure(.invalidAttribute, "the number of heads is missing") }
            let turnedHeads = try rotated(
                try splitHeads(x, count), cosines: cosines, sines: try input(3),
                positions: positions)
            return try joinHeads(turnedHeads)
        }
        return try rotated(x, cosines: cosines, sines: try input(3), positions: positions)
    }
}
