import TandemRequest
import TandemWire
import Testing

@testable import TandemServer

/// Labels, policies, and versions that are still being copied.
@Suite struct RegistryLabelTests {
    private let running: RunningRegistry

    init() throws { running = try RunningRegistry() }

    private func loaded(_ running: RunningRegistry? = nil) -> [UInt64] {
        (running ?? self.running).registry.index(readyOnly: true).map(\.version)
    }

    /// The version that answers to a label, or why none does.
    private func version(_ label: String) -> Result<UInt64, RequestError> {
        var name = "tiny"
        var label = label
        return name.withUTF8 { name in
            label.withUTF8 { label in
                Result { () throws(RequestError) in
                    try running.registry.table.find(
                        TextView(UnsafeRawBufferPointer(name)),
                        .label(TextView(UnsafeRawBufferPointer(label)))
                    ).model.version
                }
            }
        }
    }

    @Test func `a request names a version by a label, and the highest serves the others`() throws {
        for version: UInt64 in [1, 2, 3] { running.source.publish(version) }
        running.source.label(["stable": 1, "canary": 3])
        _ = running.rescan()
        #expect(loaded() == [1, 3])
        #expect(try version("stable").get() == 1)
        #expect(try version("canary").get() == 3)
        let states = running.registry.index()
        #expect(states.map(\.labels) == [["stable"], [], ["canary"]])
        #expect(states.map(\.isCurrent) == [false, false, true])
    }

    @Test func `says which label was meant, and what to do where there is none`() {
        running.source.publish(1)
        running.source.label(["stable": 1])
        _ = running.rescan()
        guard case .failure(let error) = version("stabel") else {
            Issue.record("found a label that is not there")
            return
        }
        #expect(error.code == .labelUnknown)
        #expect(error.message.contains("did you mean 'stable'?"))
        running.source.label([:])
        _ = running.rescan()
        guard case .failure(let none) = version("stable") else {
            Issue.record("found a label that was removed")
            return
        }
        #expect(none.message.contains("tandem label"))
    }

    @Test func `a label to nowhere is refused when it is asked for, and harms nobody else`() {
        running.source.publish(1)
        running.source.label(["stable": 9])
        _ = running.rescan()
        #expect(loaded() == [1])
        guard case .failure(let error) = version("stable") else {
            Issue.record("a version that is not there answered")
            return
        }
        #expect(error.code == .versionUnknown && error.actual == 9)
    }

    @Test func `a label stays where it is until the version it shall name is ready`() throws {
        for version: UInt64 in [1, 3] { running.source.publish(version) }
        running.source.publish(2, isBroken: true)
        running.source.label(["stable": 1])
        _ = running.rescan()
        running.source.label(["stable": 2])
        _ = running.rescan()
        #expect(loaded() == [1, 3])
        #expect(try version("stable").get() == 1)
        running.source.mend(2)
        _ = running.rescan()
        #expect(try version("stable").get() == 2)
        #expect(loaded() == [2, 3])
    }

    @Test func `labels that cannot be read stay as they were, and are reported once`() throws {
        running.source.publish(1)
        running.source.publish(2)
        running.source.label(["stable": 1])
        _ = running.rescan()
        running.source.label(nil)
        _ = running.rescan()
        _ = running.rescan()
        #expect(try version("stable").get() == 1)
        #expect(running.problems.withLock { $0 }.count == 1)
    }

    @Test func `tells what labels there are, and checks one`() throws {
        running.source.publish(1)
        running.source.publish(2, isBroken: true)
        running.source.label(["stable": 1])
        #expect(try running.label("stable", 1).get() == [VersionLabel("stable", 1)])
        #expect(try running.label("", 0).get().count == 1)
        #expect(try running.label("gone", 0).get().count == 1)
        running.source.label(["stable": 2])
        guard case .failure(let error) = running.label("stable", 2),
            case .failure(let unknown) = running.label("stable", 2, of: "tinny")
        else {
            Issue.record("a label to a version that fails was taken for good")
            return
        }
        #expect(error.code == .labelMismatch && error.bound == 2 && error.actual == 1)
        #expect(error.message.contains("broken on purpose"))
        #expect(unknown.code == .modelUnknown)
    }

    @Test func `policy all loads every version, listed those with labels`() throws {
        let all = try RunningRegistry(policy: .all)
        let listed = try RunningRegistry(policy: .listed)
        for running in [all, listed] {
            for version: UInt64 in [1, 2, 3] { running.source.publish(version) }
            running.source.label(["stable": 2])
            _ = running.rescan()
        }
        #expect(loaded(all) == [1, 2, 3])
        #expect(loaded(listed) == [2])
        listed.source.label(["stable": 3])
        _ = listed.rescan()
        #expect(loaded(listed) == [3])
        listed.source.label([:])
        _ = listed.rescan()
        #expect(loaded(listed) == [3], "the last one stays until another is listed")
    }

    @Test func `a version whose directory went away gives way to a lower one`() {
        running.source.publish(1)
        running.source.publish(2)
        _ = running.rescan()
        running.source.remove(2)
        _ = running.rescan()
        #expect(loaded() == [1])
    }

    @Test func `waits for a version that is being copied, and tries it when it has changed`() {
        running.source.publish(1)
        _ = running.rescan()
        running.source.beginCopy(of: 2)
        running.follow()
        #expect(loaded() == [1])
        let state = running.registry.index()[1]
        #expect(state.state == .unavailable && state.reason == "half of it is there")
        #expect(running.registry.loadCounts.failed == 0)
        running.follow()
        #expect(running.source.loads == ["tiny/1", "tiny/2"], "not tried again unchanged")
        running.source.complete(2)
        running.source.touch()
        running.follow()
        #expect(loaded() == [2])
    }

    @Test func `tries a version that failed again when it changed or somebody asks`() {
        running.source.publish(1, isBroken: true)
        running.follow()
        running.follow()
        #expect(running.source.loads == ["tiny/1"])
        running.source.touch()
        running.follow()
        #expect(running.source.loads.count == 2)
        _ = running.rescan()
        #expect(running.source.loads.count == 3)
    }

    @Test func `a model whose directory cannot be read stays as it was`() {
        running.source.publish(1)
        _ = running.rescan()
        running.source.setUnreadable("tiny")
        _ = running.rescan()
        #expect(loaded() == [1])
        #expect(running.registry.index().count == 1)
    }
}
