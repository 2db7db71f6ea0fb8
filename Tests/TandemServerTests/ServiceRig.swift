import Synchronization
import TandemRequest
import TandemServingSupport
import TandemTestSupport
import TandemWire
import Testing

@testable import TandemServer

/// Loops' services over models in memory, without sockets: a test is the loop.
final class ServiceRig {
    let running: RunningRegistry
    let group: LoopGroup<ServiceMessage>
    var services: [RequestService] = []
    var state = ConnectionState()
    private let time = MockTime()

    /// What the clock says, in nanoseconds; only a test moves it.
    var now: UInt64 {
        get { time.value.load(ordering: .relaxed) }
        set { time.value.store(newValue, ordering: .relaxed) }
    }

    /// Nanoseconds by which each look at the clock moves it.
    var nanosecondsPerLook: UInt64 {
        get { time.step.load(ordering: .relaxed) }
        set { time.step.store(newValue, ordering: .relaxed) }
    }

    private final class MockTime: Sendable {
        let value = Atomic<UInt64>(1_000_000_000)
        let step = Atomic<UInt64>(0)

        func look() -> UInt64 {
            value.add(step.load(ordering: .relaxed), ordering: .relaxed).newValue
        }
    }

    init(
        loopCount: Int = 1, publishing names: [String] = ["tiny"],
        options: ServerOptions = ServerOptions(repository: "")
    ) throws {
        running = try RunningRegistry(
            loopCount: loopCount,
            clock: { [time] in time.value.load(ordering: .relaxed) })
        for name in names { running.source.publish(1, of: name) }
        _ = running.rescan()
        group = try LoopGroup(loopCount: loopCount, listeners: [], limits: options.limits)
        let context = ServiceContext(
            registry: running.registry, group: group, wireLimits: WireLimits(),
            settings: ServiceSettings(options), startedAt: 0, instructionSet: "test",
            clock: { [time] in time.look() }, tell: { _ in })
        for index in 0..<loopCount {
            var service = try RequestService(context, loop: index)
            // A test is slower than any loop.
            service.turnNanoseconds = .max
            services.append(service)
        }
    }

    deinit { state.output.free() }

    /// Rows of a request that is computed in exactly `blocks` blocks.
    func rows(blocks: Int) throws -> Int {
        let model = try #require(services[0].table.models.first?.current)
        return model.parts[0].session.run.pointee.blockRows * blocks
    }

    func caller(_ door: Door = .data, loop: Int = 0, slot: Int = 0) -> Caller {
        Caller(slot: slot, serial: 1, loop: loop, door: door)
    }

    /// What ten rounds of a request allocate after three, each worked to its end while the other
    /// loops help.
    func steadyAllocations(_ message: PredictRequestMessage) throws -> Int {
        let payload = try #require(TinyRequests.payload(TinyRequests.frame(id: 1, message)))
        let caller = caller()
        var state = ConnectionState()
        defer { state.output.free() }
        func serve() {
            payload.withUnsafeBytes { bytes in _ = services[0].serve(bytes, caller, &state) }
            while services[0].hasOwnWork {
                let outcome = services[0].work()
                for other in 1..<services.count { _ = services[other].work() }
                guard case .finished(_, let token) = outcome else { continue }
                services[0].handOver(token, &state)
            }
            state.output.consume(state.output.count)
        }
        for _ in 0..<3 { serve() }
        return AllocationCounter.allocations { for _ in 0..<10 { serve() } }
    }

    /// Serves a frame; the answer, or nil if it comes later.
    func serve(_ frame: [UInt8], _ door: Door = .data, loop: Int = 0) throws -> ReadAnswer? {
        let payload = try #require(TinyRequests.payload(frame))
        let outcome = payload.withUnsafeBytes {
            services[loop].serve($0, caller(door, loop: loop), &state)
        }
        if case .later(let id, let byteCount) = outcome {
            state.owe(id, byteCount: byteCount)
            return nil
        }
        return try takeAnswer()
    }

    func serve(id: UInt64, _ message: PredictRequestMessage) throws -> ReadAnswer? {
        try serve(try TinyRequests.frame(id: id, message))
    }

    /// Does one piece of work, as the loop does; the answer if a call is finished by it.
    func work() throws -> ReadAnswer? {
        guard case .finished(let caller, let token) = services[0].work() else { return nil }
        guard state.settle(caller.requestID) else {
            services[0].discard(token)
            return nil
        }
        services[0].handOver(token, &state)
        return try takeAnswer()
    }

    /// Works until nothing is left; the answers in order.
    func workAll() throws -> [ReadAnswer] {
        var answers: [ReadAnswer] = []
        while services[0].isBusy {
            if let answer = try work() { answers.append(answer) }
        }
        return answers
    }

    /// The oldest answer in the output.
    func takeAnswer() throws -> ReadAnswer {
        guard case .frame(let payload) = FrameReader().scan(state.output.bytes) else {
            throw RigError()
        }
        let bytes = Array(state.output.bytes[payload])
        state.output.consume(payload.upperBound)
        return try ReadAnswer(bytes)
    }

    struct RigError: Error {}
}
