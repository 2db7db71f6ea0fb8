import CTandemSystem
import Glibc
import TandemServingSupport
import TandemTestSupport
import TandemWire
import Testing

/// A daemon whose address space is bounded closely above what it uses.
@Suite(.serialized) struct AddressLimitTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository, version: 1)
    }

    /// Bytes of the daemon's address space, from the first field of statm.
    private func addressSpace() throws -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = tandemsys_read_file("/proc/\(daemon.pid)/statm", &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let pages = try #require(text.split(separator: " ").first.flatMap { UInt64($0) })
        return pages * UInt64(getpagesize())
    }

    @Test func `a load that has no addresses is refused, and what served goes on`() throws {
        try daemon.start([
            "--admin-socket", daemon.adminPath, "--threads", "1", "--load-threads", "2",
            "--no-watch",
        ])
        try TinyShop.publish(to: daemon.repository, version: 2, itemCount: 100_000)
        let admin = try daemon.connectAdmin()
        let data = try daemon.connect()
        let load = ControlCall.modelLoad(model: "tiny", version: 2)
        // Once without a limit: threads have their heaps then.
        #expect(try admin.call(load).status == nil)
        let unload = ControlCall.modelUnload(model: "tiny", version: 2, graceNanoseconds: 0)
        _ = try admin.call(unload)
        let used = try addressSpace()
        var refused = 0
        let steps: [UInt64] = [0, 1, 2, 4, 8, 12, 15, 16, 17, 18, 20, 24, 28, 32, 48, 64, 1 << 20]
        for mebibytes in steps {
            try #require(AddressLimit.set(used + mebibytes << 20, of: daemon.pid))
            let answer = try admin.call(load)
            #expect(try data.predict(TinyRequests.predict(rows: 3)).values("rating") == [1, 3, 5])
            guard let status = answer.status else {
                _ = try admin.call(unload)
                continue
            }
            refused += 1
            let isSaid = ["memory", "address", "thread"].contains { status.message.contains($0) }
            #expect(isSaid, "\(mebibytes) MiB: \(status.message)")
        }
        #expect((1..<steps.count).contains(refused))
        try #require(AddressLimit.set(.max, of: daemon.pid))
        #expect(try admin.call(load).status == nil)
    }
}
