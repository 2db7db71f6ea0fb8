package import TandemFeatures
internal import TandemWire

/// Computes blocks of other loops' requests for one model on one loop.
package final class SharedRowComputer: @unchecked Sendable {
    private let computer: UnsafeMutablePointer<RowComputer>
    private let lane: PredictLane
    private let clock: @Sendable () -> UInt64
    private var opened: (owner: ObjectIdentifier, number: UInt64)?

    /// Makes one that computes in a lane which its loop's own requests use too.
    package init(
        _ model: ServableModel, lane: PredictLane, clock: @escaping @Sendable () -> UInt64
    ) {
        self.lane = lane
        self.clock = clock
        computer = .allocate(capacity: 1)
        computer.initialize(to: RowComputer(model, lane.memory))
    }

    deinit {
        computer.pointee.free()
        computer.deinitialize(count: 1)
        computer.deallocate()
    }

    /// What was seen of each feature, in the signature's order.
    package var featureCounts: [FeatureCounts] { computer.pointee.featureCounts }

    /// Computes one block of a request, if there is one left.
    ///
    /// - Parameters:
    ///   - rows: The request, for this computer's model.
    ///   - visit: The caller is within.
    ///   - rowsMax: Most rows of the block, at least 1; no more than the lane takes in any case.
    /// - Returns: Whether there was.
    /// - Complexity: As `PredictRun.advance`, and the context once a request. Allocates nothing.
    package func help(_ rows: SharedRows, _ visit: SharedRows.Visit, rowsMax: Int) -> Bool {
        let offer = visit.offer
        guard let block = rows.takeBlock(offer, min(lane.blockRows, rowsMax)) else { return false }
        let start = clock()
        do throws(RequestError) {
            if opened?.owner != ObjectIdentifier(rows) || opened?.number != visit.number {
                opened = nil
                try computer.pointee.open(offer.request, countsContext: false)
                opened = (ObjectIdentifier(rows), visit.number)
            }
            _ = try computer.pointee.compute(
                block.lowerBound, block.count, scores: offer.scores, widths: offer.widths,
                clock: clock)
        } catch {
            rows.giveUp(block: block.lowerBound)
        }
        rows.addHelp(clock() &- start)
        return true
    }
}
