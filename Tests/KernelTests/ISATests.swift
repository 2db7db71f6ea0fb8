import CTandemKernels
import Testing

@Suite struct ISATests {
    @Test func `the active instruction sets are among those probed`() {
        #expect(tandemk_isa_active() & ~tandemk_isa_probed() == 0)
    }

    @Test func `an instruction set is named by its best member`() {
        let avx512 = TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVX512
        let cases: [(tandemk_isa, String)] = [
            (TANDEMK_ISA_SCALAR, "scalar"), (TANDEMK_ISA_AVX2, "avx2"), (avx512, "avx512"),
            (avx512 | TANDEMK_ISA_AVX512VNNI, "avx512vnni"),
            (TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVXVNNI, "avxvnni"), (TANDEMK_ISA_NEON, "neon"),
            (TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD, "dotprod"),
            (TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD | TANDEMK_ISA_I8MM, "i8mm"),
        ]
        for (isa, name) in cases { #expect(String(cString: tandemk_isa_name(isa)) == name) }
    }

    private static let all = TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVX512 | TANDEMK_ISA_AVX512VNNI

    private static func forced(_ probed: tandemk_isa, _ value: String?) -> (tandemk_isa, String) {
        var problem = [CChar](repeating: 1, count: 192)
        let isa = tandemk_isa_forced(probed, value, &problem, problem.count)
        return (
            isa,
            String(decoding: problem.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        )
    }

    @Test func `an override lowers the ceiling in silence`() {
        let cases: [(String?, tandemk_isa)] = [
            (nil, Self.all), ("", Self.all), ("avx512vnni", Self.all), ("avx2", TANDEMK_ISA_AVX2),
            ("scalar", TANDEMK_ISA_SCALAR),
        ]
        for (value, expected) in cases {
            let (isa, problem) = Self.forced(Self.all, value)
            #expect(isa == expected)
            #expect(problem.isEmpty)
        }
    }

    @Test func `the instruction sets of other processors can be forced there`() {
        let vex = TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVXVNNI
        let arm = TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD | TANDEMK_ISA_I8MM
        let cases: [(tandemk_isa, String, tandemk_isa)] = [
            (vex, "avxvnni", vex), (vex, "avx2", TANDEMK_ISA_AVX2), (arm, "i8mm", arm),
            (arm, "dotprod", TANDEMK_ISA_NEON | TANDEMK_ISA_DOTPROD),
            (arm, "neon", TANDEMK_ISA_NEON), (arm, "scalar", TANDEMK_ISA_SCALAR),
        ]
        for (probed, value, expected) in cases {
            let (isa, problem) = Self.forced(probed, value)
            #expect(isa == expected)
            #expect(problem.isEmpty)
        }
    }

    @Test func `an override never raises the ceiling, and says so`() {
        let (isa, problem) = Self.forced(TANDEMK_ISA_AVX2, "avx512vnni")
        #expect(isa == TANDEMK_ISA_AVX2)
        #expect(
            problem == "TANDEM_FORCE_ISA=avx512vnni: this processor lacks it; using avx2")
    }

    @Test func `an unknown override changes nothing, and says what is known`() {
        let (isa, problem) = Self.forced(TANDEMK_ISA_AVX2, "AVX2")
        #expect(isa == TANDEMK_ISA_AVX2)
        #expect(
            problem == "TANDEM_FORCE_ISA=AVX2: not one of scalar, avx2, avxvnni, avx512vnni, neon, "
                + "dotprod, i8mm; ignoring it and using avx2")
        let long = Self.forced(0, String(repeating: "x", count: 1000)).1
        #expect(long.hasSuffix("ignoring it and using scalar"))
    }
}
