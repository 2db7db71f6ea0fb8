internal import CTandemSystem
internal import Glibc
internal import TandemFeatures
import TandemNotation
package import TandemPackage
internal import TandemRequest
internal import TandemWire

// Design: loads beside serving run as SCHED_IDLE, on threads of their own.
//
// On two cores at 40 % load (Poisson arrivals, 420 us of work a request), normal loader threads
// raised the p99 from 3 to 15 ms and more; SCHED_IDLE ones at full speed lowered it to 1.9 ms,
// because the cores then never sleep. A thread that may not raise its own priority can never leave
// SCHED_IDLE again, so each load gets a fresh thread, and the loader itself stays as it was. At the
// start, until every model was tried once, loads run at normal priority: clients of the later ones
// wait, and giving way to whatever else the machine does took seconds for a small model. Giving
// memory back is work too, 0.1 s for 1 GiB, and is done in the same way.
//
// That was on threads that wake on their own core. Woken from another's, by a caller say, a loop
// waited up to 4 ms although the scheduler was called at once: SCHED_IDLE alone lets nobody go first
// since Linux 6.6. So threads that load also pause all the while (`GivingWay`).
//
// What is populated once a restart is over, 50 ms for 1 GiB, does not give way: where a thread may
// not return from SCHED_IDLE (`ServerThread`), the next restart waited 1.1 to 2.8 s for its end
// beside two busy programs, and 0.15 to 0.25 s without.

