import CTandemKernels
import TandemGraph

extension UnaryFunction {
    /// The kernel's name for the function.
    var kernel: tandemk_unary {
        switch self {
        case .relu: TANDEMK_UNARY_RELU
        case .sigmoid: TANDEMK_UNARY_SIGMOID
        case .tanh: TANDEMK_UNARY_TANH
        case .exp: TANDEMK_UNARY_EXP
        case .log: TANDEMK_UNARY_LOG
        case .negate: TANDEMK_UNARY_NEGATE
        case .abs: TANDEMK_UNARY_ABS
        case .sqrt: TANDEMK_UNARY_SQRT
        case .erf: TANDEMK_UNARY_ERF
        case .gelu: TANDEMK_UNARY_GELU_ERF
        case .geluTanh: TANDEMK_UNARY_GELU_TANH
        case .sin: TANDEMK_UNARY_SIN
        case .cos: TANDEMK_UNARY_COS
        case .floor: TANDEMK_UNARY_FLOOR
        case .ceil: TANDEMK_UNARY_CEIL
        case .round: TANDEMK_UNARY_ROUND
        case .sign: TANDEMK_UNARY_SIGN
        case .reciprocal: TANDEMK_UNARY_RECIPROCAL
        }
    }
}

extension BinaryFunction {
    /// The kernel's name for the function, nil if there is no kernel.
    var kernel: tandemk_binary? {
        switch self {
        case .add: TANDEMK_BINARY_ADD
        case .subtract: TANDEMK_BINARY_SUBTRACT
        case .multiply: TANDEMK_BINARY_MULTIPLY
        case .divide: TANDEMK_BINARY_DIVIDE
        case .minimum: TANDEMK_BINARY_MINIMUM
        case .maximum: TANDEMK_BINARY_MAXIMUM
        case .power, .remainder, .modulo: nil
        }
    }
}
