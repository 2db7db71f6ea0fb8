import CTandemKernels

extension KernelCases {
    /// Outputs and inputs of typical layers.
    private static let layers = [(1, 64), (64, 64), (128, 256), (512, 256)]

    /// The float matrix product.
    static func f32GEMM() -> [KernelCase] {
        let register = KernelRegister(
            "f32_gemm", count: tandemk_f32_gemm_count(), chosen: tandemk_f32_gemm_chosen()
        ) { (tandemk_f32_gemm_at($0).name, tandemk_f32_gemm_at($0).isa) }
        return layers.flatMap { n, k in
            var bytes = 0
            guard tandemk_f32_gemm_packed_bytes(n, k, &bytes) else { return [KernelCase]() }
            let packed = Buffer<UInt8>(count: bytes) { _ in 0 }
            let (w, bias) = (Buffer(floats: n * k), Buffer(floats: n))
            withExtendedLifetime(w) { tandemk_f32_gemm_pack(n, k, w.base, packed.base) }
            return rowCounts.map { m in
                let (a, c) = (Buffer(floats: m * k), Buffer(floats: m * n))
                return register.measuring("m \(m) n \(n) k \(k)", 2 * m * n * k, .operations) {
                    tandemk_f32_gemm_at($0).run(
                        m, n, k, a.base, k, packed.base, bias.base, c.base, n,
                        TANDEMK_ACTIVATION_RELU)
                }
            }
        }
    }

    /// The int8 matrix product, to floats and to bytes.
    static func qd8GEMM() -> [KernelCase] {
        let register = KernelRegister(
            "qd8_f32_qc8w_gemm", count: tandemk_qd8_f32_qc8w_gemm_count(),
            chosen: tandemk_qd8_f32_qc8w_gemm_chosen()
        ) { (tandemk_qd8_f32_qc8w_gemm_at($0).name, tandemk_qd8_f32_qc8w_gemm_at($0).isa) }
        return layers.flatMap { n, k in
            var bytes = 0
            guard tandemk_qd8_f32_qc8w_gemm_packed_bytes(n, k, &bytes) else {
                return [KernelCase]()
            }
            let packed = Buffer<UInt8>(count: bytes) { _ in 0 }
            let (w, scale) = (Buffer(bytes: n * k), Buffer(floats: n))
            withExtendedLifetime((w, scale)) {
                tandemk_qd8_f32_qc8w_gemm_pack(n, k, w.base, scale.base, packed.base)
            }
            let (bias, stride) = (Buffer(floats: n), tandemk_qd8_stride(k))
            return rowCounts.flatMap { m in
                let (x, c) = (Buffer(floats: m * k), Buffer(floats: m * n))
                let (a, q) = (Buffer(bytes: m * stride), Buffer(bytes: m * tandemk_qd8_stride(n)))
                let rows = Buffer<tandemk_qd8_row>(count: m) { _ in .init() }
                let told = Buffer<tandemk_qd8_row>(count: m) { _ in .init() }
                withExtendedLifetime(x) {
                    tandemk_f32_qd8_quantize(m, k, x.base, k, nil, a.base, stride, rows.base)
                }
                let (shape, operations) = ("m \(m) n \(n) k \(k)", 2 * m * n * k)
                let floats = register.measuring(shape, operations, .operations) {
                    tandemk_qd8_f32_qc8w_gemm_at($0).run(
                        m, n, k, a.base, stride, rows.base, packed.base, bias.base, c.base, n,
                        TANDEMK_ACTIVATION_RELU, nil)
                }
                let bytes = register.measuring("\(shape) to bytes", operations, .operations) {
                    var to = tandemk_qs8_rows(
                        scale: 0.1, zero: -128, q: q.base, ldq: tandemk_qd8_stride(n),
                        rows: told.base)
                    tandemk_qd8_f32_qc8w_gemm_at($0).run(
                        m, n, k, a.base, stride, rows.base, packed.base, bias.base, nil, 0,
                        TANDEMK_ACTIVATION_RELU, &to)
                }
                return [floats, bytes]
            }
        }
    }

    /// Quantising the rows that the int8 product takes.
    static func quantize() -> [KernelCase] {
        let register = KernelRegister(
            "f32_qd8_quantize", count: tandemk_f32_qd8_quantize_count(),
            chosen: tandemk_f32_qd8_quantize_chosen()
        ) { (tandemk_f32_qd8_quantize_at($0).name, tandemk_f32_qd8_quantize_at($0).isa) }
        return [(1, 256), (64, 64), (64, 256)].map { m, k in
            let (x, q) = (Buffer(floats: m * k), Buffer(bytes: m * k))
            let rows = Buffer<tandemk_qd8_row>(count: m) { _ in .init() }
            return register.measuring("m \(m) k \(k)", m * k, .elements) {
                tandemk_f32_qd8_quantize_at($0).run(m, k, x.base, k, nil, q.base, k, rows.base)
            }
        }
    }

    /// The same by a grid that was measured before.
    static func quantizeByGrid() -> [KernelCase] {
        let register = KernelRegister(
            "f32_qs8_quantize", count: tandemk_f32_qs8_quantize_count(),
            chosen: tandemk_f32_qs8_quantize_chosen()
        ) { (tandemk_f32_qs8_quantize_at($0).name, tandemk_f32_qs8_quantize_at($0).isa) }
        return [(1, 256), (64, 64), (64, 256)].map { m, k in
            let (x, q) = (Buffer(floats: m * k), Buffer(bytes: m * k))
            let rows = Buffer<tandemk_qd8_row>(count: m) { _ in .init() }
            return register.measuring("m \(m) k \(k)", m * k, .elements) {
                tandemk_f32_qs8_quantize_at($0).run(
                    m, k, x.base, k, nil, 1.0 / 64, 0, q.base, k, rows.base)
            }
        }
    }
}
