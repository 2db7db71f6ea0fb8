internal import CTandemSystem
internal import Glibc
internal import Synchronization
internal import TandemPackage
package import TandemRequest
package import TandemWire

// Design: one thread changes models, every loop reads them without a lock.
//
// What there is stands in an immutable `ModelTable`. A change makes another table, puts it in place
// and wakes the loops; each compares a generation number between two requests, and only if that
// differs takes the lock to fetch the table and say that it has left the one before. A table that
// every loop has left is released on the loader's thread. A version that is taken out is held until
// no table and no call in flight has it, and then released by the loader, so that giving a model's
// memory back to the system never stands in a request's way.
//
// Policy: the highest version that is ready answers requests without version. A look at the
// repository loads what `VersionPolicy` says and, once that is ready, unloads what nobody asked for
// by number. While no version of a model is ready, a highest version that fails gives way to the
// next lower one. What an administrator unloaded stays so until it is loaded by name. A version that
// fails, or is still being copied, is tried again when its files have changed.

/// The models: which there are, which are loaded, and the changes on their way.
package final class Registry: Sendable {
    /// What happened; for the log.
    package enum Event: Sendable {
        /// A version is ready, after so many nanoseconds.
        case loaded(ModelVersionState)
        /// A version could not be loaded, for a reason of that code.
        case failed(ModelVersionState, RequestError.Code)
        /// A version is not complete yet; what is missing is its reason.
        case waiting(ModelVersionState)
        /// A version was taken out of service.
        case unloaded(ModelVersionState)
        /// The repository could not be looked at.
        case unreadable(ServerError)
        /// Something in the repository is not as it should be; it is passed over.
        case problem(String)
    }

    struct Version {
        var state = ModelVersionState()
        var loaded: LoadedModel?
        /// Asked for by number: not unloaded for a higher version's sake.
        var isPinned = false
        /// Unloaded by an administrator: not loaded by policy.
        var isHeldBack = false
        var isOnDisk = true
        /// The version's stamp when it was last tried in vain.
        var failedStamp: UInt64?
        /// While it is being loaded.
        var progress: LoadProgress?

        /// The state as of now.
        var stateNow: ModelVersionState {
            var state = state
            if let progress {
                let (read, all) = progress.byteCounts
                state.loadedBytes = UInt64(clamping: read)
                state.totalBytes = UInt64(clamping: all)
            }
            return state
        }
    }

    /// A version that was taken out and may still answer its last requests.
    struct Leaving {
        let place: (name: String, number: UInt64)
        var model: LoadedModel
    }

    struct State {
        var models: [String: [UInt64: Version]] = [:]
        /// What labels name for requests, by model.
        var labels: [String: [String: UInt64]] = [:]
        /// What they should name, according to the repository.
        var wantedLabels: [String: [String: UInt64]] = [:]
        /// Problems that have been reported and are there still.
        var problems: Set<String> = []
        var isComplete = false
        var table = ModelTable(generation: 0, isComplete: false, models: [])
        var acknowledged: [Int]
        var retired: [ModelTable] = []
        var leaving: [Leaving] = []
        var loads: UInt64 = 0
        var failedLoads: UInt64 = 0
    }

    let source: any ModelSource
    let terms: LoadTerms
    let policy: VersionPolicy
    let gate: QualityGate?
    let jobs: WakingQueue<LoaderJob>
    let state: Locked<State>
    let report: @Sendable (Event) -> Void
    private let wakeLoops: @Sendable () -> Void
    private let currentGeneration = Atomic<Int>(0)

    /// Makes an empty registry; `Loader` fills it.
    ///
    /// - Parameters:
    ///   - source: Where models come from.
    ///   - terms: What they are loaded for.
    ///   - policy: Which versions are loaded.
    ///   - gate: Keeps out versions that are worse than the one that serves; nil for none.
    ///   - wakeLoops: Wakes every loop, which then fetch their table.
    ///   - report: Called on the loader's thread for each event.
    /// - Throws: `ServerError.loopFailed` at the descriptor limit.
    package init(
        source: any ModelSource, terms: LoadTerms, policy: VersionPolicy = .latest,
        gate: QualityGate? = nil, wakeLoops: @escaping @Sendable () -> Void,
        report: @escaping @Sendable (Event) -> Void
    ) throws(ServerError) {
        self.policy = policy
        self.gate = gate
        self.source = source
        self.terms = terms
        self.wakeLoops = wakeLoops
        self.report = report
        jobs = try WakingQueue()
        state = Locked(State(acknowledged: [Int](repeating: 0, count: terms.loopCount)))
    }

    // MARK: For loops

    /// The number of the newest table; one atomic load.
    package var generation: Int { currentGeneration.load(ordering: .acquiring) }

    /// The newest table, for a loop that leaves the one it had.
    package func fetchTable(loop: Int) -> ModelTable {
        let (table, hasRetired) = state.withLock { state in
            state.acknowledged[loop] = state.table.generation
            return (state.table, !state.retired.isEmpty)
        }
        if hasRetired { jobs.add(.releaseRetired) }
        return table
    }

    // MARK: For everyone

    /// The newest table.
    package var table: ModelTable { state.withLock { $0.table } }

    /// All versions of a model, or of all models if the name is empty, by name and version.
    package func index(model: String = "", readyOnly: Bool = false) -> [ModelVersionState] {
        let states = state.withLock { state in
            state.table.models
                .filter { model.isEmpty || $0.name == model }
                .flatMap(\.states)
                .map { entry in
                    guard entry.state == .loading else { return entry }
                    return state.models[entry.name]?[entry.version]?.stateNow ?? entry
                }
        }
        return readyOnly ? states.filter { $0.state == .ready } : states
    }

    /// How many loads succeeded, and how many failed.
    package var loadCounts: (succeeded: UInt64, failed: UInt64) {
        state.withLock { ($0.loads, $0.failedLoads) }
    }

    /// Asks the loader to look at the repository, because somebody wants it.
    ///
    /// - Parameters:
    ///   - model: The only model to look at; empty for all.
    ///   - then: Told the versions whose state changed, or that there is no such model.
    package func rescan(
        model: String = "",
        then: @escaping @Sendable (Result<[ModelVersionState], RequestError>) -> Void = { _ in }
    ) {
        jobs.add(.rescan(model: model, isAsked: true, then: then))
    }

    /// Asks the loader to look at the repository, because something in it changed.
    package func follow() { jobs.add(.rescan(model: "", isAsked: false, then: { _ in })) }

    /// Asks the loader to look at a model's labels, and load what they name.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - label: A label to check; empty for none.
    ///   - version: What that label must name; 0 for nothing.
    ///   - then: Told all labels, or why the label is not in force.
    package func label(
        model: String, label: String, version: UInt64,
        then: @escaping @Sendable (Result<[VersionLabel], RequestError>) -> Void
    ) {
        jobs.add(.label(model: model, label: label, version: version, then: then))
    }

    /// Asks the loader to load a version; 0 is the highest.
    package func load(
        model: String, version: UInt64,
        then: @escaping @Sendable (Result<ModelVersionState, RequestError>) -> Void
    ) {
        jobs.add(.load(model: model, version: version, then: then))
    }

    /// Asks the loader to unload a version; 0 is all of them.
    package func unload(
        model: String, version: UInt64,
        then: @escaping @Sendable (Result<[ModelVersionState], RequestError>) -> Void
    ) {
        jobs.add(.unload(model: model, version: version, then: then))
    }

    // MARK: For the loader

    /// Changes the models and shows the loops the outcome.
    func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            let generation = state.table.generation + 1
            let table = ModelTable(
                generation: generation, isComplete: state.isComplete,
                models: state.models.keys.sorted().map {
                    Self.entry($0, state.models[$0] ?? [:], state.labels[$0] ?? [:])
                })
            state.retired.append(state.table)
            state.table = table
            currentGeneration.store(generation, ordering: .releasing)
        }
        wakeLoops()
    }

    /// Releases the tables that every loop has left.
    func releaseRetired() {
        let released = state.withLock { state in
            let oldest = state.acknowledged.min() ?? 0
            let released = state.retired.filter { $0.generation < oldest }
            state.retired.removeAll { $0.generation < oldest }
            return released
        }
        // Dropped here, outside of the lock and on the loader's thread.
        withExtendedLifetime(released) {}
    }

    /// Whether versions that were taken out are still held.
    var hasLeaving: Bool { state.withLock { !$0.leaving.isEmpty } }

    /// The versions that were taken out and that nobody else holds any more.
    func takeLeft() -> [Leaving] {
        state.withLock { state in
            var left: [Leaving] = []
            for index in state.leaving.indices.reversed()
            where isKnownUniquelyReferenced(&state.leaving[index].model) {
                left.append(state.leaving.remove(at: index))
            }
            return left
        }
    }

    private static func entry(
        _ name: String, _ versions: [UInt64: Version], _ labels: [String: UInt64]
    ) -> ModelTable.Model {
        let ascending = versions.keys.sorted().compactMap { versions[$0] }
        let loaded = ascending.compactMap(\.loaded)
        let current = loaded.last?.model.version
        let sorted = labels.sorted { $0.key < $1.key }
        let states = ascending.map { version in
            var state = version.state
            state.isCurrent = state.version == current
            state.labels = sorted.filter { $0.value == state.version }.map(\.key)
            return state
        }
        return ModelTable.Model(
            name: name, loaded: loaded, states: states,
            labels: sorted.map { VersionLabel($0.key, $0.value) })
    }
}
