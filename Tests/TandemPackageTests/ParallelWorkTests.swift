import Synchronization
import Testing

@testable import TandemPackage

@Suite struct ParallelWorkTests {
    @Test(arguments: [0, 1, 2, 7, 100], [0, 1, 3, 16])
    func `does every piece once`(count: Int, threads: Int) throws {
        let seen = Mutex([Int](repeating: 0, count: count))
        try ParallelWork(
            count: count, makeWorker: { () throws(PackageError) in 0 },
            body: { (_, index) throws(PackageError) in seen.withLock { $0[index] += 1 } }
        ).run(threads: threads)
        #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }

    @Test func `makes one worker a thread`() throws {
        let made = Mutex(0)
        try ParallelWork(
            count: 50,
            makeWorker: { () throws(PackageError) in made.withLock { $0 += 1 } },
            body: { (_, _) throws(PackageError) in }
        ).run(threads: 4)
        #expect((1...4).contains(made.withLock { $0 }))
    }

    @Test(arguments: [1, 4])
    func `gives the failure and begins no more`(threads: Int) throws {
        let begun = Mutex(0)
        let error = failure {
            try ParallelWork(
                count: 10_000, makeWorker: { () throws(PackageError) in 0 },
                body: { (_, index) throws(PackageError) in
                    begun.withLock { $0 += 1 }
                    if index >= 5 { throw PackageError(.invalidBlock, "bad", block: index) }
                }
            ).run(threads: threads)
        }
        #expect(error?.code == .invalidBlock)
        #expect(error?.block == 5)
        #expect(begun.withLock { $0 } <= 5 + threads)
    }

    @Test func `gives the failure of making a worker`() throws {
        let error = failure {
            try ParallelWork(
                count: 3,
                makeWorker: { () throws(PackageError) -> Int in
                    throw PackageError(.outOfMemory, "none")
                }, body: { (_, _) throws(PackageError) in }
            ).run(threads: 2)
        }
        #expect(error?.code == .outOfMemory)
    }
}
