import ArgumentParser
import Glibc
import TandemEngine
import TandemGraph
import TandemPackage

/// Measures loads, and what a second version costs beside the first.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Measure how fast a package is loaded, and a second one beside it.",
        discussion: """
            Each round loads the package with one thread and with all, into fresh memory each time; \
            medians are printed. A load by one thread is what a load by all of them is held against: \
            the same blocks, checks and kind of memory. What is packed is packed by one and by all. \
            Then it is loaded and packed once more, watching the memory. Lines with a bound in brackets end in pass or fail, and a failure \
            is the exit status.
            Example: tandem-bench load big/1 --then big/2
            """)

    @Argument(help: "The package.")
    var package: String

    @Option(help: "The package that takes its place while it is held; one shard of many differs.")
    var then: String?

    @Option(help: "The program to load; the package's first by default.")
    var program: String?

    @Option(help: "Threads; one per core by default.")
    var threads: Int?

    @Option(help: "Rounds.")
    var rounds = 5

    @Flag(help: "Check the rows that `package --sparse` wrote.")
    var sparse = false

    @Flag(help: "Drop the package's files from the page cache before each load.")
    var cold = false

    func run() throws {
        let opened = try PackageReader.open(package)
        let load = Load(
            program: program ?? opened.model.programs[0].name,
            threads: threads ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), isCold: cold)
        var bounds = BoundList()
        let full = try measure(opened, load, &bounds)
        try pack(opened, load)
        try watch(opened, load, &bounds)
        if let then {
            try reload(opened, try PackageReader.open(then), load, full: full, &bounds)
        }
        try bounds.end()
    }

    private func measure(
        _ opened: Package, _ load: Load, _ bounds: inout BoundList
    ) throws -> Double {
        var singles: [Double] = []
        var parallels: [Double] = []
        var byteCount = 0
        for _ in 0..<max(rounds, 1) {
            singles.append(try load.seconds(opened, threads: 1).seconds)
            let parallel = try load.seconds(opened)
            parallels.append(parallel.seconds)
            byteCount = parallel.byteCount
        }
        let single = Self.report("1 thread", byteCount, singles)
        let parallel = Self.report("\(load.threads) threads", byteCount, parallels)
        guard cold else {
            bounds.check(
                "load rate by threads x one thread", single / parallel / Double(load.threads),
                atLeast: 0.85)
            return parallel
        }
        let disk = (0..<max(rounds, 1)).map { _ in load.readingSeconds(opened) }
            .sorted()[max(rounds, 1) / 2]
        let cached = Load(program: load.program, threads: 1, isCold: false)
        let warm = try (0..<max(rounds, 1)).map { _ in try cached.seconds(opened).seconds }
            .sorted()[max(rounds, 1) / 2]
        print("reading the files alone: \(formatted(disk)) s")
        bounds.check(
            "cold load beside the slower of the disk and decoding",
            parallel / max(disk / 0.9, warm / (0.85 * Double(load.threads))), atMost: 1)
        return parallel
    }

    /// Makes plans of loaded tensors, which is packing them.
    private func pack(_ opened: Package, _ load: Load) throws {
        for threads in [1, load.threads] {
            var byteCount = 0
            let samples = try (0..<max(rounds, 1)).map { _ in
                let loaded = try load.seconds(opened)
                let started = ContinuousClock.now
                let plan = try load.plan(opened, loaded.tensors, threads: threads)
                byteCount = plan.memory.packedWeights
                return (ContinuousClock.now - started).seconds
            }
            _ = Self.report("packing, threads: \(threads)", byteCount, samples)
        }
    }

    /// Loads and packs, and looks at the memory that this takes beside what it makes.
    private func watch(_ opened: Package, _ load: Load, _ bounds: inout BoundList) throws {
        let (plan, peak) = try MemoryPeak.during { try load.plan(opened) }
        let kept = plan.memory.parameters + plan.memory.packedWeights
        print("model: \(kept >> 20) MiB, of which \(plan.memory.packedWeights >> 20) MiB packed")
        bounds.check(
            "peak beside the model, MiB", Double(peak - kept) / 1_048_576,
            atMost: Double(64 + load.threads))
        if sparse, let table = opened.tensors.first(where: { $0.dtype == .int8 }) {
            let (wrong, all) = SparseTable.wrongRows(
                plan, rowCount: table.shape[0],
                width: table.shape[1] - ScaledRows.scaleByteCount)
            bounds.check("wrong rows of \(all)", Double(wrong), atMost: 0)
        }
    }

    /// Loads the second package while the first one is held.
    private func reload(
        _ opened: Package, _ next: Package, _ load: Load, full: Double,
        _ bounds: inout BoundList
    ) throws {
        var samples: [Double] = []
        var share = 0.0
        var peak = 0
        for _ in 0..<max(rounds, 1) {
            let pool = ShardPool()
            let held = try load.seconds(opened, pool: pool)
            let before = pool.byteCounts.read
            let (again, byteCount) = try MemoryPeak.during {
                try load.seconds(next, pool: pool)
            }
            samples.append(again.seconds)
            let read = pool.byteCounts.read - before
            share = Double(read) / Double(held.byteCount)
            peak = byteCount - read
            withExtendedLifetime(held.tensors) {}
        }
        let seconds = Self.report("reload", 0, samples)
        bounds.check("share of the bytes that a reload reads", share, atMost: 1.0 / 32)
        bounds.check("reload in full loads", seconds / full, atMost: 0.1)
        bounds.check(
            "peak of a reload beside what changed, MiB", Double(peak) / 1_048_576,
            atMost: Double(64 + load.threads))
    }

    private static func report(_ what: String, _ byteCount: Int, _ samples: [Double]) -> Double {
        let seconds = samples.sorted()[samples.count / 2]
        let rate = byteCount > 0 ? ", \(formatted(Double(byteCount) / seconds / 1e9)) GB/s" : ""
        print("\(what): \(formatted(seconds)) s\(rate)")
        return seconds
    }
}

