import Glibc

/// A thread of the system that runs one closure.
final class NativeThread: @unchecked Sendable {
    private var thread = pthread_t()
    private let body: @Sendable () -> Void

    /// Starts running the closure.
    ///
    /// - Precondition: The system has a thread to give.
    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<NativeThread>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "the system gives no thread (error \(status))")
    }

    /// Waits until the closure has returned.
    func join() { pthread_join(thread, nil) }
}
