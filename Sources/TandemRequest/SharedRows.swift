internal import CTandemKernels
internal import Synchronization
internal import TandemWire

// Design: blocks of a large request for whoever has time.
//
// The loop that took a request up offers its rows; it and loops that are idle take blocks from one
// counter, and each computes them in a lane of its own, straight into the answer. Which loop computes
// a row changes no bit of its score. Nobody is waited for before there is nothing else to do: the
// offer closes itself with its last block, and the owner goes on with other work and looks now and
// then whether those who entered have left.
//
//     entered = how many helpers are computing a block, plus `closed` when none may enter
//
// The plain fields change only while nobody is within and the offer is closed.
//
// A block in which a value is wrong is not anybody's refusal: its row is noted, the offer closes, and
// the owner computes the first such block once more and so meets the error itself. All blocks before
// it were computed, so it is the one that a loop alone would have met.

/// One request's rows, computed by its own loop and by others that are idle.
package final class SharedRows: Sendable {
    private static let closed = 1 << 32

    /// What helpers need to know of the request.
    struct Offer: @unchecked Sendable {
        let request: PredictView
        let rowCount: Int
        let scores: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>?>
        let widths: UnsafeMutableBufferPointer<Int>
    }

    private let entered = Atomic<Int>(SharedRows.closed)
    private let nextRow = Atomic<Int>(0)
    private let firstWrongRow = Atomic<Int>(.max)
    private let helperNanoseconds = Atomic<UInt64>(0)
    private let terms = UnsafeTerms()

    /// Written by the owner while nobody else may look.
    private final class UnsafeTerms: @unchecked Sendable {
        let offer = UnsafeMutablePointer<Offer?>.allocate(capacity: 1)
        let number = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)

        init() {
            offer.initialize(to: nil)
            number.initialize(to: 0)
        }

        deinit {
            offer.deinitialize(count: 1)
            offer.deallocate()
            number.deallocate()
        }
    }

    /// Nothing is offered.
    package init() {}

    /// Whether there are blocks to take.
    package var isOpen: Bool { entered.load(ordering: .relaxed) < Self.closed }

    /// Whether nothing is offered and nobody is computing.
    package var isFree: Bool { entered.load(ordering: .acquiring) == Self.closed }

    // MARK: The owner's side

    /// Offers all rows of a request.
    func open(_ offer: Offer) {
        precondition(isFree, "a request is offered after the last one's helpers have left")
        terms.offer.pointee = offer
        terms.number.pointee &+= 1
        nextRow.store(0, ordering: .relaxed)
        firstWrongRow.store(.max, ordering: .relaxed)
        helperNanoseconds.store(0, ordering: .relaxed)
        entered.store(0, ordering: .releasing)
    }

    /// From now on nobody takes a block.
    func close() { entered.bitwiseOr(Self.closed, ordering: .acquiringAndReleasing) }

    /// A row at or after the start of a block in which a value is wrong; nil if there is none.
    var wrongBlock: Int? {
        let row = firstWrongRow.load(ordering: .acquiring)
        return row == .max ? nil : row
    }

    /// What helpers spent on the request.
    var helpedNanoseconds: UInt64 { helperNanoseconds.load(ordering: .acquiring) }

    // MARK: A helper's side

    /// Being within: the request and its answer's memory stay until `leave`.
    package struct Visit {
        let offer: Offer
        /// Another for each request.
        let number: UInt64
    }

    /// Enters if there are blocks to take; `leave` follows.
    package func enter() -> Visit? {
        var now = entered.load(ordering: .acquiring)
        while now < Self.closed {
            let (exchanged, original) = entered.compareExchange(
                expected: now, desired: now + 1, ordering: .acquiringAndReleasing)
            if exchanged {
                guard let offer = terms.offer.pointee else { break }
                return Visit(offer: offer, number: terms.number.pointee)
            }
            now = original
        }
        return nil
    }

    /// Some nanoseconds were spent on the request by a helper that is within.
    func addHelp(_ nanoseconds: UInt64) { helperNanoseconds.add(nanoseconds, ordering: .relaxed) }

    /// Ends a visit.
    package func leave() {
        entered.subtract(1, ordering: .acquiringAndReleasing)
    }

    // MARK: Both

    /// A block of at most `count` rows that is now the caller's; nil when all are taken.
    ///
    /// Taking the last one closes the offer.
    func takeBlock(_ offer: Offer, _ count: Int) -> Range<Int>? {
        guard firstWrongRow.load(ordering: .relaxed) == .max else { return nil }
        let row = nextRow.add(count, ordering: .relaxed).oldValue
        if row + count >= offer.rowCount { close() }
        return row < offer.rowCount ? row..<min(row + count, offer.rowCount) : nil
    }

    /// A block holds a wrong value: nobody needs to go on.
    func giveUp(block row: Int) {
        firstWrongRow.min(row, ordering: .acquiringAndReleasing)
        close()
    }
}
