internal import CTandemSystem
internal import Glibc

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
}
