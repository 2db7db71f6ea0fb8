import CTandemKernels

extension KernelCases {
    /// One position of an LSTM, for one row and a step's rows.
    static func lstmCell() -> [KernelCase] {
        let register = KernelRegister(
            "f32_lstm_cell", count: tandemk_f32_lstm_cell_count(),
            chosen: tandemk_f32_lstm_cell_chosen()
        ) { (tandemk_f32_lstm_cell_at($0).name, tandemk_f32_lstm_cell_at($0).isa) }
        let n = 128
        return [1, 16].map { m in
            let (x, products) = (Buffer(floats: m * 4 * n), Buffer(floats: m * 4 * n))
            let (c, h) = (Buffer(floats: m * n), Buffer(floats: m * n))
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_f32_lstm_cell_at($0).run(
                    m, n, x.base, 4 * n, products.base, 4 * n, c.base, h.base)
            }
        }
    }

    /// The same with inputs from a table, whose rows are in the caches.
    static func lookedUpLSTMCell() -> [KernelCase] {
        let register = KernelRegister(
            "qr8_f32_lstm_cell", count: tandemk_qr8_f32_lstm_cell_count(),
            chosen: tandemk_qr8_f32_lstm_cell_chosen()
        ) { (tandemk_qr8_f32_lstm_cell_at($0).name, tandemk_qr8_f32_lstm_cell_at($0).isa) }
        let (n, vocabulary) = (128, 64)
        let table = Buffer(scaledRows: vocabulary, width: 4 * n)
        return [1, 16].map { m in
            let ids = Buffer(ids: m, vocabulary: vocabulary)
            let products = Buffer(floats: m * 4 * n)
            let (c, h) = (Buffer(floats: m * n), Buffer(floats: m * n))
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_qr8_f32_lstm_cell_at($0).run(
                    m, n, vocabulary, table.base, nil, ids.base, 1, products.base, 4 * n, c.base,
                    h.base)
            }
        }
    }

    /// A position of a GRU.
    static func gruCell() -> [KernelCase] {
        let register = KernelRegister(
            "f32_gru_cell", count: tandemk_f32_gru_cell_count(),
            chosen: tandemk_f32_gru_cell_chosen()
        ) { (tandemk_f32_gru_cell_at($0).name, tandemk_f32_gru_cell_at($0).isa) }
        let n = 128
        return [1, 16].map { m in
            let (x, products) = (Buffer(floats: m * 3 * n), Buffer(floats: m * 3 * n))
            let h = Buffer(floats: m * n)
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_f32_gru_cell_at($0).run(
                    m, n, x.base, 3 * n, products.base, 3 * n, h.base)
            }
        }
    }

    /// The same with inputs from a table, whose rows are in the caches.
    static func lookedUpGRUCell() -> [KernelCase] {
        let register = KernelRegister(
            "qr8_f32_gru_cell", count: tandemk_qr8_f32_gru_cell_count(),
            chosen: tandemk_qr8_f32_gru_cell_chosen()
        ) { (tandemk_qr8_f32_gru_cell_at($0).name, tandemk_qr8_f32_gru_cell_at($0).isa) }
        let (n, vocabulary) = (128, 64)
        let table = Buffer(scaledRows: vocabulary, width: 3 * n)
        return [1, 16].map { m in
            let ids = Buffer(ids: m, vocabulary: vocabulary)
            let (products, h) = (Buffer(floats: m * 3 * n), Buffer(floats: m * n))
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_qr8_f32_gru_cell_at($0).run(
                    m, n, vocabulary, table.base, nil, ids.base, 1, products.base, 3 * n, h.base)
            }
        }
    }
}
