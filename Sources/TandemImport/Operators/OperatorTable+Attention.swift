import TandemGraph

// Attention and rotary positions of ONNX's own domain, written out with matrix products. The
// passes find attention again, whoever wrote it.

extension OperatorTable {
    static let attentions: [OperatorEntry] = [
        OperatorEntry(
            "Attention", inputs: 3...6,
            attributes: [
                "is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale",
                "softcap", "softmax_precision",
            ]
        ) { try $0.attention() },
        OperatorEntry(
            "RotaryEmbedding", inputs: 3...4,
            attributes: ["interleaved", "num_heads", "rotary_embedding_dim"]
        ) { context in
            [
                try context.rotated(
                    try context.input(0), cosines: try context.input(1),
                    sines: try context.input(2), positions: context.optional(3))
            ]
        },
    ]
}

/// Scores of queries against keys on their way to weights.
struct AttentionScores {
    /// The weighted values, `[B, H, S, e]`.
    var result: ImportedValue
    /// The products, the biased, the capped ones and the weights: `[B, H, S, T]`.
    var stages: [ImportedValue]
}

extension OperatorContext {
    /// `[B, S, H * d]` as `[B, H, S, d]`.
    func splitHeads(_ x: ImportedValue, _ heads: Int) throws(ImportError) -> ImportedValue {
        guard x.rank == 3, heads > 0,
            let width = x.shape[2].divided(exactlyBy: .fixed(heads))
        else { throw failure(.wrongShape, "\(x.type) does not split into \(heads) heads") }
        let split = try reshape(x, [x.shape[0], x.shape[1], .fixed(heads), width])
        return try transpose(split, [0, 2, 1, 3])
    }

    /// `[B, H, S, d]` as `[B, S, H * d]`.
    func joinHeads(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let moved = try transpose(x, [0, 2, 1, 3])
        let width = try product([x.shape[1], x.shape[3]])
        return try reshape(moved, [x.shape[0], x.shape[2], width])
    }

    /// `softmax(cap(q k^T * scale + bias)) v` for heads on axis 1.
    func attended(
        _ query: ImportedValue, _ key: ImportedValue, _ value: ImportedValue,
        biases: [ImportedValue], scale: Float?, cap: Float = 0
    ) throws(ImportError) -> AttentionScores {
        var factor = scale
        if factor == nil {
            let width = try fixedSize(query, axis: query.rank - 1, "the width of a head")
            factor = 1 / Float(width).squareRoot()
        }
        let products = try affine(
            try matmul(query, try transposeLast(key)), scale: factor ?? 1)
        var biased = products
        for bias in biases { biased = try add(biased, bias) }
        var capped = biased
        if cap > 0 {
            capped = try affine(
                try unary(.tanh, try affine(biased, scale: 1 / cap)), scale: cap)
        }
        let weights = try emit(.softmax, capped)
        return AttentionScores(
            result: try matmul(weights, value), stages: [products, biased, capped, weights])
    }

    /// 0 where a query may see a key at its own place or before, the filler elsewhere: `[S, T]`.
    func causalBias(
        _ queries: Dimension, _ keys: Dimension, shift: Dimension = 0, filler: Float
    ) throws(ImportError) -> ImportedValue {
        let (rows, columns) = try places(queries, keys)
        let last = try add(rows, try reshape(sizesConstant([shift]), []))
        let isSeen = try emit(.compare(.lessOrEqual), columns, last)
        return try select(isSeen, constant(0, .float32), constant(filler))
    }

