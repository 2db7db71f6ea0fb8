// Design: few, orthogonal operations with exact semantics.
//
// Shapes below are row shapes; `...` is any number of leading dimensions. Every operation's result
// lives on the latest row axis among its inputs (none < context < candidate); a context tensor met
// by a candidate one is repeated for each candidate. Arithmetic is float32, round to nearest even;
// sums may be accumulated more precisely, and an executor states its order.
//
// int8 is part of the graph: the quantiser rewrites `linear` into `quantizedLinear` and so on, and
// what is written to a package is the rewritten graph. So everything that can change a bit of a
// score is in the graph, is hashed with it, and has a float reference to be checked against.
//
// Checklist to add an operation: the case and its semantics here; its arity and result in
// `Operation+Inference.swift`; its stored name and attributes in `Operation+Attributes.swift`; its
// meaning in `ReferenceExecutor+Operations.swift`; and, where they take it, the engine's lowering,
// the trainer's derivative and the importer. `OperationSupport` in the tests lists who takes what.

/// One operation of the intermediate representation.
package enum Operation: Hashable, Sendable {
    /// `y = f(x)` for each element. f32 to f32, shape kept.
    case unary(UnaryFunction)

    /// `y = f(a, b)` for each element, with the broadcasting of NumPy over row shapes. f32.
    case binary(BinaryFunction)

    /// `y = x * scale + offset` for each element, as one fused multiply-add. f32, shape kept.
    case affine(scale: Float, offset: Float)

    /// `y[..., n] = sum_k x[..., k] * weight[n, k] + bias[n]`.
    ///
    /// Inputs: x f32 `[..., K]`, weight f32 `[N, K]` on no row axis, bias f32 `[N]` if there are
    /// three inputs. Result f32 `[..., N]`. The layout is PyTorch's `Linear`. The bias may be a
    /// parameter or exist once a request: the context's share of a first layer comes in that way.
    case linear

    /// Joins its inputs, at least one, along an axis. All other dimensions are equal. Any dtype.
    case concat(axis: Int)

    /// Elements `start ..< end` along an axis. Any dtype.
    case slice(axis: Int, start: Int, end: Int)

    /// The same elements, row-major, under another row shape. Any dtype.
    case reshape([Int])

    /// `y_i = exp(x_i - max x) / sum_j exp(x_j - max x)` along the last axis. f32, shape kept.
    case softmax

    /// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` along the last axis.
    ///
    /// Inputs: x f32 `[..., N]`, gamma f32 `[N]`, beta f32 `[N]`. Variance divides by N.
    case layerNorm(epsilon: Float)

    /// Sum or mean along an axis, which disappears. f32.
    case reduce(Reduction, axis: Int)

    /// `y[..., :] = table[ids[...], :]`.
    ///
    /// Inputs: ids i32 `[...]`, table f32 `[V, D]` on no row axis. Result f32 `[..., D]`. Ids are
    /// in `0 ..< V`: what encodes features sees to it, executors may rely on it after one check.
    case embedding

    /// Sum or mean of the first `length` rows that a sequence of ids names; zeros if there is none.
    ///
    /// Inputs: ids i32 `[S]`, length i32 `[]` in `0 ... S`, table f32 `[V, D]`. Result f32 `[D]`.
    case embeddingPool(Reduction)

    /// `y = sum_e gates[e] * x_e`, the mixture of a multi-gate mixture of experts.
    ///
    /// Inputs: gates f32 `[E]`, then E tensors f32 `[D]`. Result f32 `[D]`.
    /// Source: Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate
    /// Mixture-of-Experts", KDD 2018, equation 6.
    case mixture

    /// `linear` over int8 weights, with activations quantised a row at run time.
    ///
    /// Inputs: x f32 `[K]`, weight i8 `[N, K]`, weight scale f32 `[N]`, bias f32 `[N]` if there are
    /// four, as for `linear`. A row's scale is `max|x| / 127` (a row with `max|x| < 2^-100` is all
    /// zeros); `q = round_half_even(x * (127 / max|x|))`; products are summed exactly in int32;
    /// `y = fma(float(sum), scale_x * scale_w, bias)`.
    case quantizedLinear

    /// `embedding` over an int8 table: `y = float(table[id, :]) * scale[id]`.
    ///
    /// Inputs: ids i32 `[...]`, table i8 `[V, D]`, scale f32 `[V]`. Result f32 `[..., D]`.
    case quantizedEmbedding

    /// `embeddingPool` over an int8 table with a scale a row.
    ///
    /// Inputs: ids i32 `[S]`, length i32 `[]`, table i8 `[V, D]`, scale f32 `[V]`.
    case quantizedEmbeddingPool(Reduction)
}

/// A function of one number.
package enum UnaryFunction: String, CaseIterable, Sendable {
    /// `max(x, 0)`.
    case relu
    /// `1 / (1 + exp(-x))`.
    case sigmoid
    /// Hyperbolic tangent.
    case tanh
    /// Natural exponential.
    case exp
    /// Natural logarithm.
    case log
    /// `-x`.
    case negate
    /// `|x|`.
    case abs
    /// Square root.
    case sqrt
    /// The error function.
    case erf
    /// `x / 2 * (1 + erf(x / sqrt 2))`. Source: Hendrycks and Gimpel, arXiv 1606.08415.
    case gelu
}

/// A function of two numbers.
package enum BinaryFunction: String, CaseIterable, Sendable {
    /// `a + b`.
    case add
    /// `a - b`.
    case subtract
    /// `a * b`.
    case multiply
    /// `a / b`.
    case divide
    /// The smaller one.
    case minimum
    /// The larger one.
    case maximum
}

/// How a sequence becomes one value.
package enum Reduction: String, CaseIterable, Sendable {
    /// The sum.
    case sum
    /// The sum over the count; 0 over an empty sequence.
    case mean
}
