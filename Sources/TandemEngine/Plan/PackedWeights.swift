import CTandemKernels
import TandemGraph

/// Where a step finds packed weights; the plan keeps their memory.
///
/// Steps hold addresses and no references, so that running one counts none.
struct Weights {
    var base: UnsafeMutableRawPointer
    var outputCount: Int
    var inputCount: Int
}

/// A linear layer's weights in the order in which the kernels read them.
struct PackedWeights: Sendable {
    /// What is multiplied.
    enum Form: Sendable {
        /// f32 weights.
        case float32
        /// int8 weights with a scale an output.
        case int8
    }

    let form: Form
    let outputCount: Int
    let inputCount: Int
    let storage: TensorStorage

    /// Packs f32 weights `[N, K]`.
    init(float weight: Tensor, node: String) throws(EngineError) {
        form = .float32
        outputCount = weight.shape[0]
        inputCount = weight.shape[1]
        var byteCount = 0
        guard tandemk_f32_gemm_packed_bytes(outputCount, inputCount, &byteCount) else {
            throw Self.tooLarge(weight, node)
        }
        storage = TensorStorage(byteCount: byteCount)
        tandemk_f32_gemm_pack(
            outputCount, inputCount, weight.base.assumingMemoryBound(to: Float.self),
            storage.base)
    }

    /// Packs int8 weights `[N, K]` with scales `[N]`.
    init(int8 weight: Tensor, scale: Tensor, node: String) throws(EngineError) {
        form = .int8
        outputCount = weight.shape[0]
        inputCount = weight.shape[1]
        var byteCount = 0
        guard tandemk_qd8_f32_qc8w_gemm_packed_bytes(outputCount, inputCount, &byteCount) else {
            throw Self.tooLarge(weight, node)
        }
        storage = TensorStorage(byteCount: byteCount)
        tandemk_qd8_f32_qc8w_gemm_pack(
            outputCount, inputCount, weight.base.assumingMemoryBound(to: Int8.self),
            scale.base.assumingMemoryBound(to: Float.self), storage.base)
    }

    private static func tooLarge(_ weight: Tensor, _ node: String) -> EngineError {
        EngineError(
            .tooLarge, node,
            "weights \(weight.shape) exceed \(TANDEMK_N_MAX) outputs or \(TANDEMK_K_MAX) inputs")
    }
}
