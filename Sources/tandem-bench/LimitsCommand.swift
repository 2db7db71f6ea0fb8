import ArgumentParser
import CTandemKernels
import Glibc

/// What one core of this machine can do at most.
struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Measure what a core can do at most: arithmetic from registers, and memory.",
        discussion: """
            The best of several samples, so that a busy machine is still measured at its best.
            Example: tandem-bench limits --json
            """)

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() throws {
        TandemBench.warnAboutOverride()
        var report = Report(
            isa: String(cString: tandemk_isa_name(tandemk_isa_active())), results: [])
        let measurements = Self.arithmetic() + Self.reading() + Self.randomRows()
        for measurement in measurements {
            report.results.append(measurement)
            if !json {
                print(
                    "\(formatted(measurement.value)) \(measurement.unit)  "
                        + [measurement.name, measurement.shape, measurement.kernel]
                        .compactMap(\.self).joined(separator: ", "))
            }
        }
        if json { try report.printJSON() }
    }

    /// Multiply-adds from registers, for each instruction set that the processor has.
    private static func arithmetic() -> [Report.Measurement] {
        let rounds = 4096
        let probed = tandemk_isa_probed()
        var results: [Report.Measurement] = []
        for index in 0..<tandemk_peak_int8_count() {
            let kernel = tandemk_peak_int8_at(index)
            guard kernel.isa & probed == kernel.isa else { continue }
            var sink: Int32 = 0
            let operations = Double(kernel.run(rounds, &sink))
            let seconds = Stopwatch().bestSeconds { _ = kernel.run(rounds, &sink) }
            results.append(
                .init(
                    name: "int8 multiply-adds", kernel: String(cString: kernel.name),
                    value: operations / seconds / 1e9, unit: "GOP/s"))
        }
        for index in 0..<tandemk_peak_f32_count() {
            let kernel = tandemk_peak_f32_at(index)
            guard kernel.isa & probed == kernel.isa else { continue }
            var sink: Float = 0
            let operations = Double(kernel.run(rounds, &sink))
            let seconds = Stopwatch().bestSeconds { _ = kernel.run(rounds, &sink) }
            results.append(
                .init(
                    name: "float multiply-adds", kernel: String(cString: kernel.name),
                    value: operations / seconds / 1e9, unit: "GOP/s"))
        }
        return results
    }

    /// Reading in order from each level of the memory.
    private static func reading() -> [Report.Measurement] {
        let levels = [
            ("L1", 16 << 10), ("L2", 512 << 10), ("L3", 4 << 20), ("memory", 256 << 20),
        ]
        let memory = Buffer<UInt8>(bytesOfOne: 256 << 20)
        return levels.map { level, bytes in
            let watch = Stopwatch(sampleCount: bytes > 64 << 20 ? 3 : 9)
            let seconds = watch.bestSeconds { _ = tandemk_peak_read(memory.base, bytes) }
            return .init(
                name: "read in order", shape: "\(level), \(bytes >> 10) KiB",
                value: Double(bytes) / seconds / 1e9, unit: "GB/s")
        }
    }

    private static func randomRows() -> [Report.Measurement] {
        let seconds = Stopwatch(sampleCount: 3).bestSeconds(RandomRows().read)
        return [
            .init(
                name: "random 64-byte rows, prefetched", shape: "of 256 MiB",
                value: Double(RandomRows.count) / seconds / 1e6, unit: "Mrows/s")
        ]
    }
}

extension Buffer where Element == UInt8 {
    /// `count` bytes of 1, written at memory speed: every page is there before it is measured.
    convenience init(bytesOfOne count: Int) {
        self.init(uninitialized: count)
        memset(base, 1, count)
    }
}
