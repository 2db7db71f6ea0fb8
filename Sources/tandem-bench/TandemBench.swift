import ArgumentParser
import CTandemKernels
import Foundation

/// What this machine's kernels reach, what it allows at most, and how fast packages load.
///
/// The numbers are for reading beside each other: a kernel against its siblings (`kernels`), and
/// both against what a core can do (`limits`). One thread throughout.
@main
struct TandemBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tandem-bench",
        abstract: "Measure the kernels, what this machine allows at most, and loads.",
        discussion: """
            Example: tandem-bench kernels --family qd8_f32_qc8w_gemm
            TANDEM_FORCE_ISA=scalar, avx2, avxvnni or avx512vnni lowers what dispatch may choose.
            """,
        subcommands: [
            KernelsCommand.self, LimitsCommand.self, LoadCommand.self, LookupsCommand.self,
            PackageCommand.self,
        ])

    /// Says on standard error what is wrong with TANDEM_FORCE_ISA, if anything is.
    static func warnAboutOverride() {
        if let problem = tandemk_isa_override_problem() { warn(String(cString: problem)) }
    }

    /// One line on standard error.
    static func warn(_ message: String) {
        FileHandle.standardError.write(Data("tandem-bench: \(message)\n".utf8))
    }
}
