import CTandemSystem
import Dispatch
import Glibc
import TandemWire
import Testing

@testable import TandemServer

/// Event loops on threads of their own, serving something that a test can hold up.
@Suite struct EventLoopTests {
    /// Answers a frame with the loop's number.
    ///
    /// A frame that says "hold" makes the one loop work until the test lets it go; the other is at
    /// work all the time.
    private struct HeldService: FrameService {
        typealias Message = Never

        let index: Int
        let gate: DispatchSemaphore
        let isHeld: Bool
        var isBusy: Bool
        var isBehind: Bool { false }

        init(index: Int, held: Int, gate: DispatchSemaphore) {
            self.index = index
            self.gate = gate
            isHeld = index == held
            isBusy = index != held
        }

        mutating func serve(
            _ payload: UnsafeRawBufferPointer, _ caller: Caller,
            _ connection: inout ConnectionState
        ) -> FrameOutcome {
            if payload.elementsEqual("hold".utf8), isHeld { isBusy = true }
            withUnsafeBytes(of: (UInt8(1), UInt8(index))) { connection.output.append($0) }
            return .answered
        }

        mutating func work() -> WorkOutcome {
            if isHeld {
                gate.wait()
                isBusy = false
            }
            return .progressed
        }

        mutating func deliver(
            _ message: Never, _ caller: Caller, _ connection: inout ConnectionState
        ) {}
        mutating func hear(_ message: Never) {}
        mutating func handOver(_ token: Int, _ connection: inout ConnectionState) {}
        mutating func discard(_ token: Int) {}
        mutating func forget(slot: Int, serial: UInt32) {}
        mutating func refuse(_ status: WireStatus, _ output: inout ByteQueue) {}
        mutating func sayGoodbye(closesIn nanoseconds: UInt64, _ output: inout ByteQueue) {}
        mutating func refresh() {}
        mutating func drain() {}
    }

    /// The test's end of a connection of a loop.
    private struct Peer {
        let descriptor: Int32

        init(_ group: LoopGroup<Never>, loop: Int) throws {
            var ends: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            #expect(tandemsys_set_nonblocking(ends[1], true) == 0)
            descriptor = ends[0]
            // A loop that never answers fails the test instead of stopping it.
            var patience = timeval(tv_sec: 60, tv_usec: 0)
            #expect(
                setsockopt(
                    descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience,
                    socklen_t(MemoryLayout<timeval>.size)) == 0)
            group.mailboxes[loop].post(.adopt(descriptor: ends[1], door: .data))
        }

        /// Sends a frame; the number of the loop that answered.
        func ask(_ text: String) throws -> Int {
            let frame = [UInt8(text.utf8.count)] + Array(text.utf8)
            #expect(write(descriptor, frame, frame.count) == frame.count)
            var answer: [UInt8] = [0, 0]
            try #require(recv(descriptor, &answer, 2, Int32(MSG_WAITALL)) == 2)
            return Int(answer[1])
        }
    }

    @Test func `a loop at work takes connections from one that is in the middle of a block`() throws
    {
        let group = try LoopGroup<Never>(loopCount: 2, listeners: [], limits: ServerLimits())
        let gate = DispatchSemaphore(value: 0)
        let threads = try (0..<2).map { index in
            try ServerThread(name: "loop-\(index)") {
                do throws(ServerError) {
                    var loop = try EventLoop(
                        group: group, index: index,
                        service: HeldService(index: index, held: 0, gate: gate),
                        frameBytesMax: 64)
                    try loop.run()
                } catch { Issue.record("\(error)") }
            }
        }
        defer {
            gate.signal()
            group.postAll(.drain(deadline: tandemsys_monotonic_ns()))
            for thread in threads { thread.join() }
        }
        let waiting = try Peer(group, loop: 0)
        defer { close(waiting.descriptor) }
        // Loop 1 may be the one that reads it.
        var holders: [Peer] = []
        defer { for holder in holders { close(holder.descriptor) } }
        repeat { holders.append(try Peer(group, loop: 0)) } while try holders.last?.ask("hold") != 0
        #expect(try waiting.ask("me") == 1)
    }
}
