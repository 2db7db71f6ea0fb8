internal import CTandemSystem
internal import Glibc
internal import Synchronization
internal import TandemRequest
internal import TandemWire

/// What the loader is asked to do.
enum LoaderJob: Sendable {
    /// Look at the repository; an empty name means all models.
    case rescan(model: String, then: @Sendable ([ModelVersionState]) -> Void)
    /// Load a version; 0 is the highest.
    case load(
        model: String, version: UInt64,
        then: @Sendable (Result<ModelVersionState, RequestError>) -> Void)
    /// Unload a version; 0 is all of them.
    case unload(
        model: String, version: UInt64,
        then: @Sendable (Result<[ModelVersionState], RequestError>) -> Void)
    /// Release tables that no loop uses any more.
    case releaseRetired
    /// Stop.
    case end
}

/// Jobs for the loader's thread, first come, first done.
final class JobQueue: Sendable {
    private let wakeDescriptor: Int32
    private let waiting = Mutex<[LoaderJob]>([])

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

    /// Adds a job and wakes the loader.
    func add(_ job: LoaderJob) {
        waiting.withLock { $0.append(job) }
        _ = tandemsys_eventfd_signal(wakeDescriptor)
    }

    /// The next job; waits until there is one.
    func next() -> LoaderJob {
        while true {
            let job = waiting.withLock { waiting -> LoaderJob? in
                waiting.isEmpty ? nil : waiting.removeFirst()
            }
            if let job { return job }
            var event = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&event, 1, -1)
            _ = tandemsys_eventfd_clear(wakeDescriptor)
        }
    }
}