/// Carries out the registry's jobs, one at a time.
package struct Loader: Sendable {
    let registry: Registry
    private let settled: @Sendable () -> [ShardFile]
    private let isReady: @Sendable () -> Void

    /// Makes a loader for a registry.
    ///
    /// - Parameters:
    ///   - registry: What it changes.
    ///   - settled: Called on its thread after each job; says what to give back.
    ///   - isReady: Called once, after the first job, on a thread of its own.
    package init(
        _ registry: Registry, settled: @escaping @Sendable () -> [ShardFile] = { [] },
        isReady: @escaping @Sendable () -> Void = {}
    ) {
        self.registry = registry
        self.settled = settled
        self.isReady = isReady
    }

    /// Starts the thread.
    ///
    /// - Throws: `ServerError.threadFailed`.
    package func start() throws(ServerError) -> ServerThread {
        try ServerThread(name: "tandem-loader") { run() }
    }

    /// Asks the thread to end after the jobs that wait.
    package func end() { registry.jobs.add(.end) }

    /// How often versions that still answer their last requests are looked at.
    private static let leavingMilliseconds: Int32 = 50

    private func run() {
        var isFirst = true
        while true {
            switch registry.jobs.next(
                milliseconds: registry.hasLeaving ? Self.leavingMilliseconds : -1)
            {
            case .rescan(let model, let isAsked, let then):
                let changed = rescan(model, retriesFailed: isAsked)
                then(isKnown(model) ? .success(changed) : .failure(unknownModel(model)))
            case .label(let model, let label, let version, let then):
                then(readLabels(model, label, version))
            case .load(let model, let version, let then): then(load(model, version))
            case .unload(let model, let version, let then): then(unload(model, version))
            case .releaseRetired, nil: break
            case .end: return
            }
            release()
            dropAside(settled())
            if isFirst { try? ServerThread(name: "tandem-ready", body: isReady).detach() }
            isFirst = false
        }
    }

    /// Gives back the memory of versions that nobody uses any more.
    private func release() {
        registry.releaseRetired()
        let left = registry.takeLeft()
        guard !left.isEmpty else { return }
        let places = left.map(\.place)
        dropAside(consume left)
        registry.change { state in
            for version in places
            where state.models[version.name]?[version.number]?.state.state == .unloading {
                state.models[version.name]?[version.number]?.state.state = .unavailable
            }
        }
    }

    /// Drops the last references to memory on a thread that gives way; here if there is none.
    private func dropAside<Held: Sendable>(_ values: consuming [Held]) {
        guard !values.isEmpty else { return }
        let last = Locked(values)
        values = []
        try? aside { last.withLock { $0 = [] } }.join()
        last.withLock { $0 = [] }
    }

    /// A thread that gives way to those that serve, if the daemon is ready and settings say so.
    private func aside(_ body: @escaping @Sendable () -> Void) throws(ServerError) -> ServerThread {
        let table = registry.table
        let isServing = table.isComplete && table.models.contains { $0.current != nil }
        let givesWay = isServing && registry.terms.priority == .idle
        return try ServerThread(name: "tandem-load") {
            if givesWay { _ = tandemsys_set_idle_scheduling(true) }
            GivingWay.during(body)
        }
    }

    /// Waits for a thread, which gives way no more once it starves.
    private func wait(for thread: ServerThread) {
        var starvation = Starvation()
        while !thread.join(nanoseconds: Starvation.lookNanoseconds) {
            if starvation.look() { ServerThread.endGivingWay() }
        }
    }

    // MARK: Load

    private func load(_ name: String, _ version: UInt64) -> Result<ModelVersionState, RequestError>
    {
        do throws(ServerError) {
            note(try registry.source.list())
        } catch {
            return .failure(RequestError(.loadFailed, error.message, model: name))
        }
        let versions = registry.state.withLock { $0.models[name] ?? [:] }
        guard let highest = versions.filter({ $0.value.isOnDisk }).keys.max() else {
            return .failure(unknownModel(name))
        }
        let wanted = version == 0 ? highest : version
        guard let known = versions[wanted], known.isOnDisk else {
            let numbers = versions.keys.sorted().map(String.init).joined(separator: ", ")
            return .failure(
                RequestError(
                    .versionUnknown,
                    "model '\(name)' has no version \(wanted); there are \(numbers)", model: name,
                    actual: Int(clamping: wanted)))
        }
        registry.change { state in
            state.models[name]?[wanted]?.isHeldBack = false
            if version != 0 { state.models[name]?[wanted]?.isPinned = true }
        }
        if known.loaded != nil { return .success(stateOf(name, wanted)) }
        return loadVersion(name, wanted, version == 0 ? .serving : .nothing)
    }

    /// Loads one version on a thread of its own and enters the outcome.
    func loadVersion(
        _ name: String, _ version: UInt64, _ comparison: Comparison
    ) -> Result<ModelVersionState, RequestError> {
        // Before it is read: what changes meanwhile has another stamp.
        let stamp = registry.source.stamp(name, version: version)
        let progress = LoadProgress()
        registry.change { state in
            state.models[name]?[version]?.state.state = .loading
            state.models[name]?[version]?.state.reason = ""
            state.models[name]?[version]?.progress = progress
        }
        let start = tandemsys_monotonic_ns()
        let outcome = readVersion(name, version, comparison, progress)
        let duration = tandemsys_monotonic_ns() - start
        registry.change { state in
            state.models[name]?[version]?.progress = nil
            switch outcome {
            case .success(let loaded):
                state.loads += 1
                state.models[name]?[version]?.loaded = loaded
                state.models[name]?[version]?.state.fill(loaded, duration)
                state.models[name]?[version]?.failedStamp = nil
            case .failure(let error):
                let isWaiting = error.code == .modelNotReady
                if !isWaiting { state.failedLoads += 1 }
                state.models[name]?[version]?.state.state = isWaiting ? .unavailable : .failed
                state.models[name]?[version]?.state.reason = error.message
                state.models[name]?[version]?.failedStamp = stamp
            }
        }
        let state = stateOf(name, version)
        switch outcome {
        case .success:
            registry.report(.loaded(state))
            return .success(state)
        case .failure(let error):
            registry.report(
                error.code == .modelNotReady ? .waiting(state) : .failed(state, error.code))
            return .failure(error)
        }
    }

    private func readVersion(
        _ name: String, _ version: UInt64, _ comparison: Comparison, _ progress: LoadProgress
    ) -> Result<LoadedModel, RequestError> {
        let outcome = Outcome()
        do throws(ServerError) {
            let thread = try aside {
                outcome.set(
                    Result { () throws(RequestError) in
                        let loaded = try registry.source.load(
                            name, version: version, registry.terms, progress)
                        try check(loaded, name, comparison)
                        return loaded
                    })
                // What was read, and is packed now, lies free in the heap.
                tandemsys_release_heap()
            }
            wait(for: thread)
        } catch {
            return .failure(RequestError(.loadFailed, error.message, model: name))
        }
        return outcome.take()
            ?? .failure(RequestError(.serverFault, "loading ended without outcome", model: name))
    }

    private final class Outcome: Sendable {
        private let result = Locked<Result<LoadedModel, RequestError>?>(nil)

        func set(_ outcome: Result<LoadedModel, RequestError>) {
            result.withLock { $0 = outcome }
        }

        func take() -> Result<LoadedModel, RequestError>? { result.withLock { $0 } }
    }

    // MARK: Unload

    private func unload(
        _ name: String, _ version: UInt64
    ) -> Result<[ModelVersionState], RequestError> {
        let versions = registry.state.withLock { $0.models[name] ?? [:] }
        guard !versions.isEmpty else { return .failure(unknownModel(name)) }
        guard version == 0 || versions[version] != nil else {
            return .failure(
                RequestError(
                    .versionUnknown, "model '\(name)' has no version \(version)", model: name,
                    actual: Int(clamping: version)))
        }
        var unloaded: [ModelVersionState] = []
        for number in versions.keys.sorted() where version == 0 || number == version {
            let wasLoaded = versions[number]?.loaded != nil
            takeOut(name, number, "unloaded by request", isHeldBack: true)
            if wasLoaded { unloaded.append(stateOf(name, number)) }
        }
        return .success(unloaded)
    }

    func takeOut(
        _ name: String, _ version: UInt64, _ reason: String, isHeldBack: Bool
    ) {
        let wasLoaded = registry.state.withLock { $0.models[name]?[version]?.loaded != nil }
        registry.change { state in
            var fresh = Self.found(name, version)
            if let loaded = state.models[name]?[version]?.loaded {
                state.leaving.append(Registry.Leaving(place: (name, version), model: loaded))
                fresh.state.state = .unloading
            }
            fresh.isHeldBack = isHeldBack
            fresh.isOnDisk = state.models[name]?[version]?.isOnDisk ?? true
            fresh.state.reason = reason
            state.models[name]?[version] = fresh
        }
        if wasLoaded { registry.report(.unloaded(stateOf(name, version))) }
    }

    // MARK: States

    /// Whether there is a model of that name; all models have none.
    private func isKnown(_ name: String) -> Bool {
        name.isEmpty || registry.table.models.contains { $0.name == name }
    }

    func unknownModel(_ name: String) -> RequestError {
        let names = registry.table.models.map(\.name)
        return RequestError(
            .modelUnknown,
            "there is no model '\(name)'; \(NearestName.remedy(name, among: names))", model: name)
    }

    static func found(_ name: String, _ version: UInt64) -> Registry.Version {
        var entry = Registry.Version()
        entry.state.name = name
        entry.state.version = version
        entry.state.state = .unavailable
        return entry
    }

    func stateOf(_ name: String, _ version: UInt64) -> ModelVersionState {
        registry.index(model: name).first { $0.version == version } ?? ModelVersionState()
    }
}

extension ModelVersionState {
    /// Says that a version is ready.
    fileprivate mutating func fill(_ loaded: LoadedModel, _ duration: UInt64) {
        state = .ready
        reason = ""
        executor = loaded.model.executor
        tableBytes = UInt64(loaded.memory.tables)
        denseBytes = UInt64(loaded.memory.dense)
        planBytes = UInt64(loaded.memory.plan)
        arenaBytes = UInt64(loaded.memory.arenas)
        readyAtUnixNanoseconds = tandemsys_monotonic_ns() &+ ServerClock.unixOffset
        loadDurationNanoseconds = duration
    }
}
