import CTandemKernels
import Testing

@Suite struct ISATests {
    @Test func `the active instruction sets are among those probed`() {
        #expect(tandemk_isa_active() & ~tandemk_isa_probed() == 0)
    }

    @Test func `an instruction set is named by its best member`() {
        #expect(String(cString: tandemk_isa_name(0)) == "scalar")
        #expect(String(cString: tandemk_isa_name(TANDEMK_ISA_AVX2)) == "avx2")
        let all = TANDEMK_ISA_AVX2 | TANDEMK_ISA_AVX512 | TANDEMK_ISA_AVX512VNNI
        #expect(String(cString: tandemk_isa_name(all)) == "avx512vnni")
    }

    @Test func `each family chose the first kernel whose instruction set is active`() {
        let active = tandemk_isa_active()
        let chosen = tandemk_f32_gemm_chosen()
        for index in 0...chosen {
            let isa = tandemk_f32_gemm_at(index).isa
            #expect((isa & active == isa) == (index == chosen))
        }
    }
}
