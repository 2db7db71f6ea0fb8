import Glibc
import TandemPackage
import TandemRequest
import TandemServingSupport
import TandemWire

@testable import TandemServer

/// Models in memory: versions of `TinyShop` that a test publishes, breaks and takes away.
final class MemorySource: ModelSource {
    private struct State {
        var versions: [String: [UInt64]] = [:]
        var broken: Set<UInt64> = []
        var incomplete: Set<UInt64> = []
        var labels: [String: UInt64]? = [:]
        var unreadable: Set<String> = []
        var stamp: UInt64 = 0
        var quality: [UInt64: Double] = [:]
        var loads: [String] = []
    }

    private let state = Locked(State())
    private let loading = Locked<@Sendable (LoadProgress) -> Void>({ _ in })

    /// Has something done while each version is being loaded.
    func whileLoading(_ body: @escaping @Sendable (LoadProgress) -> Void) {
        loading.withLock { $0 = body }
    }

    /// What was loaded, in order, such as `tiny/1`.
    var loads: [String] { state.withLock { $0.loads } }

    func publish(_ version: UInt64, of name: String = "tiny", isBroken: Bool = false) {
        state.withLock { state in
            state.versions[name, default: []].append(version)
            if isBroken { state.broken.insert(version) }
        }
    }

    func mend(_ version: UInt64) { _ = state.withLock { $0.broken.remove(version) } }

    func remove(_ name: String) { state.withLock { $0.versions[name] = nil } }

    func remove(_ version: UInt64) {
        state.withLock { $0.versions["tiny"]?.removeAll { $0 == version } }
    }

    /// Begins to copy a version; `complete` ends it.
    func beginCopy(of version: UInt64) {
        publish(version)
        _ = state.withLock { $0.incomplete.insert(version) }
    }

    /// Changes the files of versions, as a stamp shows.
    func touch() { state.withLock { $0.stamp += 1 } }

    /// Says how good a version's `click` is, as AUC.
    func rate(_ version: UInt64, _ auc: Double) { state.withLock { $0.quality[version] = auc } }

    func metadata(_ name: String, version: UInt64) -> ModelMetadata? { metadata(version) }

    private func metadata(_ version: UInt64) -> ModelMetadata {
        var metadata = ModelMetadata()
        metadata.version = version
        metadata.executor = "float"
        guard let auc = state.withLock({ $0.quality[version] }) else { return metadata }
        var figure = QualityFigure()
        (figure.metric, figure.value) = ("auc", auc)
        (figure.executor, figure.split) = ("float", "test")
        var task = TaskMetadata()
        task.name = "click"
        task.quality = [figure]
        metadata.tasks = [task]
        return metadata
    }

    func complete(_ version: UInt64) { _ = state.withLock { $0.incomplete.remove(version) } }

    /// Labels as the file has them; nil for a file that cannot be read.
    func label(_ labels: [String: UInt64]?) { state.withLock { $0.labels = labels } }

    func setUnreadable(_ name: String) {
        state.withLock { state in
            state.versions[name] = nil
            state.unreadable.insert(name)
        }
    }

    func list() throws(ServerError) -> RepositoryListing {
        state.withLock { state in
            var listing = RepositoryListing()
            listing.models = state.versions.mapValues {
                RepositoryListing.Model(versions: $0.sorted(), labels: state.labels)
            }
            listing.unreadable = state.unreadable
            if state.labels == nil { listing.problems = ["labels.toml: broken on purpose"] }
            return listing
        }
    }

    func stamp(_ name: String, version: UInt64) -> UInt64 { state.withLock { $0.stamp } }

    func load(
        _ name: String, version: UInt64, _ terms: LoadTerms, _ progress: LoadProgress
    ) throws(RequestError) -> LoadedModel {
        loading.withLock { $0 }(progress)
        let (isBroken, isIncomplete) = state.withLock { state in
            state.loads.append("\(name)/\(version)")
            return (state.broken.contains(version), state.incomplete.contains(version))
        }
        guard !isIncomplete else {
            throw RequestError(.modelNotReady, "half of it is there", model: name)
        }
        guard !isBroken else { throw RequestError(.loadFailed, "broken on purpose", model: name) }
        do {
            return try LoadedModel(
                try TinyShop.model(version: version, name: name, isHeavy: name == "heavy"),
                metadata: metadata(version),
                memory: LoadedModel.MemoryFigures(), loopCount: terms.loopCount,
                limits: terms.limits, clock: terms.clock)
        } catch {
            throw RequestError(.loadFailed, "\(error)", model: name)
        }
    }
}

/// A registry over a memory source with its loader running, asked and waited for.
final class RunningRegistry {
    let source = MemorySource()
    let registry: Registry
    private let loader: Loader
    private let thread: ServerThread

    /// Problems that were reported.
    let problems = Locked<[String]>([])

    init(
        loopCount: Int = 1, policy: VersionPolicy = .latest, gate: QualityGate? = nil,
        clock: @escaping @Sendable () -> UInt64 = { 0 }
    ) throws {
        let problems = problems
        registry = try Registry(
            source: source,
            terms: LoadTerms(
                loopCount: loopCount, threadCount: 1, limits: WireLimits(), clock: clock),
            policy: policy, gate: gate, wakeLoops: {},
            report: { event in
                if case .problem(let text) = event { problems.withLock { $0.append(text) } }
            })
        loader = Loader(registry)
        thread = try loader.start()
    }

    deinit {
        loader.end()
        thread.join()
    }

    func rescan() -> [ModelVersionState] { (try? rescan(only: "").get()) ?? [] }

    func rescan(only model: String) -> Result<[ModelVersionState], RequestError> {
        wait { self.registry.rescan(model: model, then: $0) }
    }

    /// A look because something changed, without anybody asking for it.
    func follow() {
        registry.follow()
        _ = label("", 0)
    }

    func label(
        _ label: String, _ version: UInt64, of name: String = "tiny"
    ) -> Result<[VersionLabel], RequestError> {
        wait { self.registry.label(model: name, label: label, version: version, then: $0) }
    }

    func load(_ version: UInt64, of name: String = "tiny") -> Result<
        ModelVersionState, RequestError
    > {
        wait { self.registry.load(model: name, version: version, then: $0) }
    }

    func unload(
        _ version: UInt64, of name: String = "tiny"
    ) -> Result<[ModelVersionState], RequestError> {
        wait { self.registry.unload(model: name, version: version, then: $0) }
    }

    /// Has every loop look at what there is, and the loader release what they left.
    func look() {
        for loop in 0..<registry.terms.loopCount { _ = registry.fetchTable(loop: loop) }
        // What failed is not tried again for it.
        follow()
    }

    /// Waits until the loader has done everything it was asked so far.
    func settle() { _ = rescan() }

    private func wait<Value: Sendable>(
        _ start: (@escaping @Sendable (Value) -> Void) -> Void
    ) -> Value {
        let done = Waiter<Value>()
        start { done.set($0) }
        return done.take()
    }

    private final class Waiter<Value: Sendable>: Sendable {
        private let value = Locked<Value?>(nil)

        func set(_ value: Value) { self.value.withLock { $0 = value } }

        func take() -> Value {
            while true {
                if let value = value.withLock({ $0 }) { return value }
                usleep(200)
            }
        }
    }
}
