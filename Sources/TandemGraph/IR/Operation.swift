// Design: few, orthogonal operations with exact semantics.
//
// Shapes below are row shapes; `...` is any number of leading dimensions, and any dimension may be
// 0. Every operation's result lives on the latest row axis among its inputs (none < context <
// candidate); a context tensor met by a candidate one is repeated for each candidate. Arithmetic is
// float32, round to nearest even; sums may be accumulated more precisely, and an executor states its
// order. Sums over nothing are 0. NaN and infinities are numbers like others: an operation gives what
// its formula gives in IEEE 754. The payload and sign of a NaN are not promised.
//
// int8 is part of the graph: the quantiser rewrites `linear` into `quantizedLinear` and so on, and
// what is written to a package is the rewritten graph. So everything that can change a bit of a
// score is in the graph, is hashed with it, and has a float reference to be checked against.
//
// What can be composed of the operations here is composed, not added: a strided slice is a gather
// by constant indices, padding is a concat, log-softmax is arithmetic. An operation that has a
// composition too (`gelu`, `attention`) is here because a consumer computes it better whole; its
// meaning is then that of its composition.
//
// Checklist to add an operation: the case and its semantics here; its arity and result in
// `Operation+Inference*.swift`; its stored name and attributes in `Operation+Attributes.swift` and
// `Operation+Stored.swift`; its meaning in `ReferenceEvaluation*.swift`; how it carries rows in
// `RowExtraction`; a drawing in `GraphGenerator` of the tests' support; and, where they take it, the
// engine's lowering, the trainer's derivative and the importer. `Documentation.docc/Operations.md`
// lists who takes what, and a test keeps it true.

