import Testing

@Suite struct KernelRegisterTests {
    private let folder = "Sources/CTandemKernels"

    /// A family `gemm` of two kernels as it should be, with some files changed and one removed.
    private func violations(
        changing changes: [String: String] = [:], removing removed: String? = nil
    ) -> [String] {
        var texts = [
            "gemm.inc": """
            TANDEMK_KERNEL(gemm, 4x16__avx2, TANDEMK_ISA_AVX2)
            TANDEMK_KERNEL(gemm, 1x4__scalar, TANDEMK_ISA_SCALAR)
            """,
            "gemm_4x16__avx2.c": "", "gemm_1x4__scalar.c": "", "table.c": "", "pack.c": "",
            "body.h": "",
        ]
        texts.merge(changes) { $1 }
        let files = texts.filter { $0.key != removed }.sorted { $0.key < $1.key }.map {
            SourceFile("\(folder)/gemm/\($0.key)", $0.value)
        }
        return KernelRegister.violations(family: "gemm", files: files)
    }

    @Test func `every kernel is in its family's register`() throws {
        let files = try SourceTree.files(under: [folder], suffixes: [".c", ".inc"])
        let inFamilies = files.filter { $0.path.split(separator: "/").count == 4 }
        let families = Dictionary(grouping: inFamilies) {
            String($0.path.split(separator: "/")[2])
        }
        try #require(!families.isEmpty)
        let found = families.sorted { $0.key < $1.key }.flatMap {
            KernelRegister.violations(family: $0.key, files: $0.value)
        }
        #expect(found == [])
    }

    @Test func `every family has cases in the checksums, which run on other processors`() throws {
        let headers = try SourceTree.files(under: ["\(folder)/include"], suffixes: [".h"])
        let header = try #require(headers.first).text
        let programs = try SourceTree.files(under: ["Tests/KernelChecksums"], suffixes: [".c"])
        let cases = try #require(programs.first).text
        let families = header.matches(of: /\nTANDEMK_FAMILY\((\w+)\)/).map { String($0.1) }
        try #require(families.count > 10)
        // The limits run no model, and give no numbers to compare.
        let missing = families.filter { !$0.hasPrefix("peak_") && !cases.contains("DO(\($0))") }
        #expect(missing == [])
    }

    @Test func `a family in order passes`() {
        #expect(violations() == [])
    }

    @Test func `a kernel that is not registered is found`() {
        #expect(
            violations(changing: ["gemm_8x16__avx512.c": ""]) == [
                "\(folder)/gemm/gemm_8x16__avx512.c:1: not registered in \(folder)/gemm/gemm.inc"
            ])
    }

    @Test func `a line of the register without a file is found`() {
        #expect(
            violations(removing: "gemm_4x16__avx2.c") == [
                "\(folder)/gemm/gemm.inc:1: 4x16__avx2: no file gemm_4x16__avx2.c"
            ])
    }

    @Test func `a commented-out line registers nothing`() {
        let register = """
            // TANDEMK_KERNEL(gemm, 4x16__avx2, TANDEMK_ISA_AVX2)
            TANDEMK_KERNEL(gemm, 1x4__scalar, TANDEMK_ISA_SCALAR)
            """
        #expect(violations(changing: ["gemm.inc": register]).count == 1)
    }

    @Test func `an instruction set that the name denies is found`() {
        let register = """
            TANDEMK_KERNEL(gemm, 4x16__avx2, TANDEMK_ISA_AVX512)
            TANDEMK_KERNEL(gemm, 1x4__scalar, TANDEMK_ISA_SCALAR)
            """
        #expect(
            violations(changing: ["gemm.inc": register]) == [
                "\(folder)/gemm/gemm.inc:1: 4x16__avx2: its name does not end in the instruction "
                    + "set AVX512"
            ])
    }

    @Test func `a register whose scalar twin is not last is found`() {
        let register = """
            TANDEMK_KERNEL(gemm, 1x4__scalar, TANDEMK_ISA_SCALAR)
            TANDEMK_KERNEL(gemm, 4x16__avx2, TANDEMK_ISA_AVX2)
            """
        #expect(violations(changing: ["gemm.inc": register]).count == 1)
    }

    @Test func `a family without a register is found`() {
        #expect(violations(removing: "gemm.inc").count == 2)
    }
}
