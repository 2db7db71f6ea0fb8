import CTandemSystem
import Glibc
import Logging
import Testing

@testable import TandemServer

@Suite struct DaemonLogTests {
    @Test func `lets some lines of a kind through and says how many were left out`() {
        var rate = LogRate()
        for _ in 0..<LogRate.linesMax {
            let verdict = rate.admit("a:1", now: 5)
            #expect(verdict == .write(leftOut: 0))
        }
        var verdicts = [rate.admit("a:1", now: 6), rate.admit("a:1", now: 7)]
        #expect(verdicts == [.leaveOut, .leaveOut])
        verdicts = [
            rate.admit("b:2", now: 7), rate.admit("a:1", now: 5 + LogRate.windowNanoseconds),
            rate.admit("a:1", now: 6 + LogRate.windowNanoseconds),
        ]
        #expect(verdicts == [.write(leftOut: 0), .write(leftOut: 2), .write(leftOut: 0)])
    }

    @Test func `sends fields to the journal, one line each`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("journal")
        var address = sockaddr_un()
        let length = tandemsys_unix_address(path, path.utf8.count, &address)
        let journal = tandemsys_unix_socket(false, true)
        defer { close(journal) }
        try #require(tandemsys_bind(journal, &address, length) == 0)
        var log = Logger(label: "test") { _ in DaemonLog(isJournal: true, journalPath: path) }
        log.logLevel = .info
        log.error("model shop\nfailed", metadata: ["model": "shop", "version": "3"])
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = tandemsys_receive(journal, &bytes, bytes.count)
        try #require(count > 0)
        #expect(
            String(decoding: bytes[..<count], as: UTF8.self)
                == "MESSAGE=model shop failed\nPRIORITY=3\nSYSLOG_IDENTIFIER=tandemd\n"
                + "MODEL=shop\nVERSION=3\n")
    }
}
