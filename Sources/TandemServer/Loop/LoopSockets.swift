internal import CTandemSystem
internal import Glibc
internal import Synchronization

// Design: one queue, though each loop has its own sockets.
//
// A loop computes for a tenth of a millisecond and more before it looks at its sockets again. If
// what arrives meanwhile waited for it while another loop had nothing to do, the daemon would be as
// many short queues as it has loops, and its tail that of the one that drew the most (measured at
// 60 % of capacity: p99 of 20 ms, where one queue has 0.4). So a loop without work takes connections
// on which something arrived from loops that are busy, and keeps them: connections wander to where
// there is time for them, and nothing has to measure or balance.
//
// Whose a connection is: a word a slot says so. A loop offers a connection while nothing of it is
// under way and withdraws the offer before it touches it; another loop takes an offer by the same
// word. That is one uncontended exchange a request. The taker moves the connection out of the slot
// and leaves the slot's number on a stack, from which its owner takes it back in its own time: it is
// not woken for that.
//
// Who looks: a loop that polls for work looks at the busy ones' epolls too, and so does one between
// two slices of a large call whose own sockets are empty: a small request then waits until the next
// of the loops ends a slice, and not until its own does. One that sleeps is called: it sleeps in a
// second epoll, which holds its own and those of the others, and a busy loop's is armed in there for
// as long as it is busy. So an idle loop is woken by the arrival itself and not by the loop that has
// no time, and only if there is something to take.

/// One loop's sockets, as far as the others may see and take them.
final class LoopSockets: Sendable {
    /// Nanoseconds that a loop is busy before others look at its sockets; it has read by then what
    /// woke it.
    static var patienceNanoseconds: UInt64 { 5_000 }
    /// Most slots whose connections can be taken; connections in later ones stay where they are.
    static var slotsMax: Int { 1 << 16 }

    /// All that the loop waits for.
    let epoll: Int32
    let index: Int
    /// The loop's own epoll and the others', in which it sleeps.
    private let sleepEpoll: Int32
    /// When the loop last got work, or 0 while it has none.
    private let busySince = Atomic<UInt64>(0)
    private let isAsleep = Atomic<Bool>(false)
    private let hasCallsWaiting = Atomic<Bool>(false)
    /// In which loops' sleep this epoll is armed, a bit a loop.
    private let called = Atomic<UInt64>(0)
    /// The last slot on the stack of those whose connections were taken; -1 for none.
    private let lastTaken = Atomic<Int>(-1)
    private nonisolated(unsafe) let rows: UnsafeMutablePointer<Row>
    private let rowCount: Int

    /// What others may know of a slot.
    private struct Row: ~Copyable {
        /// The connection's serial and what may be done with it.
        let claim = Atomic<UInt64>(0)
        /// Touched by whoever the claim says.
        var connection: UnsafeMutablePointer<LoopConnection>?
        /// The slot below on the stack.
        var below = -1
    }

    /// The low bits of a claim: 0 while the loop itself uses the slot.
    private enum Claim {
        static var offered: UInt64 { 1 }
        static var taken: UInt64 { 2 }
    }

    /// Makes the epolls of a loop.
    ///
    /// - Parameters:
    ///   - index: The loop's number.
    ///   - slotCount: How many slots it may come to have.
    /// - Throws: `ServerError.loopFailed` at the process's descriptor limit.
    init(index: Int, slotCount: Int) throws(ServerError) {
        let epoll = tandemsys_epoll_create()
        guard epoll >= 0 else { throw Self.failure("make an epoll", epoll) }
        let sleepEpoll = tandemsys_epoll_create()
        guard sleepEpoll >= 0 else {
            Glibc.close(epoll)
            throw Self.failure("make an epoll", sleepEpoll)
        }
        self.index = index
        self.epoll = epoll
        self.sleepEpoll = sleepEpoll
        rowCount = min(slotCount, Self.slotsMax)
        rows = .allocate(capacity: rowCount)
        for slot in 0..<rowCount { (rows + slot).initialize(to: Row()) }
    }

