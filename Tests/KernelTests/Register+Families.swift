import CTandemKernels

/// One entry a family: C has no generics, so each register's accessors are named here.
extension Register {
    static let f32GEMM = Register(
        "f32_gemm", count: tandemk_f32_gemm_count(), chosen: tandemk_f32_gemm_chosen()
    ) {
        let kernel = tandemk_f32_gemm_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let qd8GEMM = Register(
        "qd8_f32_qc8w_gemm", count: tandemk_qd8_f32_qc8w_gemm_count(),
        chosen: tandemk_qd8_f32_qc8w_gemm_chosen()
    ) {
        let kernel = tandemk_qd8_f32_qc8w_gemm_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let quantize = Register(
        "f32_qd8_quantize", count: tandemk_f32_qd8_quantize_count(),
        chosen: tandemk_f32_qd8_quantize_chosen()
    ) {
        let kernel = tandemk_f32_qd8_quantize_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let attentionWeights = Register(
        "f32_attention_weights", count: tandemk_f32_attention_weights_count(),
        chosen: tandemk_f32_attention_weights_chosen()
    ) {
        let kernel = tandemk_f32_attention_weights_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let unary = Register(
        "f32_vunary", count: tandemk_f32_vunary_count(), chosen: tandemk_f32_vunary_chosen()
    ) {
        let kernel = tandemk_f32_vunary_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let binary = Register(
        "f32_vbinary", count: tandemk_f32_vbinary_count(), chosen: tandemk_f32_vbinary_chosen()
    ) {
        let kernel = tandemk_f32_vbinary_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let copy = Register(
        "x8_copy", count: tandemk_x8_copy_count(), chosen: tandemk_x8_copy_chosen()
    ) {
        let kernel = tandemk_x8_copy_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let f32Gather = Register(
        "f32_gather", count: tandemk_f32_gather_count(), chosen: tandemk_f32_gather_chosen()
    ) {
        let kernel = tandemk_f32_gather_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let qr8Gather = Register(
        "qr8_f32_gather", count: tandemk_qr8_f32_gather_count(),
        chosen: tandemk_qr8_f32_gather_chosen()
    ) {
        let kernel = tandemk_qr8_f32_gather_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let f32Pool = Register(
        "f32_pool", count: tandemk_f32_pool_count(), chosen: tandemk_f32_pool_chosen()
    ) {
        let kernel = tandemk_f32_pool_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let qr8Pool = Register(
        "qr8_f32_pool", count: tandemk_qr8_f32_pool_count(), chosen: tandemk_qr8_f32_pool_chosen()
    ) {
        let kernel = tandemk_qr8_f32_pool_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let softmax = Register(
        "f32_softmax", count: tandemk_f32_softmax_count(), chosen: tandemk_f32_softmax_chosen()
    ) {
        let kernel = tandemk_f32_softmax_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let layerNorm = Register(
        "f32_layer_norm", count: tandemk_f32_layer_norm_count(),
        chosen: tandemk_f32_layer_norm_chosen()
    ) {
        let kernel = tandemk_f32_layer_norm_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let mixture = Register(
        "f32_mixture", count: tandemk_f32_mixture_count(), chosen: tandemk_f32_mixture_chosen()
    ) {
        let kernel = tandemk_f32_mixture_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let peakF32 = Register(
        "peak_f32", count: tandemk_peak_f32_count(), chosen: tandemk_peak_f32_chosen()
    ) {
        let kernel = tandemk_peak_f32_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let peakInt8 = Register(
        "peak_int8", count: tandemk_peak_int8_count(), chosen: tandemk_peak_int8_chosen()
    ) {
        let kernel = tandemk_peak_int8_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }
    static let peakRead = Register(
        "peak_read", count: tandemk_peak_read_count(), chosen: tandemk_peak_read_chosen()
    ) {
        let kernel = tandemk_peak_read_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    static let lstmCell = Register(
        "f32_lstm_cell", count: tandemk_f32_lstm_cell_count(),
        chosen: tandemk_f32_lstm_cell_chosen()
    ) {
        let kernel = tandemk_f32_lstm_cell_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    static let qr8LSTMCell = Register(
        "qr8_f32_lstm_cell", count: tandemk_qr8_f32_lstm_cell_count(),
        chosen: tandemk_qr8_f32_lstm_cell_chosen()
    ) {
        let kernel = tandemk_qr8_f32_lstm_cell_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    static let quantizeByGrid = Register(
        "f32_qs8_quantize", count: tandemk_f32_qs8_quantize_count(),
        chosen: tandemk_f32_qs8_quantize_chosen()
    ) {
        let kernel = tandemk_f32_qs8_quantize_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    static let gruCell = Register(
        "f32_gru_cell", count: tandemk_f32_gru_cell_count(), chosen: tandemk_f32_gru_cell_chosen()
    ) {
        let kernel = tandemk_f32_gru_cell_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    static let qr8GRUCell = Register(
        "qr8_f32_gru_cell", count: tandemk_qr8_f32_gru_cell_count(),
        chosen: tandemk_qr8_f32_gru_cell_chosen()
    ) {
        let kernel = tandemk_qr8_f32_gru_cell_at($0)
        return (String(cString: kernel.name), kernel.isa)
    }

    /// Every family of tandem_kernels.h.
    static let all = [
        f32GEMM,
        qd8GEMM,
        quantize,
        quantizeByGrid,
        unary,
        binary,
        copy,
        f32Gather,
        qr8Gather,
        f32Pool,
        qr8Pool,
        softmax,
        attentionWeights,
        layerNorm,
        mixture,
        lstmCell,
        qr8LSTMCell,
        gruCell,
        qr8GRUCell,
        peakF32,
        peakInt8,
        peakRead,
    ]
}
