internal import CTandemSystem
internal import Glibc
internal import Logging
internal import TandemPackage
internal import TandemRequest
internal import TandemWire

extension Server {
    /// Serves until the daemon is told to end and has drained.
    ///
    /// - Returns: The exit status: 0 after draining, 70 (EX_SOFTWARE) if a loop failed.
    package func run() -> Int32 {
        var exitStatus: Int32 = 0
        while openLoops > 0 {
            waitForEvents()
            for event in control.takeAll() {
                if case .loopEnded(let error?) = event {
                    log.critical("\(error.description)")
                    exitStatus = 70
                    drain(configuration.options.limits.drainNanoseconds)
                }
                follow(event)
            }
            feedWatchdog()
        }
        finish()
        ServerThread.endGivingWay()
        pool.depopulate(threads: Int(tandemsys_allowed_cores()))
        log.info("ended")
        return exitStatus
    }

    /// Sleeps until an event or the watchdog's time.
    private func waitForEvents() {
        var wait = pollfd(fd: control.wakeDescriptor, events: Int16(POLLIN), revents: 0)
        var timeout: Int32 = -1
        if let interval = notifier.watchdogNanoseconds {
            // Asked twice and fed twice an interval.
            timeout = Int32(clamping: interval / 4 / 1_000_000)
        }
        _ = poll(&wait, 1, timeout)
    }

    // MARK: Signals and events

    private func follow(_ request: ServerSignals.Request) {
        switch request {
        case .stop:
            guard !isDraining else {
                log.warning("told to stop a second time while draining: ending at once")
                removeSockets()
                _exit(1)
            }
            drain(configuration.options.limits.drainNanoseconds)
        case .reload:
            log.info("looking at the configuration and the repository again")
            notifier.reloading()
            _ = reloadConfiguration()
            let control = control
            registry.rescan { _ in control.add(.started) }
        }
    }

    private func follow(_ event: ControlEvent) {
        switch event {
        case .signal(let request): follow(request)
        case .loopEnded: openLoops -= 1
        case .drain(let timeout):
            drain(timeout == 0 ? configuration.options.limits.drainNanoseconds : timeout)
        case .started:
            guard !isDraining else { return }
            let status = statusLine()
            notifier.ready(status: status)
            log.info("\(status)")
            // What starting and loading run, serving does not. Not after later loads: loops would
            // fault what they run in again, beside a load that nobody is to notice.
            tandemsys_release_code()
        case .registry(let event): follow(event)
        case .reload(let then): then(rereadConfiguration())
        }
    }

    private func follow(_ event: Registry.Event) {
        switch event {
        case .loaded(let state):
            log.info(
                "model \(state.name) version \(state.version) is ready",
                metadata: Self.fields(state).merging([
                    "executor": "\(state.executor)",
                    "load_ms": "\(state.loadDurationNanoseconds / 1_000_000)",
                ]) { $1 })
        case .failed(let state, let code):
            log.error(
                "model \(state.name) version \(state.version) was not loaded: \(state.reason)",
                metadata: Self.fields(state).merging(["code": "\(code)"]) { $1 })
        case .unloaded(let state):
            log.info(
                "model \(state.name) version \(state.version) is out of service",
                metadata: Self.fields(state))
        case .waiting(let state):
            log.notice(
                "model \(state.name) version \(state.version): \(state.reason)",
                metadata: Self.fields(state))
        case .unreadable(let error):
            log.error("\(error.description)", metadata: ["code": "\(error.code)"])
        case .problem(let text): log.warning("\(text)")
        }
        if !isDraining { notifier.status(statusLine()) }
    }

    private static func fields(_ state: ModelVersionState) -> Logger.Metadata {
        ["model": "\(state.name)", "version": "\(state.version)"]
    }

    // MARK: Draining

    private func drain(_ nanoseconds: UInt64) {
        guard !isDraining else { return }
        isDraining = true
        log.info("draining")
        notifier.stopping(status: "draining")
        let (deadline, overflow) = tandemsys_monotonic_ns().addingReportingOverflow(nanoseconds)
        group.postAll(.drain(deadline: overflow ? .max : deadline))
    }

    // MARK: Watchdog

    /// Feeds the watchdog if every loop answered the last question rightly, then asks again.
    private func feedWatchdog() {
        guard let interval = notifier.watchdogNanoseconds, let watchdog, !isDraining else {
            return
        }
        let now = tandemsys_monotonic_ns()
        guard now &- askedAt >= interval / 4 else { return }
        if watchdog.hasGoodAnswers() {
            notifier.watchdog()
        } else if let complaint = watchdog.complaint {
            log.error("the watchdog is not fed: \(complaint)")
        }
        let asked = nextWatchdogModel()
        watchdog.ask { id in
            guard let asked, let warmUp = asked.warmUp else {
                return WatchdogQuestion.live(id: id)
            }
            return WatchdogQuestion.predict(
                id: id, warmUp: warmUp, model: asked.model.name, version: asked.model.version)
        }
        askedAt = now
    }

    /// The models take turns.
    private func nextWatchdogModel() -> LoadedModel? {
        let models = registry.table.models.flatMap(\.loaded).filter { $0.warmUp != nil }
        guard !models.isEmpty else { return nil }
        watchdogTurn += 1
        return models[watchdogTurn % models.count]
    }

    /// Makes the watchdog's connection to each loop, if the service manager has one set.
    func startWatchdog() throws(ServerError) {
        guard notifier.watchdogNanoseconds != nil else { return }
        var own: [Int32] = []
        for mailbox in group.mailboxes {
            var ends: [Int32] = [-1, -1]
            let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            guard socketpair(AF_UNIX, Int32(type), 0, &ends) == 0 else {
                throw ServerError(
                    .loopFailed,
                    "cannot make the watchdog's socket pair: \(systemErrorText(Int(errno))); raise "
                        + "the descriptor limit (LimitNOFILE=)", errorNumber: errno)
            }
            own.append(ends[0])
            mailbox.post(.adoptOwn(descriptor: ends[1]))
        }
        watchdog = try Watchdog(own)
    }

    /// Such as `serving shop/3, fraud/12; 1 failed`.
    private func statusLine() -> String {
        let states = registry.index()
        let serving = states.filter { $0.state == .ready }
            .map { "\($0.name)/\($0.version)" }
        let failed = states.count { $0.state == .failed }
        var text = serving.isEmpty ? "serving no model" : "serving "
        text += serving.prefix(16).joined(separator: ", ")
        if serving.count > 16 { text += " and \(serving.count - 16) more" }
        if failed > 0 { text += "; \(failed) failed" }
        return text
    }
}
