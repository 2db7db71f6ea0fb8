import TandemWire
import Testing

@Suite struct ArenaAllocatorTests {
    @Test func `gives out all it has and not one byte more`() throws {
        let arena = try ArenaAllocator(capacity: 64)
        #expect(arena.allocate(UInt8.self, count: 63) != nil)
        #expect(arena.allocate(UInt8.self, count: 2) == nil)
        #expect(arena.isFull)
        arena.reset()
        #expect(!arena.isFull)
        #expect(arena.allocate(UInt8.self, count: 64) != nil)
        #expect(!arena.isFull)
        #expect(arena.allocate(UInt8.self, count: 1) == nil)
        #expect(arena.isFull)
    }

    @Test func `aligns what it gives out`() throws {
        let arena = try ArenaAllocator(capacity: 256)
        _ = arena.allocate(UInt8.self, count: 1)
        let wide = try #require(arena.allocate(UInt64.self, count: 2))
        #expect(UInt(bitPattern: wide) % 8 == 0)
        #expect(arena.usedBytes == 24)
    }

    @Test func `refuses counts whose bytes do not fit a number`() throws {
        let arena = try ArenaAllocator(capacity: 256)
        #expect(arena.allocate(UInt64.self, count: Int.max / 4) == nil)
        #expect(arena.allocate(UInt8.self, count: Int.max) == nil)
        #expect(arena.allocate(UInt8.self, count: -1) == nil)
        #expect(arena.usedBytes == 0)
    }

    @Test func `keeps small memory over a reset and gives large memory back`() throws {
        let page = 65_536
        let arena = try ArenaAllocator(capacity: 16 * page, keptBytes: page)
        let first = try #require(arena.allocate(UInt8.self, count: 16 * page))
        first[0] = 1
        first[8 * page] = 1
        arena.reset()
        let second = try #require(arena.allocate(UInt8.self, count: 16 * page))
        #expect(second == first)
        #expect(second[0] == 1)
        // A page that went back to the system reads as zeroes when it is touched again.
        #expect(second[8 * page] == 0)
    }

    @Test func `refuses a capacity that the address space does not have`() {
        #expect(throws: WireError.self) { try ArenaAllocator(capacity: 1 << 60) }
    }

    @Test func `stops a message of unknown fields that would take more than the cap`() throws {
        // Two bytes a field on the wire, 46 bytes and more in memory.
        var payload: [UInt8] = [0x08, 0x05]
        for _ in 0..<50_000 { payload += [0xA8, 0x06, 0x01] }
        let fixture = try WireFixture(arenaBytesMax: 1 << 20)
        let error = try #require(fixture.refusal(payload))
        #expect(error.code == .arenaFull)
        #expect(error.limit == "arena_bytes_max")
        #expect(error.bound == 1 << 20)
        #expect(error.requestID == 5)
        #expect(error.statusCode == .resourceExhausted)
        #expect(!error.losesFraming)
    }

    @Test func `stops a message of empty columns that would take more than the cap`() throws {
        // predict { candidates {} candidates {} ... }
        let columns = [UInt8](repeating: 0, count: 20_000).flatMap { _ in [0x4A, 0x00] as [UInt8] }
        let length = columns.count
        let payload: [UInt8] =
            [0x08, 0x05, 0x52]
            + [
                UInt8(length & 0x7F) | 0x80, UInt8(length >> 7 & 0x7F) | 0x80, UInt8(length >> 14),
            ] + columns
        let fixture = try WireFixture(arenaBytesMax: 1 << 20)
        #expect(fixture.refusal(payload)?.code == .arenaFull)
    }
}
