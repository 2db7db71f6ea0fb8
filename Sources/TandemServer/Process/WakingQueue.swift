internal import CTandemSystem
internal import Glibc

/// Things that other threads leave for one thread, and an eventfd that wakes it.
///
/// Off the hot path: in steady state nobody leaves anything.
final class WakingQueue<Element: Sendable>: Sendable {
    /// Readable when something waits, or after `wake`; non-blocking.
    let wakeDescriptor: Int32
    private let waiting = Locked<[Element]>([])

    /// Makes an empty queue.
    ///
    /// - Throws: `ServerError.loopFailed` at the process's descriptor limit.
    init() throws(ServerError) {
        wakeDescriptor = tandemsys_eventfd()
        guard wakeDescriptor >= 0 else {
            throw ServerError(
                .loopFailed,
                "cannot make an eventfd: \(systemErrorText(Int(wakeDescriptor))); raise the "
                    + "descriptor limit (LimitNOFILE=)", errorNumber: -wakeDescriptor)
        }
    }

    deinit { close(wakeDescriptor) }

    /// Leaves something and wakes the reader.
    func add(_ element: Element) {
        waiting.withLock { $0.append(element) }
        wake()
    }

    /// Wakes the reader without leaving anything.
    func wake() { _ = tandemsys_eventfd_signal(wakeDescriptor) }

    /// Everything that was left, oldest first.
    func takeAll() -> [Element] {
        _ = tandemsys_eventfd_clear(wakeDescriptor)
        return waiting.withLock { waiting in
            let taken = waiting
            waiting = []
            return taken
        }
    }

    /// The oldest thing that was left; waits until there is one, or so long; -1 for ever.
    func next(milliseconds: Int32 = -1) -> Element? {
        while true {
            let first = waiting.withLock { waiting in
                waiting.isEmpty ? nil : waiting.removeFirst()
            }
            if let first { return first }
            var event = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
            if poll(&event, 1, milliseconds) == 0 { return nil }
            _ = tandemsys_eventfd_clear(wakeDescriptor)
        }
    }
}
