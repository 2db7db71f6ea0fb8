internal import CTandemSystem
internal import Glibc

// Design: what gave way must not hold up the end.
//
// A thread under SCHED_IDLE ends only when it gets a core, and a process only with its last thread:
// beside two busy programs on two cores, one that was loading 1 GiB was there 3.6 to 5.2 s after it
// had drained, and 0.05 s where another thread had called the idle ones back. Linux allows that where
// RLIMIT_NICE admits nice 0, so the unit says LimitNICE=+0.

/// A thread of our own.
///
/// Not Dispatch and not Task: their workers call setpriority, which the hardened unit's system-call
/// filter refuses, and their pools grow beyond the cores that the quota grants.
package struct ServerThread {
    private let id: pthread_t

    /// What the new thread is told.
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread that runs `body` once.
    ///
    /// - Parameters:
    ///   - name: For ps and top; cut to 15 bytes.
    ///   - body: What it does.
    /// - Throws: `ServerError.threadFailed` at the process's thread limit.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(ServerError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var id = pthread_t()
        let result = pthread_create(
            &id, nil,
            { pointer in
                guard let pointer else { return nil }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                tandemsys_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw ServerError(
                .threadFailed,
                "cannot start the thread \(name): \(systemErrorText(Int(result))); raise TasksMax= "
                    + "or lower --threads", errorNumber: result)
        }
        self.id = id
    }

    /// Lets it end unwaited for; it is not to be joined then.
    package func detach() { pthread_detach(id) }

    /// Waits until its body returned.
    package func join() { pthread_join(id, nil) }

    /// Waits until its body returned, for at most so long.
    ///
    /// - Returns: Whether it has; it is joined then, and not to be waited for again.
    package func join(nanoseconds: UInt64) -> Bool { tandemsys_join(id, nanoseconds) }

    /// Has all threads of the process give way no more, as far as the system allows it.
    ///
    /// For a process that is about to end, and for a load that gets next to nothing.
    package static func endGivingWay() {
        for id in all {
            var parameters = sched_param()
            // A thread that ended meanwhile, and one that may not: both stay as they are.
            _ = sched_setscheduler(id, SCHED_OTHER, &parameters)
        }
    }

    /// The process's threads.
    static var all: [pid_t] {
        guard let directory = opendir("/proc/self/task") else { return [] }
        defer { closedir(directory) }
        var ids: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let id = pid_t(name) { ids.append(id) }
        }
        return ids
    }
}
