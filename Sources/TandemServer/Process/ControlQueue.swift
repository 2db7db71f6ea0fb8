internal import CTandemSystem
internal import Glibc
internal import Synchronization

/// What other threads have to tell the main thread.
final class ControlQueue: Sendable {
    let wakeDescriptor: Int32
    private let events = Mutex<[ControlEvent]>([])

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

    /// Leaves an event.
    func add(_ event: ControlEvent) {
        events.withLock { $0.append(event) }
        _ = tandemsys_eventfd_signal(wakeDescriptor)
    }

    /// All events, oldest first.
    func takeAll() -> [ControlEvent] {
        _ = tandemsys_eventfd_clear(wakeDescriptor)
        return events.withLock { events in
            let taken = events
            events = []
            return taken
        }
    }
}