/// How packages are loaded.
private struct Load {
    let program: String
    let threads: Int
    let isCold: Bool

    struct Outcome {
        let seconds: Double
        let tensors: TensorSet
        var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }
    }

    func seconds(
        _ package: Package, threads: Int? = nil, pool: ShardPool = ShardPool()
    ) throws -> Outcome {
        if isCold { dropFromCache(package) }
        let started = ContinuousClock.now
        let tensors = try package.load(
            program: program, threads: threads ?? self.threads, pool: pool)
        return Outcome(seconds: (ContinuousClock.now - started).seconds, tensors: tensors)
    }

    func plan(_ package: Package) throws -> Plan {
        let tensors = try package.load(program: program, threads: threads)
        return try plan(package, consume tensors, threads: threads)
    }

    func plan(_ package: Package, _ tensors: consuming TensorSet, threads: Int) throws -> Plan {
        guard let program = package.model.program(named: program) else {
            throw ValidationError("the package has no program '\(program)'")
        }
        return try Plan(
            program.graph, consume tensors,
            inParallel: { ParallelWork.run($0, threads: threads, $1) })
    }

    /// How long it takes to read the package's files in order, from the disk.
    func readingSeconds(_ package: Package) -> Double {
        dropFromCache(package)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        let started = ContinuousClock.now
        for shard in package.shards {
            let descriptor = open("\(package.path)/\(shard.fileName)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
            close(descriptor)
        }
        return (ContinuousClock.now - started).seconds
    }

    private func dropFromCache(_ package: Package) {
        for shard in package.shards {
            let descriptor = open("\(package.path)/\(shard.fileName)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            // What is not on the disk yet would stay.
            fsync(descriptor)
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            close(descriptor)
        }
    }
}
