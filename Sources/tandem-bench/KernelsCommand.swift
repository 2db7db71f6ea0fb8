import ArgumentParser
import CTandemKernels

/// Measures each registered kernel, and says where dispatch does not take the fastest.
struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Measure every registered kernel at the shapes of ranking models.",
        discussion: """
            Kernels take turns, and a rate is the median of their samples. A star marks the kernel
            that dispatch chose. Exit status 1 if one that dispatch may choose was over 10 % faster
            than it, three times in a row.
            Example: tandem-bench kernels --family f32_gemm --json
            """)

    /// How much faster a sibling must be before it is a fault and not noise.
    private static let toleratedRatio = 1.10

    @Option(help: "Only this family, as tandem_kernels.h names it.")
    var family: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        TandemBench.warnAboutOverride()
        let makers = KernelCases.makers(family: family)
        guard !makers.isEmpty else {
            throw ValidationError("there is no family '\(family ?? "")' in tandem_kernels.h")
        }
        let isa = String(cString: tandemk_isa_name(tandemk_isa_active()))
        var report = Report(isa: isa, results: [])
        var faults: [String] = []
        for make in makers {
            for one in make() {
                let rates = Self.measure(one)
                report.results += Self.measurements(one, rates)
                if !json { Self.printLines(one, rates) }
                if let fault = Self.fault(one, rates) { faults.append(fault) }
            }
        }
        if json { try report.printJSON() }
        for fault in faults { TandemBench.warn(fault) }
        if !faults.isEmpty { throw ExitCode.failure }
    }

    /// The rate of each kernel that this processor can run, by index, in the case's unit.
    private static func measure(_ one: KernelCase) -> [(Int, Double)] {
        let runnable = one.kernels.indices.filter {
            one.kernels[$0].isa & tandemk_isa_probed() == one.kernels[$0].isa
        }
        let seconds = Stopwatch().medianSeconds(runnable.map { index in { one.run(index) } })
        return zip(runnable, seconds).map { ($0, one.work / $1 / 1e9) }
    }

    private static func measurements(
        _ one: KernelCase, _ rates: [(Int, Double)]
    ) -> [Report.Measurement] {
        rates.map { index, rate in
            let kernel = one.kernels[index]
            return Report.Measurement(
                name: one.family, shape: one.shape, kernel: kernel.name,
                isChosen: kernel.isChosen, value: rate, unit: one.unit.rawValue)
        }
    }

    private static func printLines(_ one: KernelCase, _ rates: [(Int, Double)]) {
        print("\(one.family)  \(one.shape)")
        for (index, rate) in rates {
            let kernel = one.kernels[index]
            let tile = kernel.name.dropFirst(one.family.count + 1)
            print(
                "  \(kernel.isChosen ? "*" : " ") \(formatted(rate)) \(one.unit.rawValue)  \(tile)")
        }
    }

    /// One line if a kernel that dispatch could have chosen beats the one it chose, each time of
    /// three.
    private static func fault(_ one: KernelCase, _ rates: [(Int, Double)]) -> String? {
        var rates = rates
        var last: String?
        for turn in 0..<3 {
            if turn > 0 { rates = measure(one) }
            let active = tandemk_isa_active()
            let allowed = rates.filter { one.kernels[$0.0].isa & active == one.kernels[$0.0].isa }
            guard
                let best = allowed.max(by: { $0.1 < $1.1 }),
                let chosen = allowed.first(where: { one.kernels[$0.0].isChosen }),
                best.1 > chosen.1 * toleratedRatio
            else { return nil }
            last =
                "\(one.family) \(one.shape): dispatch chose \(one.kernels[chosen.0].name), but "
                + "\(one.kernels[best.0].name) is \(formatted(best.1 / chosen.1).trimmed) times as "
                + "fast; reorder \(one.family).inc, or give this shape its own kernel"
        }
        return last
    }
}

extension String {
    /// Without the blanks that align it.
    fileprivate var trimmed: String { filter { $0 != " " } }
}