    fileprivate func attention() throws(ImportError) -> [ImportedValue] {
        var parts: [ImportedValue] = []
        for index in 0..<3 {
            let part = try float(try input(index))
            // ONNX's own data for version 23 takes [B, S, H * d] for [B, H, S, d] without moving an
            // axis, its later texts and ONNX Runtime move it.
            guard part.rank == 4 else {
                throw failure(
                    .unsupported, "heads side by side, as in \(part.type), have two readings",
                    "export with the heads on an axis of their own: [batch, heads, steps, width]")
            }
            parts.append(part)
        }
        for index in 1..<3 {
            if let past = optional(index + 3) {
                parts[index] = try concat([past, parts[index]], axis: 2)
            }
        }
        let presents = Array(parts[1...])
        // Which key a query's head belongs to has two readings too (tiled or repeated); with one
        // key for all they agree.
        for index in 1..<3 where parts[index].shape[1] != parts[0].shape[1] {
            guard parts[index].shape[1] == 1 else {
                throw failure(
                    .unsupported, "\(parts[0].shape[1]) heads share \(parts[index].shape[1]) keys",
                    "export with the keys and values repeated for each head (enable_gqa=False)")
            }
        }
        let cap = try float("softcap", default: 0)
        let scores = try attended(
            parts[0], parts[1], parts[2], biases: try attentionBiases(parts[0], parts[1]),
            scale: try float("scale"), cap: cap)
        var stage = try int("qk_matmul_output_mode", default: 0)
        guard (0...3).contains(stage) else {
            throw failure(.invalidAttribute, "there is no qk_matmul_output_mode \(stage)")
        }
        if stage == 2, try float("softcap") == nil { stage = 0 }
        return [scores.result] + presents + [scores.stages[stage]]
    }

    private func attentionBiases(
        _ query: ImportedValue, _ key: ImportedValue
    ) throws(ImportError) -> [ImportedValue] {
        var biases: [ImportedValue] = []
        if try flag("is_causal", default: false) {
            biases.append(
                try causalBias(query.shape[2], key.shape[2], filler: -Float.infinity))
        }
        if let mask = optional(3) {
            if mask.dtype == .bool {
                biases.append(
                    try select(mask, constant(0, .float32), constant(-Float.infinity)))
            } else {
                biases.append(try float(mask))
            }
        }
        return biases
    }

    /// Turns pairs of numbers by angles that grow with the position.
    ///
    /// Source: Su et al., "RoFormer", 2021, section 3.2.
    func rotated(
        _ given: ImportedValue, cosines: ImportedValue, sines: ImportedValue,
        positions: ImportedValue?
    ) throws(ImportError) -> ImportedValue {
        var x = try float(given)
        if x.rank == 3 { x = try splitHeads(x, try int("num_heads", default: 0)) }
        guard x.rank == 4 else { throw failure(.wrongShape, "needs heads, got \(given.type)") }
        let width = try fixedSize(x, axis: 3, "the width of a head")
        var turned = try int("rotary_embedding_dim", default: 0)
        if turned == 0 { turned = width }
        guard turned > 0, turned <= width, turned % 2 == 0 else {
            throw failure(.invalidAttribute, "\(turned) of \(width) numbers cannot be turned")
        }
        func angles(_ cache: ImportedValue) throws(ImportError) -> ImportedValue {
            var values = cache
            if let positions { values = try emit(.gather(axis: 0), cache, positions) }
            values = try slice(values, axis: values.rank - 1, 0, .fixed(turned / 2))
            return try unsqueeze(values, axes: [values.rank == 3 ? 1 : 0])
        }
        let (cosine, sine) = (try angles(cosines), try angles(sines))
        let isPaired = try flag("interleaved", default: false)
        let half = turned / 2
        let first = isPaired ? (0..<half).map { 2 * $0 } : Array(0..<half)
        let second = isPaired ? (0..<half).map { 2 * $0 + 1 } : Array(half..<turned)
        let a = try gather(x, axis: 3, first)
        let b = try gather(x, axis: 3, second)
        let real = try subtract(try multiply(cosine, a), try multiply(sine, b))
        let imaginary = try add(try multiply(sine, a), try multiply(cosine, b))
        var result: ImportedValue
        if isPaired {
            let pairs = try concat(
                [try unsqueeze(real, axes: [4]), try unsqueeze(imaginary, axes: [4])], axis: 4)
            result = try reshape(pairs, Array(x.shape[..<3]) + [.fixed(turned)])
        } else {
            result = try concat([real, imaginary], axis: 3)
        }
        if turned < width {
            let rest = try slice(x, axis: 3, .fixed(turned), .fixed(width))
            result = try concat([result, rest], axis: 3)
        }
        return given.rank == 3 ? try joinHeads(result) : result
    }
}
