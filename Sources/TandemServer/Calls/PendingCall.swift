internal import TandemRequest
internal import TandemWire

/// A Predict that was not answered as it was read: it waits, is half done, or its answer waits to
/// be taken.
struct PendingCall {
    /// Where it stands.
    enum Phase {
        case waiting
        case begun
        /// Given up, but other loops are still within.
        case abandoned
        /// The answer's frame is in `frame`.
        case answered
        case refused(RequestError)
    }

    let buffers: CallBuffers
    let request: PredictView
    let caller: Caller
    let loaded: LoadedModel
    let account: PeerAccount?
    let entry: CallQueue.Entry
    /// When its last byte was read, and what decoding took; nanoseconds.
    let arrivedAt: UInt64
    let decodeNanoseconds: UInt64
    /// Bytes of its request.
    let byteCount: Int
    /// What computes it, once begun.
    var run: UnsafeMutablePointer<PredictRun>?
    /// The answer's frame, once begun.
    var frame = ByteQueue()
    var frameBytes = 0
    var waitNanoseconds: UInt64 = 0
    /// What was spent on it so far.
    var workedNanoseconds: UInt64 = 0
    var phase = Phase.waiting

    /// Nanoseconds that are expected to be left.
    var workLeft: UInt64 { entry.work > workedNanoseconds ? entry.work - workedNanoseconds : 0 }
}

/// The pending calls of a loop by number; numbers are used again.
///
/// In steady state taking and giving back a number allocates nothing.
final class PendingCalls {
    private var rows: [UnsafeMutablePointer<PendingCall>] = []
    private var isUsed: [Bool] = []
    private var free: [Int] = []

    /// Calls that there are.
    var count: Int { rows.count - free.count }

    /// The number that `insert` will give next.
    var nextToken: Int { free.isEmpty ? rows.count : free[free.count - 1] }

    /// Keeps a call under `nextToken`.
    func insert(_ call: PendingCall) -> Int {
        let token = free.popLast() ?? rows.count
        if token == rows.count {
            rows.append(.allocate(capacity: 1))
            isUsed.append(false)
            free.reserveCapacity(rows.count)
        }
        // Rows are kept allocated for the next call of the number.
        rows[token].initialize(to: call)
        isUsed[token] = true
        return token
    }

    /// A call that there is.
    subscript(token: Int) -> UnsafeMutablePointer<PendingCall> {
        precondition(isUsed[token], "no such call")
        return rows[token]
    }

    /// Gives up a call; its number is free.
    func remove(_ token: Int) {
        self[token].deinitialize(count: 1)
        isUsed[token] = false
        free.append(token)
    }

    /// The numbers of calls that a test holds for.
    func tokens(where test: (PendingCall) -> Bool) -> [Int] {
        rows.indices.filter { isUsed[$0] && test(rows[$0].pointee) }
    }

    deinit {
        for token in tokens(where: { _ in true }) {
            self[token].pointee.frame.free()
            remove(token)
        }
        for row in rows { row.deallocate() }
    }
}
