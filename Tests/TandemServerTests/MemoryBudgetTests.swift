import TandemPackage
import TandemRequest
import TandemServingSupport
import TandemWire
import Testing

@testable import TandemServer

@Suite struct MemoryBudgetTests {
    private let folder: TemporaryFolder
    private let terms = LoadTerms(
        loopCount: 1, threadCount: 1, limits: WireLimits(), clock: { 0 })
    /// A table of 400 KB.
    private let itemCount = 100_000

    init() throws {
        folder = try TemporaryFolder()
        for version: UInt64 in [1, 2] {
            try TinyShop.publish(to: folder.path, version: version, itemCount: itemCount)
        }
    }

    private func source(_ byteCountMax: Int) -> RepositorySource {
        RepositorySource(
            path: folder.path,
            budget: MemoryBudget(byteCountMax: byteCountMax, pool: ShardPool()))
    }

    private func refusal(_ source: RepositorySource, _ version: UInt64) -> RequestError? {
        do {
            _ = try source.load("tiny", version: version, terms, LoadProgress())
            return nil
        } catch {
            return error
        }
    }

    @Test func `refuses a load before it begins, with the numbers`() throws {
        let error = try #require(refusal(source(300_000), 1))
        #expect(error.code == .loadFailed && error.limit == "memory.max")
        #expect(error.bound == 300_000 && (400_000..<500_000).contains(error.actual ?? 0))
        #expect(error.message.contains("beside 0 in use"))
    }

    @Test func `counts a version as long as it lives, and shared shards once`() throws {
        let source = source(1 << 40)
        var first: LoadedModel? = try source.load("tiny", version: 1, terms, LoadProgress())
        let one = try #require(source.memory?.used)
        #expect(one > 400_000)
        let second = try source.load("tiny", version: 2, terms, LoadProgress())
        let two = try #require(source.memory?.used)
        #expect(two - one < 400_000 + second.memory.arenas)
        #expect(two - one >= second.memory.arenas)
        withExtendedLifetime(first) {}
        first = nil
        #expect(source.memory?.used == one)
        withExtendedLifetime(second) {}
    }

    @Test func `a version of the same weights reads and packs nothing`() throws {
        let pool = ShardPool()
        let budget = MemoryBudget(pool: pool)
        let source = RepositorySource(path: folder.path, budget: budget)
        let first = try source.load("tiny", version: 1, terms, LoadProgress())
        let (read, packed) = (pool.byteCounts.read, budget.packed.byteCount)
        #expect(read > 400_000 && packed > 0)
        let progress = LoadProgress()
        let second = try source.load("tiny", version: 2, terms, progress)
        #expect(pool.byteCounts.read == read)
        #expect(progress.byteCounts.all == 0)
        #expect(budget.packed.byteCount == packed)
        withExtendedLifetime((first, second)) {}
    }

    @Test func `has room for a version that shares what is there`() throws {
        let roomy = source(1 << 40)
        let held = try roomy.load("tiny", version: 1, terms, LoadProgress())
        let used = try #require(roomy.memory?.used)
        // Not enough for a second table, enough for what is not shared.
        let tight = source(used + 100_000)
        let first = try tight.load("tiny", version: 1, terms, LoadProgress())
        #expect(refusal(tight, 2) == nil)
        withExtendedLifetime((held, first)) {}
    }

    @Test
    func `without a setting takes four fifths of the machine, or of the group if that is less`() {
        let machine = MemoryBudget(byteCountMax: 0, pool: ShardPool()).byteCountMax
        #expect(machine > 0)
        let group = MemoryBudget(
            byteCountMax: 0, groupByteCount: 1_000_000, pool: ShardPool()
        ).byteCountMax
        #expect(group == 800_000)
    }
}
