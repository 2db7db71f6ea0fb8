internal import CTandemSystem
internal import Glibc
internal import TandemWire

// Design: one thread, one epoll, run to completion.
//
// The thread that reads a request serves it and sends the answer: recv, send and epoll_wait are all
// the system calls a request costs, and nothing is allocated or locked for it in steady state. The
// loop is a struct that lives on its thread's stack, and connections lie behind raw pointers,
// because Swift checks exclusive access to each class property (a fifth of a microsecond a request,
// measured).
//
// What cannot be answered as it is read waits in the service; the loop then does not sleep, but works
// on it a piece at a time and polls its sockets in between, so that a large request never keeps a
// small one from being read.
//
// Level-triggered: a connection from which one read was taken shows up again, after the others had
// their turn. Frames that are here already but went over the turn's count wait in `ready`, and the
// loop polls instead of sleeping until they are done.
//
// Tokens tell epoll's reports apart: 0 is the mailbox, then the listeners, then slot and serial of
// a connection. The serial lets a report about a connection that was closed a moment ago in the
// same batch be recognised.

/// One event loop over the daemon's listeners and its own connections.
package struct EventLoop<Service: FrameService>: ~Copyable {
    /// What is served; touched by this loop's thread only.
    package var service: Service

    let group: LoopGroup<Service.Message>
    let counters: LoopMailbox<Service.Message>
    let index: Int
    let epoll: Int32
    let reader: FrameReader
    var limits: ServerLimits
    private var spin = IdleSpin()
    var balancer = LoadBalancer()
    var pool = BufferPool()
    var slots: [UnsafeMutablePointer<Connection>] = []
    var freeSlots: [Int] = []
    var ready: [Int] = []
    private var turn: [Int] = []
    var frameDeadlines: DeadlineList
    var sendDeadlines: DeadlineList
    var openCount = 0
    var acceptResumesAt: UInt64?
    var drainDeadline: UInt64?
    var nextSerial: UInt32 = 1

    /// A connection as the loop holds it.
    struct Connection {
        var state = ConnectionState()
        var descriptor: Int32 = -1
        var door = Door.data
        var serial: UInt32 = 0
        var interest: UInt32 = 0
        var isReady = false
        /// The last window of time in which it asked something.
        var activeWindow: UInt32 = 0
    }

    private static var batchSize: Int { 64 }
    /// Nanoseconds of work between two polls of the sockets.
    static var pollNanoseconds: UInt64 { 200_000 }

    /// Makes a loop; `run` starts it.
    ///
    /// - Parameters:
    ///   - group: What the loops share.
    ///   - index: Which of them this is.
    ///   - service: Answers frames.
    ///   - frameBytesMax: Largest payload of a frame.
    /// - Throws: `ServerError.loopFailed` at the process's descriptor limit.
    package init(
        group: LoopGroup<Service.Message>, index: Int, service: Service, frameBytesMax: Int
    ) throws(ServerError) {
        epoll = try Self.makeEpoll(group, index)
        self.group = group
        self.index = index
        counters = group.mailboxes[index]
        self.service = service
        reader = FrameReader(frameBytesMax: frameBytesMax)
        limits = group.limits
        frameDeadlines = DeadlineList(duration: group.limits.frameStallNanoseconds)
        sendDeadlines = DeadlineList(duration: group.limits.sendStallNanoseconds)
    }

    deinit {
        for slot in slots {
            if slot.pointee.descriptor >= 0 { Glibc.close(slot.pointee.descriptor) }
            slot.pointee.state.input.free()
            slot.pointee.state.output.free()
            slot.deinitialize(count: 1)
            slot.deallocate()
        }
        var pool = pool
        pool.freeAll()
        Glibc.close(epoll)
    }

    /// Serves until it was told to drain and every connection is over, or the drain's time is.
    package mutating func run() throws(ServerError) {
        var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: Self.batchSize)
        while !isDrained {
            let count = try wait(&batch)
            balance()
            service.refresh()
            for position in 0..<Int(count) { dispatch(batch[position]) }
            serveReady()
            if service.isBusy { work() }
            expire()
        }
    }

    private var isDrained: Bool {
        guard let drainDeadline else { return false }
        return openCount == 0 || tandemsys_monotonic_ns() >= drainDeadline
    }

    // MARK: Waiting

    /// Waits for events, polling first where that is worth it.
    private mutating func wait(
        _ batch: inout [tandemsys_ready]
    ) throws(ServerError) -> Int32 {
        let timeout = timeout()
        let bound = limits.spinNanoseconds
        guard timeout != 0 else { return try Self.wait(epoll, &batch, 0) }
        let start = tandemsys_monotonic_ns()
        balancer.pause(at: start)
        counters.setIdle(true)
        defer { counters.setIdle(false) }
        var now = start
        var count: Int32 = 0
        let end = start &+ spin.nanoseconds(bound: bound)
        while count == 0, now < end {
            count = try Self.wait(epoll, &batch, 0)
            now = tandemsys_monotonic_ns()
        }
        if count == 0 {
            count = try Self.wait(epoll, &batch, timeout)
            now = tandemsys_monotonic_ns()
        }
        spin.observe(gap: now &- start, bound: bound)
        balancer.resume(at: now)
        return count
    }

    private static func wait(
        _ epoll: Int32, _ batch: inout [tandemsys_ready], _ timeout: Int32
    ) throws(ServerError) -> Int32 {
        let count = tandemsys_epoll_wait(epoll, &batch, Int32(batch.count), timeout)
        guard count >= 0 else { throw failure("wait for events", count) }
        return count
    }

    /// Milliseconds until the loop has something to do by itself; -1 for never.
    private func timeout() -> Int32 {
        if !ready.isEmpty || service.isBusy { return 0 }
        let stalls = min(frameDeadlines.next ?? .max, sendDeadlines.next ?? .max)
        let next = min(stalls, min(acceptResumesAt ?? .max, drainDeadline ?? .max))
        guard next != .max else { return -1 }
        let now = tandemsys_monotonic_ns()
        guard next > now else { return 0 }
        // Rounded up, so that waking finds the deadline passed.
        return Int32(clamping: (next - now) / 1_000_000 + 1)
    }

    private mutating func dispatch(_ event: tandemsys_ready) {
        let token = event.token
        if token == 0 { return takeMessages() }
        if token <= UInt64(group.listeners.count) {
            return accept(group.listeners[Int(token) - 1])
        }
        let slot = Int(token & 0xFFFF_FFFF) - 0x1_0000
        guard
            slots.indices.contains(slot), slots[slot].pointee.descriptor >= 0,
            slots[slot].pointee.serial == UInt32(token >> 32)
        else { return }
        advance(slot, events: event.events)
    }

    private mutating func takeMessages() {
        for message in group.mailboxes[index].takeAll() {
            switch message {
            case .adopt(let descriptor, let door): adopt(descriptor, door)
            case .adoptOwn(let descriptor): adopt(descriptor, .data, isOwn: true)
            case .reply(let caller, let message): deliver(message, to: caller)
            case .drain(let deadline): drain(until: deadline)
            case .tell(let message): service.hear(message)
            case .limits(let changed): limits = changed
            }
        }
    }

    private mutating func expire() {
        guard
            frameDeadlines.next != nil || sendDeadlines.next != nil || acceptResumesAt != nil
        else { return }
        let now = tandemsys_monotonic_ns()
        while let slot = frameDeadlines.popExpired(now: now) { refuseHalfFrame(slot) }
        while let slot = sendDeadlines.popExpired(now: now) { close(slot) }
        if let resumes = acceptResumesAt, resumes <= now {
            acceptResumesAt = nil
            if drainDeadline == nil { try? Self.listen(group, epoll) }
        }
    }

    private mutating func serveReady() {
        guard !ready.isEmpty else { return }
        swap(&ready, &turn)
        for position in turn.indices {
            let slot = turn[position]
            guard slots[slot].pointee.isReady else { continue }
            slots[slot].pointee.isReady = false
            advance(slot, events: 0)
        }
        turn.removeAll(keepingCapacity: true)
    }

    private static func makeEpoll(
        _ group: LoopGroup<Service.Message>, _ index: Int
    ) throws(ServerError) -> Int32 {
        let epoll = tandemsys_epoll_create()
        guard epoll >= 0 else { throw failure("make an epoll", epoll) }
        do throws(ServerError) {
            let mailbox = group.mailboxes[index].wakeDescriptor
            let result = tandemsys_epoll_add(epoll, mailbox, tandemsys_epoll_in, 0)
            guard result >= 0 else { throw failure("wait for messages", result) }
            try listen(group, epoll)
        } catch {
            Glibc.close(epoll)
            throw error
        }
        return epoll
    }

    static func failure(_ action: String, _ result: Int32) -> ServerError {
        ServerError(
            .loopFailed,
            "cannot \(action): \(systemErrorText(Int(result))); raise the descriptor limit "
                + "(LimitNOFILE=) if it is used up", errorNumber: -result)
    }
}
