import CTandemKernels

extension KernelCases {
    /// Each operation of one argument.
    static func unary() -> [KernelCase] {
        let register = KernelRegister(
            "f32_vunary", count: tandemk_f32_vunary_count(), chosen: tandemk_f32_vunary_chosen()
        ) { (tandemk_f32_vunary_at($0).name, tandemk_f32_vunary_at($0).isa) }
        let operations = [
            ("negate", TANDEMK_UNARY_NEGATE), ("relu", TANDEMK_UNARY_RELU),
            ("sqrt", TANDEMK_UNARY_SQRT), ("exp", TANDEMK_UNARY_EXP), ("log", TANDEMK_UNARY_LOG),
            ("sigmoid", TANDEMK_UNARY_SIGMOID), ("tanh", TANDEMK_UNARY_TANH),
            ("erf", TANDEMK_UNARY_ERF), ("gelu_erf", TANDEMK_UNARY_GELU_ERF),
            ("gelu_tanh", TANDEMK_UNARY_GELU_TANH), ("round", TANDEMK_UNARY_ROUND),
        ]
        let n = 4096
        let (x, y) = (Buffer(floats: n), Buffer(floats: n))
        return operations.map { name, operation in
            register.measuring("\(name) n \(n)", n, .elements) {
                tandemk_f32_vunary_at($0).run(operation, 1, n, x.base, n, y.base, n)
            }
        }
    }

    /// An addition, and a product with one number a row.
    static func binary() -> [KernelCase] {
        let register = KernelRegister(
            "f32_vbinary", count: tandemk_f32_vbinary_count(), chosen: tandemk_f32_vbinary_chosen()
        ) { (tandemk_f32_vbinary_at($0).name, tandemk_f32_vbinary_at($0).isa) }
        let (m, n) = (64, 64)
        let (x, y, z) = (Buffer(floats: m * n), Buffer(floats: m * n), Buffer(floats: m * n))
        return [
            register.measuring("add m \(m) n \(n)", m * n, .elements) {
                let a = tandemk_operand(base: x.base, stride: n, step: 1)
                let b = tandemk_operand(base: y.base, stride: n, step: 1)
                tandemk_f32_vbinary_at($0).run(TANDEMK_BINARY_ADD, m, n, a, b, z.base, n)
            },
            register.measuring("multiply by column m \(m) n \(n)", m * n, .elements) {
                let a = tandemk_operand(base: x.base, stride: n, step: 1)
                let b = tandemk_operand(base: y.base, stride: 1, step: 0)
                tandemk_f32_vbinary_at($0).run(
                    TANDEMK_BINARY_MULTIPLY, m, n, a, b, z.base, n)
            },
        ]
    }

    /// Rows moved into a wider row.
    static func copy() -> [KernelCase] {
        let register = KernelRegister(
            "x8_copy", count: tandemk_x8_copy_count(), chosen: tandemk_x8_copy_chosen()
        ) { (tandemk_x8_copy_at($0).name, tandemk_x8_copy_at($0).isa) }
        let (m, bytes) = (64, 256)
        let (x, y) = (Buffer(bytes: m * bytes), Buffer(bytes: 2 * m * bytes))
        return [
            register.measuring("m \(m) bytes \(bytes)", m * bytes, .bytes) {
                tandemk_x8_copy_at($0).run(m, bytes, x.base, bytes, y.base, 2 * bytes)
            }
        ]
    }

    /// A gate's softmax, and a wide one.
    static func softmax() -> [KernelCase] {
        let register = KernelRegister(
            "f32_softmax", count: tandemk_f32_softmax_count(), chosen: tandemk_f32_softmax_chosen()
        ) { (tandemk_f32_softmax_at($0).name, tandemk_f32_softmax_at($0).isa) }
        return [(64, 4), (64, 8), (16, 256)].map { m, n in
            let (x, y) = (Buffer(floats: m * n), Buffer(floats: m * n))
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_f32_softmax_at($0).run(m, n, x.base, n, y.base, n)
            }
        }
    }

    /// A head's weights over a sentence, and over a long one.
    static func attentionWeights() -> [KernelCase] {
        let register = KernelRegister(
            "f32_attention_weights", count: tandemk_f32_attention_weights_count(),
            chosen: tandemk_f32_attention_weights_chosen()
        ) {
            let kernel = tandemk_f32_attention_weights_at($0)
            return (kernel.name, kernel.isa)
        }
        return [32, 128].map { n in
            let (x, mask, sums) = (Buffer(floats: n * n), Buffer(floats: n), Buffer(floats: n))
            return register.measuring("m \(n) n \(n)", n * n, .elements) {
                var operand = tandemk_operand(base: mask.base, stride: 0, step: 1)
                tandemk_f32_attention_weights_at($0).run(n, n, 0.25, &operand, x.base, n, sums.base)
            }
        }
    }

    /// Layer norm of a hidden layer.
    static func layerNorm() -> [KernelCase] {
        let register = KernelRegister(
            "f32_layer_norm", count: tandemk_f32_layer_norm_count(),
            chosen: tandemk_f32_layer_norm_chosen()
        ) { (tandemk_f32_layer_norm_at($0).name, tandemk_f32_layer_norm_at($0).isa) }
        return [(64, 64), (16, 384)].map { m, n in
            let (x, y) = (Buffer(floats: m * n), Buffer(floats: m * n))
            let (gamma, beta) = (Buffer(floats: n), Buffer(floats: n))
            return register.measuring("m \(m) n \(n)", m * n, .elements) {
                tandemk_f32_layer_norm_at($0).run(
                    m, n, x.base, n, nil, 0, gamma.base, beta.base, 1e-5, y.base, n)
            }
        }
    }

    /// Four and eight experts mixed for one gate and for three.
    static func mixture() -> [KernelCase] {
        let register = KernelRegister(
            "f32_mixture", count: tandemk_f32_mixture_count(), chosen: tandemk_f32_mixture_chosen()
        ) { (tandemk_f32_mixture_at($0).name, tandemk_f32_mixture_at($0).isa) }
        let (m, dim) = (64, 64)
        return [(4, 1), (8, 1), (8, 3)].map { count, sums in
            let gates = Buffer(floats: m * count * sums)
            let (values, out) = (Buffer(floats: m * count * dim), Buffer(floats: m * dim * sums))
            let experts = Buffer<tandemk_rows>(count: count) {
                tandemk_rows(base: values.base + $0 * dim, stride: count * dim)
            }
            let mixtures = Buffer<tandemk_mixture>(count: sums) {
                tandemk_mixture(
                    gates: gates.base + $0 * count, ldg: count * sums,
                    out: out.base + $0 * m * dim, ldo: dim)
            }
            let work = 2 * m * count * dim * sums
            return register.measuring(
                "m \(m) dim \(dim) experts \(count) gates \(sums)", work, .operations
            ) {
                let run = tandemk_f32_mixture_at($0).run
                withExtendedLifetime((values, gates, out)) {
                    run(m, dim, count, experts.base, sums, mixtures.base)
                }
            }
        }
    }
}
