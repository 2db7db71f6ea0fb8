import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

@testable import TandemServer

/// The watchdog is fed by right answers of every loop and by nothing else.
@Suite struct WatchdogTests {
    /// The loops' ends of the socket pairs, and the watchdog on the others.
    private final class Rig {
        let watchdog: Watchdog
        let loops: [Int32]

        init(loopCount: Int) throws {
            var own: [Int32] = []
            var theirs: [Int32] = []
            for _ in 0..<loopCount {
                var ends: [Int32] = [-1, -1]
                let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue
                #expect(socketpair(AF_UNIX, Int32(type), 0, &ends) == 0)
                own.append(ends[0])
                theirs.append(ends[1])
            }
            watchdog = try Watchdog(own)
            loops = theirs
        }

        deinit { for loop in loops { close(loop) } }

        /// A loop answers its question with some control answer.
        func answer(_ loop: Int, _ write: (UInt64, ResponseEncoder) throws -> EncodedFrame) throws {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = tandemsys_receive(loops[loop], &bytes, bytes.count)
            try #require(count > 0)
            let payload = try #require(TinyRequests.payload(Array(bytes[..<count])))
            let arena = try ArenaAllocator()
            defer { withExtendedLifetime(arena) {} }
            let id = try payload.withUnsafeBytes { try RequestDecoder(arena: arena).decode($0).id }
            let frame = try write(id, ResponseEncoder(arena: arena)).bytes
            #expect(tandemsys_send(loops[loop], frame, frame.count) == frame.count)
        }

        func answerAll() throws {
            for loop in loops.indices {
                try answer(loop) { try $1.control(id: $0, .serverLive(true)) }
            }
        }
    }

    @Test func `is not fed before anything was asked, nor before all have answered`() throws {
        let rig = try Rig(loopCount: 2)
        #expect(!rig.watchdog.hasGoodAnswers())
        rig.watchdog.ask { WatchdogQuestion.live(id: $0) }
        #expect(!rig.watchdog.hasGoodAnswers())
        try rig.answer(0) { try $1.control(id: $0, .serverLive(true)) }
        #expect(!rig.watchdog.hasGoodAnswers())
        // Loop 0 is asked again, loop 1 still owes.
        rig.watchdog.ask { WatchdogQuestion.live(id: $0) }
        try rig.answerAll()
        #expect(rig.watchdog.hasGoodAnswers())
    }

    @Test func `is fed time and again as long as all answer`() throws {
        let rig = try Rig(loopCount: 2)
        for _ in 0..<3 {
            rig.watchdog.ask { WatchdogQuestion.live(id: $0) }
            #expect(!rig.watchdog.hasGoodAnswers())
            try rig.answerAll()
            #expect(rig.watchdog.hasGoodAnswers())
        }
    }

    @Test func `a fault of the server is no good answer, a model that left is`() throws {
        let rig = try Rig(loopCount: 1)
        rig.watchdog.ask { WatchdogQuestion.live(id: $0) }
        try rig.answer(0) { try $1.status(id: $0, WireStatus(.internal, "broken")) }
        #expect(!rig.watchdog.hasGoodAnswers())
        #expect(rig.watchdog.complaint == "loop 0: broken")
        rig.watchdog.ask { WatchdogQuestion.live(id: $0) }
        try rig.answer(0) { try $1.status(id: $0, WireStatus(.notFound, "gone")) }
        #expect(rig.watchdog.hasGoodAnswers() && rig.watchdog.complaint == nil)
    }

    @Test func `asks a model by a warm-up request, whatever name that has in it`() throws {
        var message = TinyRequests.predict()
        message.model = "as it was called when it was trained"
        // The request without its envelope: the frame's payload behind id and call.
        let payload = try #require(TinyRequests.payload(TinyRequests.frame(id: 1, message)))
        let call = try #require(payload.firstIndex(of: 0x52))
        let lengthBytes = payload[(call + 1)...].prefix { $0 & 0x80 != 0 }.count + 1
        let warmUp = Array(payload[(call + 1 + lengthBytes)...])
        let rig = try ServiceRig()
        rig.state.isOwn = true
        let answer = try rig.serve(
            WatchdogQuestion.predict(id: 300, warmUp: warmUp, model: "tiny", version: 1))
        #expect(answer?.id == 300 && answer?.version == 1 && answer?.model == "tiny")
        #expect(answer?.values("rating") == [1, 3, 5])
        let loaded = try #require(rig.services[0].table.models.first?.current)
        #expect(loaded.parts[0].counters.pointee.successes == 0)
        #expect(
            try rig.serve(WatchdogQuestion.live(id: 1))?.control == .serverLive(true))
    }
}
