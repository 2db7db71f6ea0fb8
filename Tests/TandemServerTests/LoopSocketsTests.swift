import CTandemSystem
import Glibc
import Synchronization
import Testing

@testable import TandemServer

/// Two loops' sockets without loops: a test is both.
@Suite struct LoopSocketsTests {
    /// A connection of loop 0 in a slot, and its other end.
    private struct Connected {
        let slot: Int
        let serial: UInt32
        let connection: UnsafeMutablePointer<LoopConnection>
        let peer: Int32

        init(_ sockets: LoopSockets, slot: Int, serial: UInt32) throws {
            var ends: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            peer = ends[1]
            self.slot = slot
            self.serial = serial
            connection = .allocate(capacity: 1)
            connection.initialize(to: LoopConnection())
            connection.pointee.descriptor = ends[0]
            connection.pointee.serial = serial
            sockets.place(connection, in: slot)
            let token = ConnectionToken.make(slot, serial)
            #expect(tandemsys_epoll_add(sockets.epoll, ends[0], tandemsys_epoll_in, token) == 0)
        }

        func say() {
            var byte: UInt8 = 1
            #expect(write(peer, &byte, 1) == 1)
        }

        func free(also target: UnsafeMutablePointer<LoopConnection>) {
            for row in [connection, target] {
                if row.pointee.descriptor >= 0 { close(row.pointee.descriptor) }
                row.deinitialize(count: 1)
                row.deallocate()
            }
            close(peer)
        }
    }

    private let busySince: UInt64 = 1_000
    private var later: UInt64 { busySince + LoopSockets.patienceNanoseconds }

    private func pair() throws -> [LoopSockets] {
        let all = [
            try LoopSockets(index: 0, slotCount: 4), try LoopSockets(index: 1, slotCount: 4),
        ]
        for own in all { try own.hear(all) }
        return all
    }

    private func target() -> UnsafeMutablePointer<LoopConnection> {
        let target = UnsafeMutablePointer<LoopConnection>.allocate(capacity: 1)
        target.initialize(to: LoopConnection())
        return target
    }