    deinit {
        rows.deinitialize(count: rowCount)
        rows.deallocate()
        Glibc.close(sleepEpoll)
        Glibc.close(epoll)
    }

    /// Prepares to sleep so that all of these can wake the loop.
    func hear(_ all: [LoopSockets]) throws(ServerError) {
        for other in all {
            let interest = other.index == index ? tandemsys_epoll_in : 0
            let result = tandemsys_epoll_add(
                sleepEpoll, other.epoll, interest, UInt64(other.index))
            guard result >= 0 else { throw Self.failure("wait for other loops", result) }
        }
    }

    static func failure(_ action: String, _ result: Int32) -> ServerError {
        ServerError(
            .loopFailed,
            "cannot \(action): \(systemErrorText(Int(result))); raise the descriptor limit "
                + "(LimitNOFILE=) if it is used up", errorNumber: -result)
    }

    // MARK: Busy and idle

    /// Whether the loop polls or sleeps for want of work.
    var isIdle: Bool { busySince.load(ordering: .relaxed) == 0 }

    /// Whether calls that the loop has read wait for their turn.
    var isBehind: Bool { hasCallsWaiting.load(ordering: .relaxed) }

    /// Tells the others whether calls wait.
    func setBehind(_ isBehind: Bool) {
        if isBehind != self.isBehind { hasCallsWaiting.store(isBehind, ordering: .relaxed) }
    }

    /// The loop has work from now on.
    func begin(at now: UInt64) {
        busySince.store(max(now, 1), ordering: .sequentiallyConsistent)
    }

    /// The loop is out of work.
    func end() { busySince.store(0, ordering: .sequentiallyConsistent) }

    /// Sleeps until something of the own epoll is ready or a busy loop's, or for so long.
    ///
    /// - Parameters:
    ///   - milliseconds: -1 for ever.
    ///   - all: The loops, this one too.
    ///   - batch: Room for what epoll reports.
    /// - Returns: 0 or more, or a negated errno.
    func sleep(
        milliseconds: Int32, among all: [LoopSockets], _ batch: inout [tandemsys_ready]
    ) -> Int32 {
        // Either a loop that becomes busy sees that this one sleeps, or this one sees it busy.
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        defer { isAsleep.store(false, ordering: .relaxed) }
        for position in all.indices where position != index {
            let other = all[position]
            if other.busySince.load(ordering: .sequentiallyConsistent) != 0 { other.arm(self) }
        }
        let count = tandemsys_epoll_wait(sleepEpoll, &batch, Int32(batch.count), milliseconds)
        for position in 0..<max(0, Int(count)) where batch[position].token != UInt64(index) {
            // Reported once, then no longer armed.
            let caller = all[Int(batch[position].token)]
            caller.called.bitwiseAnd(~bit, ordering: .relaxed)
        }
        return count
    }

    /// Has what arrives from now on wake a loop that sleeps, if there is one.
    func call(_ all: [LoopSockets]) {
        for position in all.indices where position != index {
            let other = all[position]
            guard other.isAsleep.load(ordering: .sequentiallyConsistent) else { continue }
            return arm(other)
        }
    }

    /// The loop looks at its sockets itself again.
    func callOff(_ all: [LoopSockets]) {
        guard called.load(ordering: .relaxed) != 0 else { return }
        let armed = called.exchange(0, ordering: .acquiring)
        for position in all.indices where armed & all[position].bit != 0 {
            _ = tandemsys_epoll_modify(all[position].sleepEpoll, epoll, 0, UInt64(index))
        }
    }

    private func arm(_ other: LoopSockets) {
        guard other.bit != 0 else { return }
        let (before, _) = called.bitwiseOr(other.bit, ordering: .acquiringAndReleasing)
        guard before & other.bit == 0 else { return }
        _ = tandemsys_epoll_modify(
            other.sleepEpoll, epoll, tandemsys_epoll_in | tandemsys_epoll_once, UInt64(index))
    }

    /// The loop's bit in `called`; loops beyond the 64th are not called and find work by polling.
    private var bit: UInt64 { index < 64 ? 1 << UInt64(index) : 0 }

