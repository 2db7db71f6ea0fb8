import Glibc
import TandemRequest
import TandemServingSupport
import TandemWire

@testable import TandemServer

/// Models in memory: versions of `TinyShop` that a test publishes, breaks and takes away.
final class MemorySource: ModelSource {
    private struct State {
        var versions: [String: [UInt64]] = [:]
        var broken: Set<UInt64> = []
        var loads: [String] = []
    }

    private let state = Locked(State())

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

    func list() throws(ServerError) -> [String: [UInt64]] { state.withLock { $0.versions } }

    func load(
        _ name: String, version: UInt64, _ terms: LoadTerms
    ) throws(RequestError) -> LoadedModel {
        let isBroken = state.withLock { state in
            state.loads.append("\(name)/\(version)")
            return state.broken.contains(version)
        }
        guard !isBroken else { throw RequestError(.loadFailed, "broken on purpose", model: name) }
        do {
            return LoadedModel(
                try TinyShop.model(version: version, name: name), metadata: ModelMetadata(),
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

    init(loopCount: Int = 1) throws {
        registry = try Registry(
            source: source,
            terms: LoadTerms(
                loopCount: loopCount, threadCount: 1, limits: WireLimits(), clock: { 0 }),
            wakeLoops: {}, report: { _ in })
        loader = Loader(registry)
        thread = try loader.start()
    }

    deinit {
        loader.end()
        thread.join()
    }

    func rescan() -> [ModelVersionState] { wait { self.registry.rescan(then: $0) } }

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
