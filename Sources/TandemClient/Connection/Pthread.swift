import Glibc

/// A detached thread of the system's.
enum Pthread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread that blocks every signal, so that none of the program's is taken by it.
    ///
    /// - Returns: 0, or the error number where there is no thread; `run` is not called then.
    static func start(_ run: @escaping @Sendable () -> Void) -> Int32 {
        var blocked = sigset_t()
        var previous = sigset_t()
        sigfillset(&blocked)
        // A thread inherits the mask of the one that makes it.
        pthread_sigmask(SIG_SETMASK, &blocked, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { body in
                if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            body.release()
            return result
        }
        pthread_detach(thread)
        return 0
    }
}
