import CTandemSystem
import Glibc
import Synchronization
import TandemPackage
import TandemRequest
import TandemWire
import Testing

@testable import TandemServer

@Suite struct RegistryTests {
    private let running: RunningRegistry

    init() throws { running = try RunningRegistry() }

    /// States once every loop has seen the last change.
    private func states(_ name: String = "tiny") -> [ModelState] {
        running.look()
        return running.registry.index(model: name).map(\.state)
    }

    private var current: [UInt64] {
        running.registry.index().filter(\.isCurrent).map(\.version)
    }

    @Test func `loads the highest version only`() {
        for version: UInt64 in [1, 2, 10] { running.source.publish(version) }
        let changed = running.rescan()
        #expect(running.source.loads == ["tiny/10"])
        #expect(states() == [.unavailable, .unavailable, .ready])
        #expect(changed.count == 3)
        #expect(running.rescan().isEmpty)
        #expect(running.source.loads.count == 1)
    }

    @Test func `a higher version takes the place of the one that served`() {
        running.source.publish(1)
        _ = running.rescan()
        running.source.publish(2)
        _ = running.rescan()
        #expect(states() == [.unavailable, .ready])
        #expect(current == [2])
        #expect(running.registry.index()[0].reason == "version 2 took its place")
    }

    @Test func `a version that was asked for by number stays beside a higher one`() {
        running.source.publish(1)
        _ = running.load(1)
        running.source.publish(2)
        _ = running.rescan()
        #expect(states() == [.ready, .ready])
        #expect(current == [2])
    }

    @Test func `a version that fails leaves the old one serving, and is tried again`() {
        running.source.publish(1)
        _ = running.rescan()
        running.source.publish(2, isBroken: true)
        _ = running.rescan()
        #expect(states() == [.ready, .failed])
        #expect(current == [1])
        #expect(running.registry.index()[1].reason == "broken on purpose")
        running.source.mend(2)
        _ = running.rescan()
        #expect(states() == [.unavailable, .ready])
        #expect(running.registry.loadCounts.failed == 1)
    }

    @Test func `loads give way once the daemon is ready, and not before`() {
        let gaveWay = Locked<[Bool]>([])
        running.source.whileLoading { _ in
            let isIdle = tandemsys_has_idle_scheduling(0)
            gaveWay.withLock { $0.append(isIdle) }
        }
        running.source.publish(1)
        running.source.publish(1, of: "other")
        _ = running.rescan()
        running.source.publish(2)
        _ = running.rescan()
        #expect(gaveWay.withLock { $0 } == [false, false, true])
    }

    @Test func `a load that starves gives way no more`() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(13), &limit)
        guard geteuid() == 0 || limit.rlim_cur >= 20 else {
            return print("SKIPPED: starving loads: this user may not leave SCHED_IDLE")
        }
        running.source.publish(1)
        _ = running.rescan()
        let isDone = Atomic<Bool>(false)
        running.source.whileLoading { _ in
            // Works, under SCHED_IDLE at first, until it is called back.
            while tandemsys_has_idle_scheduling(0) {}
        }
        let busy = try (0..<tandemsys_allowed_cores()).map { _ in
            try ServerThread(name: "busy") { while !isDone.load(ordering: .relaxed) {} }
        }
        running.source.publish(2)
        _ = running.rescan()
        isDone.store(true, ordering: .relaxed)
        for thread in busy { thread.join() }
        #expect(current == [2])
    }

    @Test func `at the start a version that fails gives way to the next lower one`() {
        running.source.publish(1)
        running.source.publish(2, isBroken: true)
        running.source.publish(3, isBroken: true)
        _ = running.rescan()
        #expect(running.source.loads == ["tiny/3", "tiny/2", "tiny/1"])
        #expect(states() == [.ready, .failed, .failed])
    }

    @Test func `what was unloaded stays so until it is loaded by name`() throws {
        running.source.publish(1)
        _ = running.rescan()
        #expect(try running.unload(0).get().map(\.version) == [1])
        _ = running.rescan()
        #expect(states() == [.unavailable])
        #expect(try running.load(0).get().state == .ready)
        #expect(states() == [.ready])
    }

    @Test func `unloading the current version makes the next lower one current`() throws {
        running.source.publish(1)
        running.source.publish(2)
        _ = running.load(1)
        _ = running.load(2)
        #expect(current == [2])
        _ = try running.unload(2).get()
        #expect(current == [1])
    }

    @Test func `a model whose directory went away serves on until it is unloaded`() throws {
        running.source.publish(1)
        _ = running.rescan()
        running.source.remove("tiny")
        _ = running.rescan()
        #expect(states() == [.ready])
        _ = try running.unload(1).get()
        _ = running.rescan()
        #expect(running.registry.index().isEmpty)
    }

    @Test func `refuses models and versions that are not there`() {
        running.source.publish(1)
        guard case .failure(let model) = running.load(0, of: "tinny"),
            case .failure(let version) = running.load(2),
            case .failure(let unknown) = running.unload(1, of: "x"),
            case .failure(let other) = running.unload(3),
            case .failure(let looked) = running.rescan(only: "tinny")
        else {
            Issue.record("nothing was refused")
            return
        }
        #expect(model.code == .modelUnknown && version.code == .versionUnknown)
        #expect(unknown.code == .modelUnknown && other.code == .versionUnknown)
        #expect(looked.code == .modelUnknown && looked.message.contains("'tiny'"))
    }

    @Test func `keeps a model's memory until the last loop has left its table`() throws {
        let running = try RunningRegistry(loopCount: 2)
        running.source.publish(1)
        _ = running.rescan()
        weak var model: LoadedModel?
        var tables = [
            running.registry.fetchTable(loop: 0), running.registry.fetchTable(loop: 1),
        ]
        model = tables[0].models[0].current
        _ = try running.unload(1).get()
        running.settle()
        #expect(model != nil)
        tables[0] = running.registry.fetchTable(loop: 0)
        running.settle()
        #expect(model != nil)
        tables[1] = running.registry.fetchTable(loop: 1)
        running.settle()
        // The settling changed tables too: both loops look once more, as they do when woken.
        tables = [running.registry.fetchTable(loop: 0), running.registry.fetchTable(loop: 1)]
        running.settle()
        #expect(model == nil)
        #expect(tables[0].models[0].current == nil)
    }

    @Test func `a version that is taken out is UNLOADING until its last call has ended`() throws {
        running.source.publish(1)
        _ = running.rescan()
        var call = running.registry.fetchTable(loop: 0).models[0].current
        weak let model = call
        #expect(try running.unload(1).get().map(\.state) == [.unloading])
        #expect(states() == [.unloading])
        #expect(model != nil)
        call = nil
        while states() == [.unloading] {}
        #expect(states() == [.unavailable])
        #expect(model == nil)
        #expect(running.registry.index()[0].reason == "unloaded by request")
    }

    @Test func `tells how far a load is`() throws {
        let registry = running.registry
        let seen = Locked<[UInt64]>([])
        running.source.whileLoading { progress in
            progress.begin(10)
            progress.add(4)
            let state = registry.index()[0]
            seen.withLock { $0 = [state.loadedBytes, state.totalBytes] }
        }
        running.source.publish(1)
        _ = running.rescan()
        #expect(seen.withLock { $0 } == [4, 10])
        #expect(registry.index()[0].totalBytes == 0)
    }
}