/// One operation of the intermediate representation.
package enum Operation: Hashable, Sendable {
    /// `y = f(x)` for each element. f32 to f32, shape kept.
    case unary(UnaryFunction)

    /// `y = f(a, b)` for each element, with the broadcasting of NumPy over row shapes.
    ///
    /// Both inputs have one numeric dtype, which is the result's. Whole numbers wrap around; their
    /// division truncates, and dividing by 0 is an error of execution.
    case binary(BinaryFunction)

    /// `y = a R b` for each element, broadcast as `binary`; any one dtype to bool.
    ///
    /// A NaN is equal to nothing and less than nothing; false is less than true.
    case compare(Comparison)

    /// `and`, `or`, `xor` of bools, broadcast as `binary`.
    case logical(LogicalFunction)

    /// The opposite of each bool.
    case not

    /// `y = condition ? a : b` for each element, all three broadcast.
    ///
    /// Inputs: condition bool, a and b of one dtype, which is the result's.
    case select

    /// The same numbers in another dtype.
    ///
    /// f32 to whole numbers truncates towards zero and saturates, NaN gives 0; wider whole numbers
    /// to narrower ones wrap around; whole numbers to f32 round to nearest even; bool is 0 or 1, and
    /// any number other than 0 is true.
    case cast(DataType)

    /// `y = x * scale + offset` for each element, as one fused multiply-add. f32, shape kept; scale
    /// and offset are finite.
    case affine(scale: Float, offset: Float)

    /// `y[..., n] = sum_k x[..., k] * weight[n, k] + bias[n]`.
    ///
    /// Inputs: x f32 `[..., K]`, weight f32 `[N, K]` on no row axis, bias f32 `[N]` if there are
    /// three inputs. Result f32 `[..., N]`. The layout is PyTorch's `Linear`. The bias may be a
    /// parameter or exist once a request: the context's share of a first layer comes in that way.
    case linear

    /// Joins its inputs, at least one, along an axis. All other dimensions are equal. Any dtype.
    case concat(axis: Int)

    /// Elements `start ..< end` along an axis, maybe none. Any dtype.
    case slice(axis: Int, start: Dimension, end: Dimension)

    /// The same elements, row-major, under another row shape. Any dtype.
    case reshape([Dimension])

    /// Dimension `i` of the result is dimension `permutation[i]` of the input. Any dtype.
    case transpose([Int])

    /// The input broadcast, as by `binary`, to exactly this row shape. Any dtype.
    case expand([Dimension])

    /// `y[a..., i..., b...] = x[a..., indices[i...], b...]`, where `a` has `axis` dimensions.
    ///
    /// Inputs: x of any dtype, indices i32 or i64 of any shape, each in `-n ..< n` for the axis's
    /// size n; negative ones count from the end. An index outside is an error of execution, where an
    /// executor that cannot fail takes the nearest one inside. An axis of size 0 has no indices.
    case gather(axis: Int)

    /// `y[..., i, ...] = x[..., indices[..., i, ...], ...]`: one index an element.
    ///
    /// Inputs: x of any dtype, indices i32 or i64 with x's rank and x's sizes but at the axis. The
    /// result has the indices' shape. The range of indices is as for `gather`.
    case takeAlong(axis: Int)

    /// The numbers `0 ..< count`, i64 `[count]`. No inputs.
    case range(count: Dimension)

    /// A size as a number, i64 `[]`. No inputs.
    case size(Dimension)

    /// `y_i = exp(x_i - max x) / sum_j exp(x_j - max x)` along the last axis. f32, shape kept.
    ///
    /// A row with a NaN or positive infinity, or of negative infinities alone, is NaN.
    case softmax

    /// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` along the last axis.
    ///
    /// Inputs: x f32 `[..., N]`, gamma f32 `[N]`, beta f32 `[N]`, the last two without rows. Variance
    /// divides by N. Epsilon is finite.
    case layerNorm(epsilon: Float)

    /// Sum, mean, largest, smallest or product along an axis, which disappears.
    ///
    /// f32, i32 or i64, the result's too; the mean f32 only. Whole numbers wrap around. Over nothing
    /// the sum is 0, the product 1, the mean NaN, and the largest and smallest are the dtype's lowest
    /// and highest value, for f32 the infinities. Of floats with a NaN the largest and smallest are
    /// NaN.
    case reduce(Reduction, axis: Int)

    /// Running sums along an axis: `y_i = x_0 + ... + x_i`. f32, i32 or i64, shape kept; whole numbers
    /// wrap around.
    case cumulativeSum(axis: Int)

    /// The matrix product of NumPy's `matmul`: `y[..., m, n] = sum_k a[..., m, k] * b[..., k, n]`.
    ///
    /// Inputs: a `[..., M, K]`, b `[..., K, N]`, both f32 or both i32; what `...` stands for
    /// broadcasts. Whole numbers wrap around.
    case matmul

    /// Cross-correlation over L spatial dimensions, with zeros around.
    ///
    /// Inputs: x f32 `[..., C, d_1 ... d_L]`, weight f32 `[M, C / groups, k_1 ... k_L]` without
    /// rows, and bias f32 `[M]` if there are three. Result f32 `[..., M, o_1 ... o_L]` with
    /// `o = floor((d + padding - (k - 1) * dilation - 1) / stride) + 1`; a kernel wider than its padded
    /// input is refused. A named size is kept by a stride of 1 and refused by others.
    /// Source: ONNX `Conv`; what machine learning calls convolution does not mirror the kernel.
    case convolution(Convolution)

    /// `y[..., :] = table[ids[...], :]`.
    ///
    /// Inputs: ids i32 `[...]`, table f32 `[V, D]` on no row axis. Result f32 `[..., D]`. Ids are
    /// in `0 ..< V`, V above 0: what encodes features sees to it, executors may rely on it after one
    /// check.
    case embedding

    /// Sum or mean of the first `length` rows that a sequence of ids names; zeros if there is none.
    ///
    /// Inputs: ids i32 `[S]` and length i32 `[]` in `0 ... S` on one row axis, table f32 `[V, D]` on
    /// none. Result f32 `[D]`. The reduction is `sum` or `mean`, which divides the sum by the length.
    /// Ids from the length on are not looked at.
    case embeddingPool(Reduction)

    /// Scaled dot-product attention with its heads side by side.
    ///
    /// Inputs: q f32 `[..., S, H * d]`, k f32 `[..., T, H * d]`, v f32 `[..., T, H * e]`, and, if
    /// there are four, a mask f32 that broadcasts to `[..., H, S, T]`. For each head
    /// `softmax(q k^T * scale + mask) v` over T, zeros where T is 0. Result f32 `[..., S, H * e]`.
    /// The outer dimensions are equal in q, k and v; the scale is finite.
    /// Source: Vaswani et al., "Attention Is All You Need", 2017, section 3.2.
    case attention(heads: Int, scale: Float)

    /// One direction of a recurrent layer over a sequence.
    ///
    /// Inputs: x f32 `[..., S, K]`, weight f32 `[G * H, K]`, recurrent weight f32 `[G * H, H]`,
    /// bias f32 `[2 * G * H]` (of the inputs, then of the state), all three without rows, then what
    /// the layer says it has: length i32 `[...]` in `0 ... S`, initial state f32 `[..., H]`,
    /// initial cell f32 `[..., H]`, peepholes f32 `[3 * H]` (input, output, forget gate).
    /// G is 4 for LSTM (gates in the order input, output, forget, cell), 3 for GRU (update, reset,
    /// hidden), 1 for a plain one. Result f32 `[..., S, H]` or `[..., H]`. Positions from `length`
    /// on are not visited and are zeros in the sequence. Where none is visited, the last state and
    /// cell are the initial ones. LSTM: `c' = f * c + i * tanh(g)`, `h' = o * tanh(c')`; the
    /// output gate's peephole sees `c'`, the others `c`. GRU: `h' = (1 - z) * n + z * h`.
    /// Source: ONNX `LSTM`, `GRU` and `RNN`, with their default activations.
    case recurrent(Recurrence)

    /// `y = sum_e gates[e] * x_e`, the mixture of a multi-gate mixture of experts.
    ///
    /// Inputs: gates f32 `[E]`, then E tensors f32 `[D]`. Result f32 `[D]`.
    /// Source: Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate
    /// Mixture-of-Experts", KDD 2018, equation 6.
    case mixture

    /// `linear` over int8 weights, with activations quantised a row at run time.
    ///
    /// Inputs: x f32 `[..., K]`, weight i8 `[N, K]`, weight scale f32 `[N]`, bias f32 `[N]` if there
    /// are four, as for `linear`; K is at most 65536, so that a sum fits. A row along K has 255
    /// steps between its ends, `low = min(0, min x)` and `high = max(0, max x)`; its scale is
    /// `(high - low) / 255` (a row with `max|x| < 2^-100` is all zeros); with `inverse = 255 / (high
    /// - low)` and `bottom = round_half_even(low * inverse)`, x is
    /// `q = min(max(round_half_even(x * inverse), bottom), bottom + 255)` steps; products are summed
    /// exactly in int32; `y = fma(float(sum), scale_x * scale_w, bias)`. A NaN is no end, and is
    /// the lowest step.
    case quantizedLinear

    /// `quantizedLinear` with one grid for all rows: activations quantised per tensor.
    ///
    /// Inputs as for `quantizedLinear`. x is `q = min(max(round_half_even(x * (1 / scale)),
    /// -steps_below), 255 - steps_below)` steps of the grid's scale, whatever its row; the rest is as
    /// there. A NaN is the lowest step.
    case staticQuantizedLinear(ActivationGrid)

    /// What the steps of a row's own grid leave of it: `y = x - float(q) * scale_x`.
    ///
    /// Input: x f32 `[..., K]`; q and scale_x are those of `quantizedLinear`, product and difference
    /// are rounded apart. Result as x.
    case quantizationResidual

    /// A recurrent layer whose inputs' products are made already, over int8 recurrent weights.
    ///
    /// An LSTM without peepholes, or a GRU that resets after the product. Inputs: x f32
    /// `[..., S, G * H]`, what `recurrent` computes of its inputs before it adds the state's
    /// products, with all biases that are added there; recurrent weight i8 `[G * H, H]`, its scale
    /// f32 `[G * H]`, a bias f32 `[G * H]` of the state's products; then length, initial state and
    /// initial cell as for `recurrent`. At each position the state is rounded and multiplied as a row
    /// of `quantizedLinear`. Result as for `recurrent`.
    case quantizedRecurrent(Recurrence)

    /// `embedding` over an int8 table: `y = float(table[id, :]) * scale[id]`.
    ///
    /// Inputs: ids i32 `[...]`, and a table i8 `[V, D + 4]` whose rows end with their scales
    /// (`ScaledRows`). With one input more, as graphs were written before, the table is i8 `[V, D]`
    /// and that input its scales, f32 `[V]`. Result f32 `[..., D]`.
    case quantizedEmbedding

    /// `embeddingPool` over an int8 table with a scale a row.
    ///
    /// Inputs: ids i32 `[S]`, length i32 `[]`, table i8 `[V, D + 4]`, or i8 `[V, D]` and scale f32
    /// `[V]`, as for `quantizedEmbedding`. Result f32 `[D]`.
    case quantizedEmbeddingPool(Reduction)
}

extension Operation {
    /// Whether it is `linear` over int8 weights, by whatever grid.
    package var isQuantizedLinear: Bool {
        switch self {
        case .quantizedLinear, .staticQuantizedLinear: true
        default: false
        }
    }

    /// The grid that was measured before, of those that have one.
    package var activationGrid: ActivationGrid? {
        if case .staticQuantizedLinear(let grid) = self { grid } else { nil }
    }
}
