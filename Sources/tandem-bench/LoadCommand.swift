import ArgumentParser
import Glibc
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
            the same blocks, checks and kind of memory.
            Example: tandem-bench load big/1 --then big/2
            """)

    @Argument(help: "The package.")
    var package: String

    @Option(help: "The package that takes its place while it is held.")
    var then: String?

    @Option(help: "The program to load; the package's first by default.")
    var program: String?

    @Option(help: "Threads; one per core by default.")
    var threads: Int?

    @Option(help: "Rounds.")
    var rounds = 5

    @Flag(help: "Drop the package's files from the page cache before each load.")
    var cold = false

    func run() throws {
        let opened = try PackageReader.open(package)
        let name = program ?? opened.model.programs[0].name
        let all = threads ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var singles: [Double] = []
        var parallels: [Double] = []
        var byteCount = 0
        for _ in 0..<max(rounds, 1) {
            let single = try Self.load(opened, name, 1, ShardPool(), cold)
            let parallel = try Self.load(opened, name, all, ShardPool(), cold)
            singles.append(single.seconds)
            parallels.append(parallel.seconds)
            byteCount = parallel.byteCount
        }
        let single = Self.report("1 thread", byteCount, singles)
        let parallel = Self.report("\(all) threads", byteCount, parallels)
        print(
            "\(all) threads are \(formatted(single / parallel / Double(all))) x \(all) x one thread; "
                + "at most \(Self.peakMebibytes) MiB resident beside the shards")
        if let then { try reload(opened, then, name, all, full: parallel) }
    }

    /// Loads the second package while the first one is held.
    private func reload(
        _ opened: Package, _ then: String, _ name: String, _ all: Int, full: Double
    ) throws {
        let next = try PackageReader.open(then)
        var samples: [Double] = []
        var read = 0
        for _ in 0..<max(rounds, 1) {
            let pool = ShardPool()
            let held = try opened.load(program: name, threads: all, pool: pool)
            let before = pool.byteCounts.read
            samples.append(try Self.load(next, name, all, pool, cold).seconds)
            read = pool.byteCounts.read - before
            withExtendedLifetime(held) {}
        }
        let seconds = samples.sorted()[samples.count / 2]
        print(
            "reload: \(formatted(seconds)) s, \(formatted(seconds / full)) of a full load, "
                + "\(read) raw bytes read; at most \(Self.peakMebibytes) MiB resident beside the "
                + "shards")
    }

    private static func load(
        _ package: Package, _ name: String, _ threads: Int, _ pool: ShardPool, _ isCold: Bool
    ) throws -> (seconds: Double, byteCount: Int) {
        if isCold { try dropFromCache(package) }
        let started = ContinuousClock.now
        let tensors = try package.load(program: name, threads: threads, pool: pool)
        let seconds = (ContinuousClock.now - started).seconds
        return (seconds, tensors.values.reduce(0) { $0 + $1.byteCount })
    }

    private static func report(_ what: String, _ byteCount: Int, _ samples: [Double]) -> Double {
        let seconds = samples.sorted()[samples.count / 2]
        print(
            "\(what): \(formatted(seconds)) s, \(formatted(Double(byteCount) / seconds / 1e9)) GB/s"
        )
        return seconds
    }

    private static func dropFromCache(_ package: Package) throws {
        for shard in package.shards {
            let descriptor = open("\(package.path)/\(shard.fileName)", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            // What is not on the disk yet would stay.
            fsync(descriptor)
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            close(descriptor)
        }
    }

    /// The most resident memory that this process had.
    ///
    /// Shards are files in memory whose pages count once somebody reads them, which nobody does here.
    private static var peakMebibytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss >> 10
    }
}
