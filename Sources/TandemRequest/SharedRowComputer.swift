package import TandemFeatures
internal import TandemWire

/// Computes blocks of other loops' requests for one model on one loop.
package final class SharedRowComputer: @unchecked Sendable {
    private let computer: UnsafeMutablePointer<RowComputer>
    private let lane: PredictLane
    private let clock: @Sendable () -> UInt64
    private var opened: (owner: ObjectIdentifier, number: UInt64)?
    /// Whether slices of a block are left; until they are done, nothing else may compute in the
    /// lane.
    package var isWithinBlock: Bool { computer.pointee.hasSlices }

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

    /// Computes the next slice of a block of a request, or begins one if there is one left.
    ///
    /// - Parameters:
    ///   - rows: The request, for this computer's model.
    ///   - visit: The caller is within, until `isWithinBlock` is false.
    /// - Returns: Whether there was.
    /// - Complexity: As `PredictRun.advance`, and the context once a request. Allocates nothing.
    package func help(_ rows: SharedRows, _ visit: SharedRows.Visit) -> Bool {
        let start = clock()
        if !isWithinBlock {
            guard let block = rows.takeBlock(visit.offer, lane.blockRows) else { return false }
            begin(block, rows, visit)
        }
        if isWithinBlock { computer.pointee.computeSlice() }
        rows.addHelp(clock() &- start)
        return true
    }

    /// Encodes a block, or gives it up if something is wrong with its values.
    private func begin(_ block: Range<Int>, _ rows: SharedRows, _ visit: SharedRows.Visit) {
        let offer = visit.offer
        do throws(RequestError) {
            if opened?.owner != ObjectIdentifier(rows) || opened?.number != visit.number {
                opened = nil
                try computer.pointee.open(offer.request, countsContext: false)
                opened = (ObjectIdentifier(rows), visit.number)
            }
            _ = try computer.pointee.begin(
                block.lowerBound, block.count, scores: offer.scores, widths: offer.widths,
                clock: clock)
        } catch {
            rows.giveUp(block: block.lowerBound)
        }
    }
}
