import CTandemKernels
import Testing

@Suite struct RegisterTests {
    @Test(arguments: Register.all)
    func `a register ends with the scalar kernel and has no other`(register: Register) {
        #expect(register.sets.last == TANDEMK_ISA_SCALAR)
        #expect(register.sets.dropLast().allSatisfy { $0 != TANDEMK_ISA_SCALAR })
    }

    @Test(arguments: Register.all)
    func `a kernel is named family, tile and instruction set`(register: Register) {
        for (name, isa) in zip(register.names, register.sets) {
            #expect(name.hasPrefix(register.family + "_"))
            #expect(name.hasSuffix("__" + String(cString: tandemk_isa_name(isa))))
        }
        #expect(Set(register.names).count == register.names.count)
    }

    @Test(arguments: Register.all)
    func `the first kernel whose instruction set is active is chosen`(register: Register) {
        let active = tandemk_isa_active()
        let first = register.sets.firstIndex { $0 & active == $0 }
        #expect(first == register.chosen)
    }
}
