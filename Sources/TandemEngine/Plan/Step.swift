import CTandemKernels
import TandemGraph

/// One kernel call over the rows of a block, with everything but the rows decided.
enum Step {
    /// `c = activation(a * weights + bias)`.
    case linear(
        input: Location, weights: PackedWeights, bias: Bias, output: Location, tandemk_activation)
    /// A block's rows as int8 with a scale each; once for all the products that read them.
    case quantize(input: Location, output: QuantizedLocation)
    /// The int8 product over quantised rows.
    case quantizedLinear(
        input: QuantizedLocation, weights: PackedWeights, bias: Bias, output: Location,
        tandemk_activation)
    /// A function of each element; output may be input.
    case unary(tandemk_unary, input: Location, output: Location)
    /// A function of two elements; a step of 0 repeats a row's one column.
    case binary(
        tandemk_binary, Location, leftStep: Int, Location, rightStep: Int, output: Location)
    /// `y = fma(x, scale, offset)`.
    case affine(scale: Float, offset: Float, input: Location, output: Location)
    /// Rows copied, or one row repeated.
    case copy(input: Location, output: Location)
    /// Table rows by id.
    case gather(Table, ids: Location, output: Location)
    /// Table rows by ids, pooled.
    case pool(tandemk_pool, Table, ids: Location, lengths: Location, output: Location)
    /// Softmax of each row.
    case softmax(input: Location, output: Location)
    /// Layer norm of each row.
    case layerNorm(input: Location, gamma: Tensor, beta: Tensor, epsilon: Float, output: Location)
    /// Experts mixed by gates.
    case mixture(gates: Location, experts: [Location], output: Location)

    /// Where a bias comes from.
    enum Bias {
        case none
        case parameter(Tensor)
        /// One row, computed once a request.
        case context(Location)
    }

    /// An embedding table in the form that the program stores.
    struct Table {
        var values: Tensor
        /// A scale a row; nil for f32 tables.
        var scales: Tensor?
        var rowCount: Int { values.shape[0] }
        var width: Int { values.shape[1] }
    }

    /// Where quantised rows and their scales lie; always in the region of the rows they come from.
    struct QuantizedLocation {
        /// int8 rows, `tandemk_qd8_stride(inputCount)` bytes apart.
        var rows: Location
        /// `tandemk_qd8_row` a row.
        var scales: Location
        var inputCount: Int
    }
}
