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
        #expect(!GivingWay().isOn)
        #expect(onIdleThread { GivingWay().isOn } == true)
    }

    @Test(arguments: [1, 3])
    func `what is loaded piece by piece is what is loaded at once`(threads: Int) throws {
        let folder = try TemporaryFolder()
        // Several blocks a shard, of many pieces each.
        let contents = try SampleContents.make(userCount: 400_000)
        try PackageWriter.write(contents, to: folder.path)
        let package = try PackageReader.open(folder.path)
        let atOnce = try package.load(program: "float")
        let inPieces = onIdleThread { try? package.load(program: "float", threads: threads) }
        let found = try #require(inPieces ?? nil)
        #expect(found.count == atOnce.count)
        for (name, tensor) in atOnce {
            let other = try #require(found[name])
            #expect(other.byteCount == tensor.byteCount)
            #expect(memcmp(other.base, tensor.base, tensor.byteCount) == 0, "\(name)")
        }
    }
}
