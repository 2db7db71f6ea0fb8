package import Synchronization

/// What another thread asks of a loop.
package enum LoopMessage<Message: Sendable>: Sendable {
    /// Serve an accepted connection.
    case adopt(descriptor: Int32, door: Door)
    /// Serve our own end of a socket pair, which is nobody's connection and counted nowhere.
    case adoptOwn(descriptor: Int32)
    /// Give the answer to a call that was taken up earlier.
    case reply(to: Caller, Message)
    /// Stop accepting and finish by this time (CLOCK_MONOTONIC nanoseconds).
    case drain(deadline: UInt64)
    /// Take a message that is for no connection.
    case tell(Message)
    /// Go by these limits from now on; stall times stay as they were at the start.
    case limits(ServerLimits)
}

/// Which call on which connection of a loop: where a later answer goes.
package struct Caller: Hashable, Sendable {
    /// The connection's slot in its loop.
    package let slot: Int
    /// Tells the connection from earlier ones in that slot.
    package let serial: UInt32
    /// The loop.
    package let loop: Int
    /// Which calls it may make.
    package let door: Door
    /// The call's id, once known.
    package var requestID: UInt64 = 0
}

/// How other threads reach a loop: messages, and an eventfd that wakes it.
///
/// Off the hot path: in steady state nobody posts. The counters are written by the loop alone.
package final class LoopMailbox<Message: Sendable>: Sendable {
    /// Open connections, and those on their way here.
    package let connectionCount = Atomic<Int>(0)
    /// Connections accepted by the loop since the start.
    package let acceptedCount = Atomic<UInt64>(0)
    /// Bytes received since the start.
    package let receivedBytes = Atomic<UInt64>(0)
    /// Bytes sent since the start.
    package let sentBytes = Atomic<UInt64>(0)
    private let messages: WakingQueue<LoopMessage<Message>>

    /// Makes an empty mailbox.
    ///
    /// - Throws: `ServerError.loopFailed` at the process's descriptor limit.
    package init() throws(ServerError) { messages = try WakingQueue() }

    /// Readable when a message waits.
    package var wakeDescriptor: Int32 { messages.wakeDescriptor }

    /// Leaves a message and wakes the loop.
    package func post(_ message: LoopMessage<Message>) { messages.add(message) }

    /// Wakes the loop, which then refreshes its service.
    package func wake() { messages.wake() }

    /// All messages, oldest first.
    ///
    /// Called by the loop.
    package func takeAll() -> [LoopMessage<Message>] { messages.takeAll() }

    // The loop is the only writer of its totals, so a load and a store are enough; an atomic
    // addition would lock the cache line for each request.

    func addAccepted() {
        acceptedCount.store(acceptedCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func addReceived(_ count: Int) {
        let total = receivedBytes.load(ordering: .relaxed) &+ UInt64(count)
        receivedBytes.store(total, ordering: .relaxed)
    }

    func addSent(_ count: Int) {
        let total = sentBytes.load(ordering: .relaxed) &+ UInt64(count)
        sentBytes.store(total, ordering: .relaxed)
    }

    func leave() { connectionCount.subtract(1, ordering: .relaxed) }
}
