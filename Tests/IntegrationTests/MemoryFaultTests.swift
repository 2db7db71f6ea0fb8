import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// A daemon that gets no memory or no descriptor, at one call of a load after the other.
@Suite(.serialized) struct MemoryFaultTests {
    private let daemon: DaemonProcess
    private let fault: String

    init() throws {
        daemon = try DaemonProcess()
        fault = daemon.folder.file("fault")
        try TinyShop.publish(to: daemon.repository, version: 1)
    }

    private func arm(_ call: Int32) throws {
        let file = open(fault, O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var number = call
        try #require(pwrite(file, &number, 4, 0) == 4)
    }

    /// How many calls are left until one fails.
    private func armed() throws -> Int32 {
        let file = open(fault, O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var number: Int32 = -1
        try #require(pread(file, &number, 4, 0) == 4)
        return number
    }

    @Test func `no memory at any allocation of a load leaves the old version serving`() throws {
        // At least the table's shard, its mapping, two decoders with two buffers and a context, the
        // tensors that are copied, the weights that are packed, and three workspaces.
        try failEachCall(
            of: "TANDEM_MEMORY_FAULT", saying: ["memory", "address space", "thread"], least: 20)
    }

    @Test func `no descriptor at any call of a load leaves the old version serving`() throws {
        // At least the manifest, and the shard of the table with the memory it is read into.
        try failEachCall(of: "TANDEM_DESCRIPTOR_FAULT", saying: ["Too many open files"], least: 3)
    }

    /// Lets the first call of a kind fail, then the second, until a load makes no more.
    private func failEachCall(of kind: String, saying words: [String], least: Int) throws {
        let options = [
            "--admin-socket", daemon.adminPath, "--threads", "1", "--load-threads", "2",
            "--no-watch",
        ]
        guard try daemon.startFaulty(options, [kind: fault]) else { return }
        // With a table that is large enough for a shard of its own.
        try TinyShop.publish(to: daemon.repository, version: 2, itemCount: 100_000)
        let admin = try daemon.connectAdmin()
        let load = ControlCall.modelLoad(model: "tiny", version: 2)
        let before = try daemon.connect().predict().tasks
        var failures = 0
        for call: Int32 in 1...1_000 {
            try arm(call)
            let answer = try admin.call(load)
            let isOver = try armed() > 0
            try arm(0)
            if let status = answer.status {
                failures += 1
                #expect(!isOver, "\(status.message)")
                let isSaid = words.contains { status.message.contains($0) }
                #expect(isSaid, "\(call): \(status.message)")
                let served = try daemon.connect().predict()
                #expect(served.version == 1)
                #expect(served.tasks == before)
            } else {
                let unload = ControlCall.modelUnload(
                    model: "tiny", version: 2, graceNanoseconds: 0)
                _ = try admin.call(unload)
            }
            if isOver { break }
        }
        #expect(try armed() == 0)
        #expect(failures >= least, "\(failures)")
        guard case .modelLoad(let loaded)? = try admin.call(load).control else {
            Issue.record("it does not load with memory")
            return
        }
        #expect(loaded.state == .ready)
    }
}
