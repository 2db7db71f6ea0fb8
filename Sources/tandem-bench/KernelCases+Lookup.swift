import CTandemKernels

extension KernelCases {
    /// A table that fits in a cache, and one that does not, with so many ids that the cache keeps
    /// none of its rows from one call to the next.
    private static let tables = [(256, 1_000), (1 << 18, 500_000)]
    private static let dim = 32
    private static let length = 16

    private static func shape(_ ids: Int, _ vocabulary: Int) -> String {
        "dim \(dim), \(ids) ids of \(vocabulary)"
    }

    /// Rows of a float table.
    static func f32Gather() -> [KernelCase] {
        let register = KernelRegister(
            "f32_gather", count: tandemk_f32_gather_count(), chosen: tandemk_f32_gather_chosen()
        ) { (tandemk_f32_gather_at($0).name, tandemk_f32_gather_at($0).isa) }
        return tables.map { count, vocabulary in
            let table = Buffer(floats: vocabulary * dim)
            let ids = Buffer(ids: count, vocabulary: vocabulary)
            let out = Buffer(floats: count * dim)
            return register.measuring(shape(count, vocabulary), count * dim * 4, .bytes) {
                tandemk_f32_gather_at($0).run(
                    count, dim, vocabulary, table.base, ids.base, 1, out.base, dim)
            }
        }
    }

    /// Rows of an int8 table.
    static func qr8Gather() -> [KernelCase] {
        let register = KernelRegister(
            "qr8_f32_gather", count: tandemk_qr8_f32_gather_count(),
            chosen: tandemk_qr8_f32_gather_chosen()
        ) { (tandemk_qr8_f32_gather_at($0).name, tandemk_qr8_f32_gather_at($0).isa) }
        return tables.map { count, vocabulary in
            let table = Buffer(scaledRows: vocabulary, width: dim)
            let ids = Buffer(ids: count, vocabulary: vocabulary)
            let out = Buffer(floats: count * dim)
            return register.measuring(shape(count, vocabulary), count * dim, .bytes) {
                tandemk_qr8_f32_gather_at($0).run(
                    count, dim, vocabulary, table.base, nil, ids.base, 1, out.base, dim)
            }
        }
    }

    /// Histories pooled from a float table.
    static func f32Pool() -> [KernelCase] {
        let register = KernelRegister(
            "f32_pool", count: tandemk_f32_pool_count(), chosen: tandemk_f32_pool_chosen()
        ) { (tandemk_f32_pool_at($0).name, tandemk_f32_pool_at($0).isa) }
        return tables.map { count, vocabulary in
            let table = Buffer(floats: vocabulary * dim)
            let ids = Buffer(ids: count, vocabulary: vocabulary)
            let rows = count / length
            let lengths = Buffer<Int32>(count: rows) { _ in Int32(length) }
            let out = Buffer(floats: rows * dim)
            return register.measuring(shape(count, vocabulary), count * dim * 4, .bytes) {
                tandemk_f32_pool_at($0).run(
                    TANDEMK_POOL_MEAN, rows, dim, vocabulary, table.base, ids.base, length,
                    lengths.base, out.base, dim)
            }
        }
    }

    /// Histories pooled from an int8 table.
    static func qr8Pool() -> [KernelCase] {
        let register = KernelRegister(
            "qr8_f32_pool", count: tandemk_qr8_f32_pool_count(),
            chosen: tandemk_qr8_f32_pool_chosen()
        ) { (tandemk_qr8_f32_pool_at($0).name, tandemk_qr8_f32_pool_at($0).isa) }
        return tables.map { count, vocabulary in
            let table = Buffer(scaledRows: vocabulary, width: dim)
            let ids = Buffer(ids: count, vocabulary: vocabulary)
            let rows = count / length
            let lengths = Buffer<Int32>(count: rows) { _ in Int32(length) }
            let out = Buffer(floats: rows * dim)
            return register.measuring(shape(count, vocabulary), count * dim, .bytes) {
                tandemk_qr8_f32_pool_at($0).run(
                    TANDEMK_POOL_MEAN, rows, dim, vocabulary, table.base, nil, ids.base, length,
                    lengths.base, out.base, dim)
            }
        }
    }
}
