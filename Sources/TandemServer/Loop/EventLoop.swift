internal import CTandemSystem
internal import Glibc
internal import TandemWire

// Design: one thread, one epoll, run to completion.
//
// The thread that reads a request serves it and sends the answer: recv, send and epoll_wait are all
// the system calls a request costs (and a yield now and then), and nothing is allocated or
// locked for it in steady state. The loop is a struct that lives on its thread's stack, and
// connections lie behind raw pointers, because Swift checks exclusive access to each class property
// (a fifth of a microsecond a request, measured).
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
//
// A loop that has nothing to do takes connections from loops that are busy, and so does one that is
// between two slices of a large call: `LoopSockets`.
//
// A busy loop gives way to other threads now and then: `LoopYield`.

/// One event loop over the daemon's listeners and its own connections.
package struct EventLoop<Service: FrameService>: ~Copyable {
    /// What is served; touched by this loop's thread only.
    package var service: Service

    let group: LoopGroup<Service.Message>
    let counters: LoopMailbox<Service.Message>
    let index: Int
    let sockets: LoopSockets
    let reader: FrameReader
    var limits: ServerLimits
    private var spin = IdleSpin()
    /// Nanoseconds that turns took of late, and whether a loop was called in this one.
    private var turnMean: UInt64 = 0
    private var turnStart: UInt64 = 0
    private var idleSince: UInt64 = 0
    /// When the sockets were last read without leaving any.
    private var lastRead: UInt64 = 0
    private var hasCalled = false
    var pool = BufferPool()
    var slots: [UnsafeMutablePointer<LoopConnection>] = []
    var freeSlots: [Int] = []
    var ready: [Int] = []
    private var turn: [Int] = []
    var frameDeadlines: DeadlineList
    var sendDeadlines: DeadlineList
    var openCount = 0
    var acceptResumesAt: UInt64?
    var drainDeadline: UInt64?
    var nextSerial: UInt32 = 1

    private static var batchSize: Int { 64 }
    /// Nanoseconds of work between two polls of the sockets.
    static var pollNanoseconds: UInt64 { 20_000 }
    /// Connections taken from busy loops between two pieces of work.
    private static var takenPerLook: Int { 4 }
    /// Nanoseconds for which sockets are left to loops that have nothing to do.
    private static var unreadNanoseconds: UInt64 { 1_000_000 }
    /// Nanoseconds of a turn from which it is worth it to wake another loop, which takes about as
    /// long.
    private static var longTurnNanoseconds: UInt64 { 40_000 }

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
        sockets = group.sockets[index]
        self.group = group
        self.index = index
        counters = group.mailboxes[index]
        self.service = service
        reader = FrameReader(frameBytesMax: frameBytesMax)
        limits = group.limits
        frameDeadlines = DeadlineList(duration: group.limits.frameStallNanoseconds)
        sendDeadlines = DeadlineList(duration: group.limits.sendStallNanoseconds)
        try Self.watch(group, sockets, group.mailboxes[index].wakeDescriptor)
    }

    deinit {
        sockets.reclaim { _ in }
        for slot in slots.indices {
            // One that another loop is just taking is that loop's, and its slot stays for it.
            guard sockets.withdraw(slot) else { continue }
            let connection = slots[slot]
            if connection.pointee.descriptor >= 0 { Glibc.close(connection.pointee.descriptor) }
            connection.pointee.state.input.free()
            connection.pointee.state.output.free()
            connection.deinitialize(count: 1)
            connection.deallocate()
        }
        var pool = pool
        pool.freeAll()
    }

    /// Serves until it was told to drain and every connection is over, or the drain's time is.
    package mutating func run() throws(ServerError) {
        tandemsys_use_short_slices()
        var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: Self.batchSize)
        while !isDrained {
            let count = try wait(&batch)
            reclaimSlots()
            service.refresh()
            for position in 0..<Int(count) where !leavesToOthers() { dispatch(batch[position]) }
            if !leavesToOthers() { serveReady() }
            if service.isBusy { work() }
            expire()
            endTurn()
        }
        // Nobody needs to look after this loop's sockets any more.
        sockets.end()
        sockets.setBehind(false)
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
        guard timeout != 0 else { return try look(&batch) }
        idleSince = tandemsys_monotonic_ns()
        sockets.end()
        defer { if sockets.isIdle { resume(at: tandemsys_monotonic_ns()) } }
        let end = idleSince &+ spin.nanoseconds(bound: bound)
        var now = idleSince
        while now < end {
            let count = try Self.wait(sockets.epoll, &batch, 0)
            if count > 0 { return count }
            now = tandemsys_monotonic_ns()
            if relieve(&batch, at: now) { return 0 }
        }
        return try sleep(timeout, &batch)
    }

    /// Looks at the sockets between two pieces of work: at its own, and, as nothing is there and no
    /// small call waits, at those of loops that are busy too, which may be in the middle of a block.
    private mutating func look(
        _ batch: inout [tandemsys_ready]
    ) throws(ServerError) -> Int32 {
        let count = try Self.wait(sockets.epoll, &batch, 0)
        guard count == 0, ready.isEmpty, computesBlocks else { return count }
        for _ in 0..<Self.takenPerLook {
            guard relieve(&batch, at: tandemsys_monotonic_ns()) else { break }
        }
        return 0
    }

    /// Sleeps until there is something to read here or to take from another loop.
    private mutating func sleep(
        _ timeout: Int32, _ batch: inout [tandemsys_ready]
    ) throws(ServerError) -> Int32 {
        guard hasOthers else { return try Self.wait(sockets.epoll, &batch, timeout) }
        if relieve(&batch, at: tandemsys_monotonic_ns()) { return 0 }
        let result = sockets.sleep(milliseconds: timeout, among: group.sockets, &batch)
        guard result >= 0 else { throw LoopSockets.failure("wait for events", result) }
        let count = try Self.wait(sockets.epoll, &batch, 0)
        if count == 0 { _ = relieve(&batch, at: tandemsys_monotonic_ns()) }
        return count
    }

    /// The loop has something to do again.
    mutating func resume(at now: UInt64) {
        sockets.begin(at: now)
        turnStart = now
        tandemsys_note_rest(now)
        spin.observe(gap: now &- idleSince, bound: limits.spinNanoseconds)
    }

    /// Whether to work off what was read before anything more is, because another loop will get to
    /// the rest sooner.
    ///
    /// Not for long: what waits in a socket is neither refused in time nor known by its priority.
    private mutating func leavesToOthers() -> Bool {
        guard hasOthers, drainDeadline == nil else { return false }
        sockets.setBehind(service.isBehind)
        guard service.isBehind else {
            lastRead = turnStart
            return false
        }
        let now = tandemsys_monotonic_ns()
        if now &- lastRead < Self.unreadNanoseconds, !areAllBehind {
            callIfLong()
            return true
        }
        lastRead = now
        return false
    }

    /// Lets an idle loop know that this one will not look at its sockets for a while.
    mutating func callIfLong() {
        guard hasOthers, !hasCalled, turnMean >= Self.longTurnNanoseconds else { return }
        hasCalled = true
        sockets.call(group.sockets)
    }

    private mutating func endTurn() {
        // Threads that load give way for longer then.
        tandemsys_note_serving()
        if hasOthers {
            hasCalled = false
            sockets.callOff(group.sockets)
        }
        let now = tandemsys_monotonic_ns()
        let turn = min(now &- turnStart, 1_000_000)
        turnMean = (turnMean * 3 + turn) / 4
        let bound = computesBlocks ? LoopYield.betweenSlices : LoopYield.betweenTurns
        turnStart = tandemsys_give_way(now, bound) ? tandemsys_monotonic_ns() : now
    }

    private static func wait(
        _ epoll: Int32, _ batch: inout [tandemsys_ready], _ timeout: Int32
    ) throws(ServerError) -> Int32 {
        let count = tandemsys_epoll_wait(epoll, &batch, Int32(batch.count), timeout)
        guard count >= 0 else { throw LoopSockets.failure("wait for events", count) }
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

    /// Whether nothing waits for the loop but blocks of large calls.
    private var computesBlocks: Bool { service.isBusy && !service.isBehind }

    /// Whether there are other loops.
    var hasOthers: Bool { group.sockets.count > 1 }

    private var areAllBehind: Bool {
        for other in group.sockets.indices where !group.sockets[other].isBehind { return false }
        return true
    }

    private mutating func dispatch(_ event: tandemsys_ready) {
        let token = event.token
        if token == 0 { return takeMessages() }
        if token <= UInt64(group.listeners.count) {
            return accept(group.listeners[Int(token) - 1])
        }
        guard
            let (slot, serial) = ConnectionToken.parts(token), slots.indices.contains(slot),
            sockets.withdraw(slot), slots[slot].pointee.descriptor >= 0,
            slots[slot].pointee.serial == serial
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
            if drainDeadline == nil { listenAgain(at: now) }
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

    private static func watch(
        _ group: LoopGroup<Service.Message>, _ sockets: LoopSockets, _ mailbox: Int32
    ) throws(ServerError) {
        let result = tandemsys_epoll_add(sockets.epoll, mailbox, tandemsys_epoll_in, 0)
        guard result >= 0 else { throw LoopSockets.failure("wait for messages", result) }
        try listen(group, sockets.epoll)
    }
}
