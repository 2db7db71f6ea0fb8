import ArgumentParser
import CTandemKernels
import TandemGraph
import TandemPackage

/// Holds look-ups in a package's table against random reads of as many lines.
struct LookupsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookups",
        abstract: "Measure random look-ups in a package's largest int8 table.",
        discussion: """
            The table lies in memory as the daemon has it. Its rows, which end with their scales, \
            are read by the kernel that dispatch chose, in turn with what `limits` calls random \
            rows: 64 bytes each, on pages of 4 KiB, without scales. The bound is of bytes a second, \
            for rows of 64 bytes and a scale.
            Example: tandem-bench package big/1 --mebibytes 640 && tandem-bench lookups big/1
            """)

    @Argument(help: "The package.")
    var package: String

    func run() throws {
        let opened = try PackageReader.open(package)
        let tensors = try opened.load(program: Program.int8)
        let tables = tensors.filter { $0.value.dtype == .int8 && $0.value.shape.count == 2 }
        let largest = tables.max { $0.value.byteCount < $1.value.byteCount }
        guard let (name, table) = largest else {
            throw ValidationError("no int8 table in \(package)")
        }
        let (vocabulary, rowBytes) = (table.shape[0], table.shape[1])
        let width = rowBytes - ScaledRows.scaleByteCount
        guard width > 0, vocabulary > 0 else {
            throw ValidationError("\(name) is no table of rows that end with their scales")
        }
        let rows = table.base.assumingMemoryBound(to: Int8.self)
        let count = RandomRows.count
        let ids = Buffer<Int32>(ids: count, vocabulary: vocabulary)
        let out = Buffer<Float>(count: width) { _ in 0 }
        let gather = tandemk_qr8_f32_gather_at(tandemk_qr8_f32_gather_chosen()).run
        let limit = RandomRows()
        let seconds = Stopwatch(sampleCount: 9).medianSeconds([
            limit.read,
            { gather(count, width, vocabulary, rows, nil, ids.base, 1, out.base, 0) },
        ])
        print("\(name): \(vocabulary) rows of \(rowBytes) bytes")
        for (what, time) in zip(["64 bytes at random", "look-ups"], seconds) {
            print("\(formatted(Double(count) / time / 1e6)) Mrows/s  \(what)")
        }
        var bounds = BoundList()
        let bytes = Double(rowBytes) / 64
        bounds.check("look-ups / random rows", seconds[0] / seconds[1] * bytes, atLeast: 0.8)
        try bounds.end()
    }
}