    // MARK: Offering and taking

    /// Where a slot's connection lies from now on.
    func place(_ connection: UnsafeMutablePointer<LoopConnection>, in slot: Int) {
        if slot < rowCount { rows[slot].connection = connection }
    }

    /// Nothing of a slot's connection is under way: another loop may take it.
    func offer(_ slot: Int, serial: UInt32) {
        guard slot < rowCount else { return }
        rows[slot].claim.store(UInt64(serial) << 2 | Claim.offered, ordering: .releasing)
    }

    /// The loop uses a slot's connection.
    ///
    /// - Returns: False if another loop has taken it: nothing of the slot may be touched.
    func withdraw(_ slot: Int) -> Bool {
        guard slot < rowCount else { return true }
        let claim = rows[slot].claim.load(ordering: .relaxed)
        if claim == 0 { return true }
        guard claim & 3 == Claim.offered else { return false }
        return rows[slot].claim.compareExchange(
            expected: claim, desired: 0, ordering: .acquiring
        ).exchanged
    }

    /// Takes a connection on which something arrived, if the loop has been busy for a while.
    ///
    /// Called by other loops.
    ///
    /// - Parameters:
    ///   - now: CLOCK_MONOTONIC nanoseconds.
    ///   - batch: Room for what epoll reports.
    ///   - target: The caller's slot, empty; gets the connection, which no epoll watches any more.
    /// - Returns: Whether there was one.
    func take(
        at now: UInt64, _ batch: inout [tandemsys_ready],
        into target: UnsafeMutablePointer<LoopConnection>
    ) -> Bool {
        let since = busySince.load(ordering: .relaxed)
        guard since != 0, now > since, now - since >= Self.patienceNanoseconds else {
            return false
        }
        let count = tandemsys_epoll_wait(epoll, &batch, Int32(batch.count), 0)
        for position in 0..<max(0, Int(count)) {
            if let (slot, serial) = ConnectionToken.parts(batch[position].token),
                take(slot, serial, into: target)
            {
                return true
            }
        }
        return false
    }

    private func take(
        _ slot: Int, _ serial: UInt32, into target: UnsafeMutablePointer<LoopConnection>
    ) -> Bool {
        guard slot < rowCount else { return false }
        let row = rows + slot
        let offer = UInt64(serial) << 2 | Claim.offered
        let isOurs = row.pointee.claim.compareExchange(
            expected: offer, desired: Claim.taken, ordering: .acquiring
        ).exchanged
        guard isOurs, let connection = row.pointee.connection else { return false }
        swap(&target.pointee, &connection.pointee)
        tandemsys_epoll_remove(epoll, target.pointee.descriptor)
        var below = lastTaken.load(ordering: .relaxed)
        while true {
            row.pointee.below = below
            let (isDone, found) = lastTaken.weakCompareExchange(
                expected: below, desired: slot, ordering: .releasing)
            if isDone { return true }
            below = found
        }
    }

    /// The slots whose connections were taken are the loop's again, one after the other.
    func reclaim(_ body: (Int) -> Void) {
        guard lastTaken.load(ordering: .relaxed) >= 0 else { return }
        var slot = lastTaken.exchange(-1, ordering: .acquiring)
        while slot >= 0 {
            let below = rows[slot].below
            rows[slot].claim.store(0, ordering: .relaxed)
            body(slot)
            slot = below
        }
    }
}

/// What epoll reports for a connection: its slot, and its serial, which tells it from earlier
/// connections there.
enum ConnectionToken {
    /// Tokens below this are not connections.
    private static var first: UInt64 { 0x1_0000 }

    /// The token of a connection.
    static func make(_ slot: Int, _ serial: UInt32) -> UInt64 {
        UInt64(serial) << 32 | (UInt64(slot) + first)
    }

    /// What it says, or nil if it is something else's.
    static func parts(_ token: UInt64) -> (slot: Int, serial: UInt32)? {
        let low = token & 0xFFFF_FFFF
        return low < first ? nil : (Int(low - first), UInt32(token >> 32))
    }
}
