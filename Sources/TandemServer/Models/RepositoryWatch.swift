internal import CTandemSystem
internal import Glibc
internal import TandemPackage

// Design: a change is a reason to look, and nothing more.
//
// inotify(7) tells that a directory changed; what is there is then read as if for the first time, so
// no event needs to be understood and none can be misunderstood. Watches are set before the look:
// what happens between them is seen by the look, what happens after by the watch. A look waits until
// nothing has happened for a while, so that a copy of a thousand files causes a few looks and not a
// thousand. Network file systems do not tell of changes made elsewhere: `tandem reload` does.

/// Tells when something in a repository has changed.
package final class RepositoryWatch: Sendable {
    private let repository: Repository
    private let inotify: Int32
    private let ending: Int32
    private let quietMilliseconds: Int32
    private let patienceMilliseconds: Int
    private let changed: @Sendable () -> Void
    private let failed: @Sendable (String) -> Void

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - path: The repository's directory.
    ///   - quietMilliseconds: How long nothing must happen before `changed` is called.
    ///   - patienceMilliseconds: How long changes may go on before it is called all the same.
    ///   - changed: Called on the watch's thread.
    ///   - failed: Told once why some directory is not watched.
    /// - Throws: `ServerError.loopFailed` at a limit of descriptors or watches.
    package init(
        path: String, quietMilliseconds: Int32 = 100, patienceMilliseconds: Int = 2_000,
        changed: @escaping @Sendable () -> Void, failed: @escaping @Sendable (String) -> Void
    ) throws(ServerError) {
        repository = Repository(path: path)
        self.quietMilliseconds = quietMilliseconds
        self.patienceMilliseconds = patienceMilliseconds
        self.changed = changed
        self.failed = failed
        inotify = tandemsys_watch_create()
        ending = tandemsys_eventfd()
        guard inotify >= 0, ending >= 0 else {
            // What is open is closed by deinit, which runs here too, since nothing is unset.
            let error = inotify < 0 ? inotify : ending
            throw ServerError(
                .loopFailed,
                "cannot watch the repository: \(systemErrorText(Int(error))); raise "
                    + "fs.inotify.max_user_instances or the descriptor limit, or switch watching off",
                path: path, errorNumber: -error)
        }
    }

    deinit {
        close(inotify)
        close(ending)
    }

    /// Starts the thread.
    ///
    /// - Throws: `ServerError.threadFailed`.
    package func start() throws(ServerError) -> ServerThread {
        // On the caller's thread: what changes from now on is seen.
        watchAll(isFirst: true)
        return try ServerThread(name: "tandem-watch") { self.run() }
    }

    /// Asks the thread to end.
    package func end() { _ = tandemsys_eventfd_signal(ending) }

    private func run() {
        while wait(-1) != .end {
            guard tandemsys_watch_take(inotify) == 1 else { continue }
            let start = tandemsys_monotonic_ns()
            settling: while true {
                switch wait(quietMilliseconds) {
                case .end: return
                case .quiet: break settling
                case .event: _ = tandemsys_watch_take(inotify)
                }
                let milliseconds = (tandemsys_monotonic_ns() - start) / 1_000_000
                if milliseconds > UInt64(patienceMilliseconds) { break }
            }
            watchAll(isFirst: false)
            changed()
        }
    }

    private enum Wake { case event, quiet, end }

    private func wait(_ milliseconds: Int32) -> Wake {
        var waits = [
            pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ending, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&waits, 2, milliseconds)
        if waits[1].revents != 0 { return .end }
        return count == 0 ? .quiet : .event
    }

    /// Watches the repository, its models and their versions.
    private func watchAll(isFirst: Bool) {
        var error = add(repository.path)
        for model in (try? repository.models()) ?? [] {
            guard let path = try? repository.path(model: model) else { continue }
            error = min(error, add(path))
            for version in (try? repository.versions(of: model).numbers) ?? [] {
                error = min(error, add("\(path)/\(version)"))
            }
        }
        // One that went away meanwhile is no problem: its parent tells.
        guard isFirst, error != 0, error != -ENOENT else { return }
        failed(
            "some directories of \(repository.path) are not watched: \(systemErrorText(Int(error))); "
                + "raise fs.inotify.max_user_watches, or tell of changes by `tandem reload`")
    }

    private func add(_ path: String) -> Int32 { tandemsys_watch_add(inotify, path) }
}
