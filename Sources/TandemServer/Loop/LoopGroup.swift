internal import Synchronization

/// What the loops of a daemon share: their mailboxes, sockets, listeners and limits.
package final class LoopGroup<Message: Sendable>: Sendable {
    /// One mailbox a loop.
    package let mailboxes: [LoopMailbox<Message>]
    /// What each loop waits for, and the others may take.
    let sockets: [LoopSockets]
    /// Listening sockets; every loop waits on all of them.
    package let listeners: [Listener]
    /// Limits at the start.
    package let limits: ServerLimits
    /// What each user has in flight.
    package let accounts = PeerAccounts()
    private let openCounts: [OpenCount]

    private final class OpenCount: Sendable {
        let count = Atomic<Int>(0)
        let bound: Atomic<Int>

        init(bound: Int) { self.bound = Atomic(bound) }
    }

    /// Makes mailboxes for `loopCount` loops.
    package init(
        loopCount: Int, listeners: [Listener], limits: ServerLimits
    ) throws(ServerError) {
        precondition(loopCount > 0, "a daemon has at least one loop")
        var made: [LoopMailbox<Message>] = []
        for _ in 0..<loopCount { made.append(try LoopMailbox()) }
        mailboxes = made
        let slotCount = Door.allCases.reduce(0) { $0 + limits.connectionsMax($1) } + 64
        var sockets: [LoopSockets] = []
        for index in 0..<loopCount {
            sockets.append(try LoopSockets(index: index, slotCount: slotCount))
        }
        if loopCount > 1 { for own in sockets { try own.hear(sockets) } }
        self.sockets = sockets
        self.listeners = listeners
        self.limits = limits
        openCounts = Door.allCases.map { OpenCount(bound: limits.connectionsMax($0)) }
    }

    /// Whether a loop has nothing to do just now.
    package func isIdle(_ loop: Int) -> Bool { sockets[loop].isIdle }

    /// Open connections behind a door.
    package func openCount(_ door: Door) -> Int {
        openCounts[Int(door.rawValue)].count.load(ordering: .relaxed)
    }

    /// Sends a message to every loop.
    package func postAll(_ message: LoopMessage<Message>) {
        for mailbox in mailboxes { mailbox.post(message) }
    }

    /// Wakes every loop, so that it refreshes its service.
    package func wakeAll() {
        for mailbox in mailboxes { mailbox.wake() }
    }

    /// Counts a connection in, if the door's limit allows one more.
    func admit(_ door: Door) -> Bool {
        let bound = connectionsMax(door)
        let count = openCounts[Int(door.rawValue)].count
            .add(1, ordering: .relaxed).newValue
        guard count <= bound else {
            openCounts[Int(door.rawValue)].count.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Counts a connection out.
    func leave(_ door: Door) {
        openCounts[Int(door.rawValue)].count.subtract(1, ordering: .relaxed)
    }

    /// The limit of a door.
    func connectionsMax(_ door: Door) -> Int {
        openCounts[Int(door.rawValue)].bound.load(ordering: .relaxed)
    }

    /// Has every loop go by other limits; connections over a lower one stay.
    package func change(_ limits: ServerLimits) {
        for door in Door.allCases {
            openCounts[Int(door.rawValue)].bound.store(
                limits.connectionsMax(door), ordering: .relaxed)
        }
        postAll(.limits(limits))
    }

    /// The loop with the fewest connections, `own` on a tie; it is counted in already.
    func chooseLoop(own: Int) -> Int {
        var best = own
        var bestCount = mailboxes[own].connectionCount.load(ordering: .relaxed)
        for index in mailboxes.indices {
            let count = mailboxes[index].connectionCount.load(ordering: .relaxed)
            if count < bestCount { (best, bestCount) = (index, count) }
        }
        mailboxes[best].connectionCount.add(1, ordering: .relaxed)
        return best
    }
}
