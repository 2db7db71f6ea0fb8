import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// Models that come, go and fail under a real daemon.
@Suite(.serialized) struct DaemonModelTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    /// The states once no version answers its last requests any more.
    private func states(_ admin: RawConnection) throws -> [ModelVersionState] {
        while true {
            guard
                case .repositoryIndex(let states)? = try admin.call(
                    .repositoryIndex(readyOnly: false, model: "")
                ).control
            else { return [] }
            if !states.contains(where: { $0.state == .unloading }) { return states }
            usleep(1_000)
        }
    }

    @Test func `serves the highest version, and loads and unloads by request`() throws {
        try TinyShop.publish(to: daemon.repository, version: 2)
        try daemon.start()
        let data = try daemon.connect()
        let admin = try daemon.connectAdmin()
        #expect(try data.predict().version == 2)
        var found = try states(admin)
        #expect(found.map(\.version) == [1, 2])
        #expect(found.map(\.state) == [.unavailable, .ready])
        #expect(found.map(\.isCurrent) == [false, true])
        #expect(found[1].executor == "float" && found[1].arenaBytes > 0)

        guard
            case .modelLoad(let loaded)? = try admin.call(
                .modelLoad(model: "tiny", version: 1)
            ).control
        else {
            Issue.record("version 1 was not loaded")
            return
        }
        #expect(loaded.version == 1 && loaded.state == .ready)
        var message = TinyRequests.predict()
        message.version = .version(1)
        #expect(try data.predict(message).version == 1)
        #expect(try data.predict().version == 2)

        let unload = ControlCall.modelUnload(model: "tiny", version: 2, graceNanoseconds: 0)
        guard case .modelUnload(let unloaded)? = try admin.call(unload).control else {
            Issue.record("version 2 was not unloaded")
            return
        }
        #expect(unloaded.map(\.version) == [2])
        #expect(try data.predict().version == 1)
        message.version = .version(2)
        #expect(try data.predict(message).status?.details.first?.reason == "MODEL_NOT_READY")
        found = try states(admin)
        #expect(found.map(\.isCurrent) == [true, false])
    }

    @Test func `picks up a version that was published meanwhile, while it serves`() throws {
        try daemon.start(["--no-watch"])
        let data = try daemon.connect()
        let admin = try daemon.connectAdmin()
        #expect(try data.predict().version == 1)
        try TinyShop.publish(to: daemon.repository, version: 2)
        try TinyShop.publish(to: daemon.repository, version: 7, name: "other")
        guard
            case .reload(let changed, _, _)? = try admin.call(
                .reload(model: "", configuration: false)
            ).control
        else {
            Issue.record("no answer to reload")
            return
        }
        #expect(changed.map { "\($0.name)/\($0.version)" } == ["other/7", "tiny/1", "tiny/2"])
        #expect(try data.predict().version == 2)
        #expect(try data.predict(TinyRequests.predict(model: "other")).version == 7)
        #expect(try states(admin).map(\.state) == [.ready, .unavailable, .ready])
    }

    @Test func `follows the repository by itself, labels too`() throws {
        try daemon.start()
        let data = try daemon.connect()
        try TinyShop.publish(to: daemon.repository, version: 2)
        while try data.predict().version != 2 { usleep(10_000) }
        var stable = TinyRequests.predict()
        stable.version = .label("stable")
        #expect(try data.predict(stable).status?.details.first?.reason == "LABEL_UNKNOWN")

        let folder = try ScratchFolder()
        let label = try ToolProcess(
            [
                "label", daemon.repository + "/tiny", "stable=1", "--admin-socket",
                daemon.adminPath,
            ], in: folder)
        #expect(label.status == 0 && label.output == "stable=1\n", "\(label.errors)")
        #expect(try data.predict(stable).version == 1)
        #expect(try data.predict().version == 2)
        #expect(try states(try daemon.connectAdmin()).map(\.labels) == [["stable"], []])
        let reload = try ToolProcess(["reload", "--admin-socket", daemon.adminPath], in: folder)
        #expect(reload.status == 0)
    }

    @Test func `waits for a version that is copied slowly, and serves it when it is whole`() throws
    {
        try daemon.start()
        let data = try daemon.connect()
        let admin = try daemon.connectAdmin()
        let other = try ScratchFolder()
        let source = try TinyShop.publish(to: other.path, version: 2)
        let target = daemon.repository + "/tiny/2"
        #expect(mkdir(target, 0o755) == 0)
        // The manifest first, as a careless tool might do it, and half of it.
        try copy(source + "/manifest", to: target + "/manifest", byteCount: 200)
        while try !states(admin).contains(where: { $0.reason.contains("complete") }) {
            usleep(10_000)
        }
        #expect(try states(admin).map(\.state) == [.ready, .unavailable])
        #expect(try data.predict().version == 1)
        try copy(source + "/manifest", to: target + "/manifest")
        for name in try names(in: source) where name != "manifest" {
            try copy("\(source)/\(name)", to: "\(target)/\(name)")
        }
        while try data.predict().version != 2 { usleep(10_000) }
        #expect(!daemon.log.contains("was not loaded"))
    }

    @Test func `two daemons serve one repository`() throws {
        let second = try DaemonProcess()
        try daemon.start()
        try second.serve(daemon.repository)
        try TinyShop.publish(to: daemon.repository, version: 2)
        let connections = [try daemon.connect(), try second.connect()]
        for connection in connections {
            while try connection.predict().version != 2 { usleep(10_000) }
        }
    }

    /// Copies the first bytes of a file, or all of them.
    private func copy(_ source: String, to target: String, byteCount: Int = .max) throws {
        let from = tandemsys_open(source, O_RDONLY, 0)
        let to = tandemsys_open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer {
            close(from)
            close(to)
        }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = min(read(from, &bytes, bytes.count), byteCount)
        try #require(count > 0 && write(to, bytes, count) == count)
    }

    private func names(in path: String) throws -> [String] {
        let directory = try #require(opendir(path))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    @Test func `keeps the old version when the new one's self-check fails, and says so`() throws {
        try daemon.start()
        try TinyShop.publish(to: daemon.repository, version: 2, goldenRating: 4)
        let admin = try daemon.connectAdmin()
        let refused = try admin.call(.modelLoad(model: "tiny", version: 0))
        #expect(refused.status?.code == .failedPrecondition)
        #expect(refused.status?.message.contains("expected 4.0, computed 5.0") == true)
        #expect(try daemon.connect().predict().version == 1)
        let failed = try #require(try states(admin).last)
        #expect(failed.state == .failed)
        #expect(failed.reason.contains("the self-check failed"))
    }

    @Test func `refuses a damaged package, falls back to the version before, and lives`() throws {
        let path = try TinyShop.publish(to: daemon.repository, version: 2)
        let manifest = path + "/manifest"
        let descriptor = tandemsys_open(manifest, O_RDWR, 0)
        try #require(descriptor >= 0)
        var byte: UInt8 = 0
        #expect(pread(descriptor, &byte, 1, 100) == 1)
        byte ^= 1
        #expect(pwrite(descriptor, &byte, 1, 100) == 1)
        close(descriptor)
        try daemon.start()
        #expect(try daemon.connect().predict().version == 1)
        let found = try states(try daemon.connectAdmin())
        #expect(found.map(\.state) == [.ready, .failed])
        #expect(found[1].reason.contains(manifest))
        #expect(daemon.log.contains("model tiny version 2 was not loaded"))
    }

    @Test func `refuses a package whose own warm-up request is wrong`() throws {
        var wrong = TinyRequests.predict()
        wrong.candidates.removeFirst()
        try TinyShop.publish(to: daemon.repository, version: 2, warmUp: wrong)
        try daemon.start()
        let found = try states(try daemon.connectAdmin())
        #expect(found.map(\.state) == [.ready, .failed])
        #expect(found[1].reason.contains("warm-up"))
    }

    @Test func `says which model was meant, to load and to unload`() throws {
        try daemon.start()
        let admin = try daemon.connectAdmin()
        let load = try admin.call(.modelLoad(model: "tinny", version: 0))
        #expect(load.status?.code == .notFound)
        #expect(load.status?.message.contains("did you mean 'tiny'?") == true)
        let version = try admin.call(.modelLoad(model: "tiny", version: 9))
        #expect(version.status?.details.first?.reason == "VERSION_UNKNOWN")
        let unload = try admin.call(
            .modelUnload(model: "x", version: 0, graceNanoseconds: 0))
        #expect(unload.status?.code == .notFound)
    }

    @Test func `refuses an id that is in flight, and takes it again afterwards`() throws {
        try daemon.start()
        let admin = try daemon.connectAdmin()
        let load = ControlCall.modelLoad(model: "tiny", version: 1)
        admin.send(try TinyRequests.frame(id: 4, load) + TinyRequests.frame(id: 4, load))
        var codes: [StatusCode?] = []
        for _ in 0..<2 {
            let answer = try admin.answer()
            #expect(answer.id == 4)
            codes.append(answer.status?.code)
        }
        #expect(codes == [.alreadyExists, nil])
        admin.send(try TinyRequests.frame(id: 4, load))
        #expect(try admin.answer().status == nil)
    }

    @Test func `counts what it did`() throws {
        try daemon.start(["--threads", "2"])
        for _ in 0..<3 { _ = try daemon.connect().predict() }
        var wrong = TinyRequests.predict()
        wrong.candidates[1] = ColumnMessage("quality", .float32([1, .nan, 2]))
        _ = try daemon.connect().predict(wrong)
        _ = try daemon.connect().predict(TinyRequests.predict(model: "nope"))
        let admin = try daemon.connectAdmin()
        guard case .statistics(let statistics)? = try admin.call(.statistics(model: "")).control
        else {
            Issue.record("no statistics")
            return
        }
        #expect(statistics.server.loops == 2 && statistics.server.loads == 1)
        #expect(statistics.server.refusals.map(\.reason) == ["MODEL_UNKNOWN"])
        let model = try #require(statistics.models.first)
        #expect(model.successes == 3 && model.rows == 9)
        #expect(
            model.failures == [CodeCount(.invalidArgument, reason: "FEATURE_NOT_FINITE", count: 1)])
        #expect(model.rowsPerRequest.count == 3 && model.rowsPerRequest.maximum == 3)
        #expect(model.stages.first { $0.stage == .compute }?.durations.count == 3)
        #expect(model.features[2].name == "price" && model.features[2].rows >= 9)
    }
}
