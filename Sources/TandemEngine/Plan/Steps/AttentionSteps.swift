import CTandemKernels
import TandemGraph

/// Room for a matrix in the order of the kernels and for a few rows of floats, cut from a step's
/// scratch memory.
struct Scratch {
    private var next: UnsafeMutableRawPointer

    init(_ frame: Frame) { next = frame.scratch }

    mutating func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        defer { next += Scratch.floatBytes(count) }
        return next.assumingMemoryBound(to: Float.self)
    }

    mutating func packed(_ outputs: Int, _ inputs: Int) -> UnsafeMutableRawPointer {
        defer { next += Scratch.packedBytes(outputs, inputs) }
        return next
    }

    static func floatBytes(_ count: Int) -> Int { (count * 4 + 63) / 64 * 64 }

    static func packedBytes(_ outputs: Int, _ inputs: Int) -> Int {
        var bytes = 0
        _ = tandemk_f32_gemm_packed_bytes(outputs, inputs, &bytes)
        return (bytes + 63) / 64 * 64
    }
}

/// A product of two computed matrices, for each pair that the leading dimensions make.
///
/// The right one is brought into the kernels' order first, which costs one walk over it.
struct MatrixProductStep: Step {
    var left: Location
    var right: Location
    var output: Location
    var rows: Int
    var depth: Int
    var columns: Int
    /// The leading dimensions' loops; operands are left, right, result.
    var outer: Walk

    static func scratchBytes(depth: Int, columns: Int) -> Int {
        Scratch.packedBytes(columns, depth)
    }

    func run(_ frame: Frame) {
        let (a, b, c) = (frame.floats(left), frame.floats(right), frame.floats(output))
        var scratch = Scratch(frame)
        let packed = scratch.packed(columns, depth)
        let tile = outer.tile(frame.rowCount)
        outer.forEachTile(frame.rowCount) { start in
            var at = start
            for _ in 0..<tile.count {
                var element = at
                for _ in 0..<tile.length {
                    tandemk_f32_gemm_pack_view(
                        columns, depth, b + element[1], 1, columns, packed)
                    tandemk_f32_gemm(
                        rows, columns, depth, a + element[0], depth, packed, nil,
                        c + element[2], columns, TANDEMK_ACTIVATION_NONE)
                    element &+= tile.strides
                }
                at &+= tile.runStrides
            }
        }
    }
}

/// Attention of all heads of a row, one head after the other.
///
/// Weights are divided by their sum behind the product with the values, which has fewer columns.
struct AttentionStep: Step {
    var query: Location
    var key: Location
    var value: Location
    /// Nil without a mask.
    var mask: Location?
    /// Strides of the mask along heads, queries and keys.
    var maskStrides: (head: Int, query: Int, key: Int)
    var output: Location
    var heads: Int
    var scale: Float
    /// Sizes: queries, keys, numbers a head of queries and keys, numbers a head of values.
    var queries: Int
    var keys: Int
    var width: Int
    var valueWidth: Int

    static func scratchBytes(queries: Int, keys: Int, width: Int, valueWidth: Int) -> Int {
        Scratch.packedBytes(keys, width) + Scratch.packedBytes(valueWidth, keys)
            + Scratch.floatBytes(queries * keys) + Scratch.floatBytes(queries)
    }

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            for head in 0..<heads { attend(frame, row, head) }
        }
    }

    private func attend(_ frame: Frame, _ row: Int, _ head: Int) {
        var scratch = Scratch(frame)
        let packedKeys = scratch.packed(keys, width)
        let packedValues = scratch.packed(valueWidth, keys)
        let scores = scratch.floats(queries * keys)
        let sums = scratch.floats(queries)
        let (stride, valueStride) = (heads * width, heads * valueWidth)
        let q = frame.floats(query) + row * query.stride + head * width
        let k = frame.floats(key) + row * key.stride + head * width
        let v = frame.floats(value) + row * value.stride + head * valueWidth
        tandemk_f32_gemm_pack_view(keys, width, k, stride, 1, packedKeys)
        tandemk_f32_gemm(
            queries, keys, width, q, stride, packedKeys, nil, scores, keys,
            TANDEMK_ACTIVATION_NONE)
        weigh(scores, sums, frame, row, head)
        let result = frame.floats(output) + row * output.stride + head * valueWidth
        tandemk_f32_gemm_pack_view(valueWidth, keys, v, 1, valueStride, packedValues)
        tandemk_f32_gemm(
            queries, valueWidth, keys, scores, keys, packedValues, nil, result, valueStride,
            TANDEMK_ACTIVATION_NONE)
        tandemk_f32_vbinary(
            TANDEMK_BINARY_DIVIDE, queries, valueWidth,
            tandemk_operand(base: result, stride: valueStride, step: 1),
            tandemk_operand(base: sums, stride: 1, step: 0), result, valueStride)
    }

    /// Scores to weights, and what each query's weights add up to.
    private func weigh(
        _ scores: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>,
        _ frame: Frame, _ row: Int, _ head: Int
    ) {
        guard let mask else {
            tandemk_f32_attention_weights(queries, keys, scale, nil, scores, keys, sums)
            return
        }
        var operand = tandemk_operand(
            base: frame.floats(mask) + row * mask.stride + head * maskStrides.head,
            stride: maskStrides.query, step: maskStrides.key)
        tandemk_f32_attention_weights(queries, keys, scale, &operand, scores, keys, sums)
    }
}
