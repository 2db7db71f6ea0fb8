import CTandemSystem
import Foundation
import Synchronization
import TandemGraph
import Testing

@testable import TandemPackage

/// Runs something on a thread of its own under SCHED_IDLE.
func onIdleThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result? {
    let result = Mutex<Result?>(nil)
    let done = DispatchSemaphore(value: 0)
    Thread {
        _ = tandemsys_set_idle_scheduling(true)
        let made = body()
        result.withLock { $0 = made }
        done.signal()
    }.start()
    done.wait()
    return result.withLock { $0 }
}

@Suite struct GivingWayTests {
    @Test func `a thread under SCHED_IDLE gives way, another does not`() {
        #expect(!GivingWay.isOn)
        #expect(onIdleThread { GivingWay.isOn } == true)
    }

    /// Times that the calling thread went to sleep so far.
    private static func sleepCount() -> Int {
        let text = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
        return line.flatMap { Int($0.split(separator: "\t").last ?? "") } ?? 0
    }

    @Test func `it pauses while it works, and no longer than that`() {
        let counts = onIdleThread { () -> [Int] in
            let before = Self.sleepCount()
            // Works until it was made to pause.
            GivingWay.during { while Self.sleepCount() < before + 3 {} }
            let after = Self.sleepCount()
            var work: UInt64 = 1
            for step in 0..<2_000_000 { work = work &* 31 &+ UInt64(step) }
            return [before, after, Self.sleepCount(), Int(truncatingIfNeeded: work & 1)]
        }
        let found = counts ?? []
        #expect(found.count == 4 && found[1] >= found[0] + 3)
        #expect(found.count == 4 && found[2] < found[1] + 10)
    }

    @Test func `it pauses for long while requests are served, and briefly without`() {
        let pause = GivingWay.busyPauseNanoseconds
        let found = onIdleThread { () -> (busy: UInt64, isBrief: Bool) in
            // The first may come before anything was served, and not every sleep is a pause.
            let busy = Self.nanoseconds(ofPauses: 6) { tandemsys_note_serving() }
            // Other tests may serve something meanwhile, and a pause may end late.
            let isBrief = (0..<500).contains { _ in Self.nanoseconds(ofPauses: 1) {} < pause }
            return (busy, isBrief)
        }
        #expect(found.map { $0.busy >= 3 * pause } == true)
        #expect(found?.isBrief == true)
    }

    /// Gives way until it was made to pause so often, and says how long that took.
    private static func nanoseconds(ofPauses count: Int, meanwhile body: () -> Void) -> UInt64 {
        let before = sleepCount()
        let start = tandemsys_monotonic_ns()
        GivingWay.during { while sleepCount() < before + count { body() } }
        return tandemsys_monotonic_ns() - start
    }

    @Test(arguments: [1, 3])
    func `what is loaded while giving way is what is loaded at once`(threads: Int) throws {
        let folder = try TemporaryFolder()
        // Several blocks a shard.
        let contents = try SampleContents.make(userCount: 400_000)
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        let atOnce = try package.load(program: "float")
        let aside = onIdleThread {
            GivingWay.during { try? package.load(program: "float", threads: threads) }
        }
        let found = try #require(aside ?? nil)
        #expect(found.count == atOnce.count)
        for (name, tensor) in atOnce {
            let other = try #require(found[name])
            #expect(other.byteCount == tensor.byteCount)
            #expect(memcmp(other.base, tensor.base, tensor.byteCount) == 0, "\(name)")
        }
    }
}
