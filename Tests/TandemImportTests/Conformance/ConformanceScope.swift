@testable import TandemImport

/// Which of ONNX's cases an import is for.
enum ConformanceScope {
    /// The element types that cases may have for inputs and outputs.
    static let elementTypes: Set<ONNXElementType> = [
        .float, .int32, .int64, .bool, .int8, .uint8,
    ]

    /// Cases whose data contradict the specification's text, with the reason.
    static let contested: [String: String] = [
        "test_qlinearmatmul_2D_int8_float16": saturation,
        "test_qlinearmatmul_2D_int8_float32": saturation,
        "test_qlinearmatmul_3D_int8_float16": saturation,
        "test_qlinearmatmul_3D_int8_float32": saturation,
    ]

    private static let saturation =
        "the data wrap around where the specification (and ONNX Runtime) saturate"

    /// The operators of multi-task models, text encoders and their plumbing.
    static let operators: Set<String> = Set(
        """
        Abs Add And ArgMax ArgMin Attention AveragePool BatchNormalization Cast CastLike Ceil Celu
        Clip Concat Constant ConstantOfShape Conv Cos CumSum DequantizeLinear Div Dropout
        DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
        GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
        GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization LSTM
        LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul
        MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow
        QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2
        ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        ReduceSumSquare Relu Reshape ReverseSequence RotaryEmbedding Round Selu Shape Sigmoid Sign
        Sin Size Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu
        Tile Transpose Trilu Unsqueeze Where Xor
        """.split { $0 == " " || $0 == "\n" }.map(String.init))
}
