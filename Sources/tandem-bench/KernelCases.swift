/// Every family at the shapes that ranking models have: few and many rows, a wide first layer, a
/// square middle one, a head of one column.
enum KernelCases {
    /// What makes each family's cases, or one family's.
    ///
    /// Their operands are made with them and go with them, so a family is best measured before
    /// the next one is made.
    static func makers(family: String?) -> [() -> [KernelCase]] {
        let makers: [(String, () -> [KernelCase])] = [
            ("qd8_f32_qc8w_gemm", qd8GEMM), ("f32_gemm", f32GEMM),
            ("f32_qd8_quantize", quantize), ("f32_qs8_quantize", quantizeByGrid),
            ("f32_vunary", unary), ("f32_vbinary", binary),
            ("x8_copy", copy), ("f32_gather", f32Gather), ("qr8_f32_gather", qr8Gather),
            ("f32_pool", f32Pool), ("qr8_f32_pool", qr8Pool), ("f32_softmax", softmax),
            ("f32_attention_weights", attentionWeights), ("f32_layer_norm", layerNorm),
            ("f32_mixture", mixture),
            ("f32_lstm_cell", lstmCell), ("qr8_f32_lstm_cell", lookedUpLSTMCell),
            ("f32_gru_cell", gruCell), ("qr8_f32_gru_cell", lookedUpGRUCell),
        ]
        return makers.filter { family == nil || $0.0 == family }.map(\.1)
    }

    /// The rows of a request that the cases take: one item, a few, a block, many blocks.
    static let rowCounts = [1, 4, 16, 64, 256]
}
