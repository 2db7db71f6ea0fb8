import Testing

@testable import TandemServer

@Suite struct ByteQueueTests {
    private func bytes(_ queue: borrowing ByteQueue) -> [UInt8] { Array(queue.bytes) }

    private func append(_ values: [UInt8], to queue: inout ByteQueue) {
        values.withUnsafeBytes { queue.append($0) }
    }

    @Test func `gives back in order what was appended, however it is consumed`() {
        var queue = ByteQueue()
        defer { queue.free() }
        var next: UInt8 = 0
        var expected: UInt8 = 0
        // Sizes that fill the first buffer, wrap its gap and outgrow it.
        for round in 0..<400 {
            let values = (0..<(round % 61)).map { _ in
                next &+= 1
                return next
            }
            append(values, to: &queue)
            for value in queue.bytes.prefix(round % 47) {
                expected &+= 1
                #expect(value == expected)
            }
            queue.consume(min(queue.count, round % 47))
        }
        for value in queue.bytes {
            expected &+= 1
            #expect(value == expected)
        }
        #expect(expected == next)
    }

    @Test func `moves what waits to the front instead of growing when that makes room`() {
        var queue = ByteQueue()
        defer { queue.free() }
        append([UInt8](repeating: 7, count: 4_000), to: &queue)
        queue.consume(3_990)
        let capacity = queue.capacity
        _ = queue.reserve(4_000)
        #expect(queue.capacity == capacity)
        #expect(bytes(queue) == [UInt8](repeating: 7, count: 10))
    }

    @Test func `takes back an answer that was begun`() {
        var queue = ByteQueue()
        defer { queue.free() }
        append([1, 2, 3], to: &queue)
        append([4, 5], to: &queue)
        queue.truncate(to: 3)
        #expect(bytes(queue) == [1, 2, 3])
    }

    @Test func `lends the buffer that came back last`() {
        var pool = BufferPool()
        defer { pool.freeAll() }
        var first = pool.borrow()
        let base = first.base
        pool.giveBack(&first)
        #expect(first.base == nil)
        var second = pool.borrow()
        #expect(second.base == base)
        pool.giveBack(&second)
    }
}
