import CTandemSystem
import Glibc
import TandemServingSupport
import TandemWire
import Testing

/// What peers, operators and the system do that nobody asked for.
@Suite(.serialized) struct UnexpectedEventTests {
    private let daemon: DaemonProcess

    init() throws {
        daemon = try DaemonProcess()
        try TinyShop.publish(to: daemon.repository)
    }

    @Test func `a descriptor that comes with a request is closed, and the request answered`()
        throws
    {
        try daemon.start()
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        for socket in [daemon.socketPath, daemon.adminPath] {
            let connection = try RawConnection(socket)
            let frame = try TinyRequests.frame(id: 1, .serverLive)
            let result = frame.withUnsafeBytes { bytes in
                tandemsys_send_descriptor_to(
                    connection.descriptor, bytes.baseAddress, bytes.count, ends[1], nil, 0)
            }
            #expect(result == 0)
            #expect(try connection.answer().control == .serverLive(true))
        }
        close(ends[1])
        // The end of the pipe is seen only when nobody has its other end any more.
        var byte: UInt8 = 0
        #expect(read(ends[0], &byte, 1) == 0)
    }

    @Test func `a client that has ended its side is answered all it asked, then let go`() throws {
        try daemon.start()
        let connection = try daemon.connect()
        for id: UInt64 in 1...3 {
            connection.send(
                try TinyRequests.frame(id: id, TinyRequests.predict(rows: id == 2 ? 3_000 : 3)))
        }
        connection.endSending()
        var answered: Set<UInt64> = []
        while let answer = try connection.receive() {
            #expect(answer.values("rating")?.prefix(3) == [1, 3, 5])
            answered.insert(answer.id)
        }
        #expect(answered == [1, 2, 3])
    }

    @Test func `a folder in which no socket can be made is refused by its path`() throws {
        // Not even root may make files in /proc.
        let path = "/proc/self/tandem.sock"
        try daemon.spawn(["--socket", path], bindsSocket: false)
        #expect(daemon.wait() == 71)
        #expect(daemon.log.contains(path))
        #expect(daemon.log.split(separator: "\n").count == 1)
    }

    @Test func `signals to reload during load disturb no answer`() throws {
        try daemon.start()
        let connection = try daemon.connect()
        for round: UInt64 in 0..<40 {
            for id in 1...4 {
                let rows = id % 2 == 0 ? 3 : 700
                connection.send(
                    try TinyRequests.frame(
                        id: round * 4 + UInt64(id), TinyRequests.predict(rows: rows)))
            }
            daemon.send(SIGHUP)
            for _ in 1...4 {
                let answer = try connection.answer()
                #expect(answer.values("rating")?.prefix(3) == [1, 3, 5])
            }
        }
        daemon.send(SIGTERM)
        while let answer = try connection.receive() { #expect(answer.goodbye != nil) }
        #expect(daemon.wait() == 0)
    }
}