    private func take(
        _ sockets: LoopSockets, at now: UInt64, _ target: UnsafeMutablePointer<LoopConnection>
    ) -> Bool {
        var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: 8)
        return sockets.take(at: now, &batch, into: target)
    }

    @Test func `an offered connection on which something arrived is taken, and only once`() throws {
        let sockets = try pair()[0]
        let one = try Connected(sockets, slot: 2, serial: 7)
        let target = target()
        defer { one.free(also: target) }
        let descriptor = one.connection.pointee.descriptor
        sockets.begin(at: busySince)
        sockets.offer(one.slot, serial: one.serial)
        #expect(!take(sockets, at: later, target), "nothing arrived")
        one.say()
        #expect(take(sockets, at: later, target))
        #expect(target.pointee.descriptor == descriptor)
        #expect(one.connection.pointee.descriptor == -1)
        #expect(!take(sockets, at: later, target))
        #expect(!sockets.withdraw(one.slot), "it is the taker's")
        var reclaimed: [Int] = []
        sockets.reclaim { reclaimed.append($0) }
        #expect(reclaimed == [2])
        #expect(sockets.withdraw(one.slot))
    }

    @Test func `what is in use, withdrawn or another's serial is not taken`() throws {
        let sockets = try pair()[0]
        let one = try Connected(sockets, slot: 0, serial: 7)
        let target = target()
        defer { one.free(also: target) }
        sockets.begin(at: busySince)
        one.say()
        #expect(!take(sockets, at: later, target), "never offered")
        sockets.offer(one.slot, serial: one.serial + 1)
        #expect(!take(sockets, at: later, target), "the report is about an earlier connection")
        sockets.offer(one.slot, serial: one.serial)
        #expect(sockets.withdraw(one.slot))
        #expect(!take(sockets, at: later, target))
    }

    @Test func `nothing is taken from a loop that is idle or became busy a moment ago`() throws {
        let sockets = try pair()[0]
        let one = try Connected(sockets, slot: 0, serial: 1)
        let target = target()
        defer { one.free(also: target) }
        sockets.offer(one.slot, serial: one.serial)
        one.say()
        #expect(sockets.isIdle)
        #expect(!take(sockets, at: later, target))
        sockets.begin(at: busySince)
        #expect(!take(sockets, at: later - 1, target))
        sockets.end()
        #expect(!take(sockets, at: later, target))
    }

    @Test func `slots beyond the table stay with their loop`() throws {
        let sockets = try pair()[0]
        let one = try Connected(sockets, slot: 4, serial: 1)
        let target = target()
        defer { one.free(also: target) }
        sockets.begin(at: busySince)
        sockets.offer(one.slot, serial: one.serial)
        one.say()
        #expect(!take(sockets, at: later, target))
        #expect(sockets.withdraw(one.slot))
    }

    @Test func `a loop that sleeps is woken by what arrives at a busy one, not at an idle one`()
        throws
    {
        let all = try pair()
        let one = try Connected(all[0], slot: 0, serial: 1)
        let unused = target()
        defer { one.free(also: unused) }
        var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: 8)
        one.say()
        #expect(all[1].sleep(milliseconds: 0, among: all, &batch) == 0, "loop 0 is idle")
        all[0].begin(at: busySince)
        #expect(all[1].sleep(milliseconds: 1_000, among: all, &batch) == 1)
        #expect(batch[0].token == 0)
        // The busy loop is done: it looks itself.
        all[0].end()
        all[0].callOff(all)
        #expect(all[1].sleep(milliseconds: 0, among: all, &batch) == 0)
    }

    @Test func `a loop wakes by its own sockets`() throws {
        let all = try pair()
        let one = try Connected(all[0], slot: 0, serial: 1)
        let unused = target()
        defer { one.free(also: unused) }
        var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: 8)
        #expect(all[0].sleep(milliseconds: 0, among: all, &batch) == 0)
        one.say()
        #expect(all[0].sleep(milliseconds: 1_000, among: all, &batch) == 1)
    }

    @Test func `an owner and a taker never both get a connection`() async throws {
        let sockets = try pair()[0]
        let one = try Connected(sockets, slot: 1, serial: 1)
        one.say()
        sockets.begin(at: busySince)
        let rounds = 20_000
        let taken = Atomic<Int>(0)
        let round = Atomic<Int>(0)
        nonisolated(unsafe) let target = target()
        defer { one.free(also: target) }
        let (slot, serial) = (one.slot, one.serial)
        nonisolated(unsafe) let row = one.connection
        let later = later
        let thread = try ServerThread(name: "taker") {
            var batch = [tandemsys_ready](repeating: tandemsys_ready(), count: 8)
            while round.load(ordering: .acquiring) < rounds {
                guard sockets.take(at: later, &batch, into: target) else { continue }
                taken.add(1, ordering: .relaxed)
                // Gives it back as it was.
                swap(&target.pointee, &row.pointee)
                let token = ConnectionToken.make(slot, serial)
                _ = tandemsys_epoll_add(
                    sockets.epoll, row.pointee.descriptor, tandemsys_epoll_in, token)
                round.add(1, ordering: .releasing)
            }
        }
        var mine = 0
        var seen = 0
        sockets.offer(slot, serial: serial)
        while seen < rounds {
            if sockets.withdraw(slot) {
                mine += 1
                #expect(row.pointee.descriptor >= 0)
                seen = round.add(1, ordering: .acquiringAndReleasing).newValue
                sockets.offer(slot, serial: serial)
            } else {
                let before = seen
                while round.load(ordering: .acquiring) == before { sched_yield() }
                seen = round.load(ordering: .acquiring)
                sockets.reclaim { _ in }
                sockets.offer(slot, serial: serial)
            }
            if seen % 64 == 0 { sched_yield() }
        }
        thread.join()
        #expect(mine + taken.load(ordering: .relaxed) >= rounds)
    }
}
