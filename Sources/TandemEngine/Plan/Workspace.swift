import Glibc
import TandemGraph

/// The memory one request is computed in, made once and reused.
///
/// It holds inputs, intermediate values and outputs. Belongs to one thread at a time. Nothing in it grows; all of it is touched when it is made.
package final class Workspace: @unchecked Sendable {
    /// The most candidate rows.
    package let rowCountMax: Int
    /// The outputs that are computed; all unless said otherwise.
    package var tasks = TaskMask.all
    /// Candidate rows of the request at hand.
    var rowCount = 0

    private let plan: Plan
    private let storage: TensorStorage
    private let context: UnsafeMutableRawPointer
    private let candidateInput: UnsafeMutableRawPointer
    private let block: UnsafeMutableRawPointer
    private let scratch: UnsafeMutableRawPointer
    /// Bytes from one lane's block and scratch memory to the next's.
    private let laneBytes: Int
    private let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let ownOutputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>>

    /// Takes the memory for requests of up to `rowCountMax` candidates, and touches it.
    ///
    /// - Parameters:
    ///   - plan: What will be run.
    ///   - rowCountMax: The most candidates of a request.
    ///   - laneCount: Blocks that may run at the same time, each on a thread of its own.
    /// - Precondition: The memory can be had.
    package convenience init(_ plan: Plan, rowCountMax: Int, laneCount: Int = 1) {
        do throws(EngineError) {
            try self.init(ifPossible: plan, rowCountMax: rowCountMax, laneCount: laneCount)
        } catch { preconditionFailure(error.description) }
    }

    /// The same for a process that lives on where no memory can be had.
    ///
    /// - Throws: `EngineError` `outOfMemory`.
    package init(ifPossible plan: Plan, rowCountMax: Int, laneCount: Int = 1) throws(EngineError) {
        self.plan = plan
        self.rowCountMax = rowCountMax
        let lowered = plan.lowered
        let rows = lowered.candidateInputBytesPerRow * Self.capacity(rowCountMax)
        let own = plan.outputs.map { Self.rounded($0.width * rowCountMax * 4) }
        let scratchBytes = Self.rounded(lowered.scratchBytes)
        let total =
            lowered.contextBytes + Self.rounded(rows)
            + (lowered.blockBytes + scratchBytes) * laneCount + own.reduce(0, +)
        guard let storage = TensorStorage(lasting: total) else {
            throw EngineError(
                .outOfMemory, "workspace",
                "no memory of \(total) bytes to compute \(rowCountMax) rows in")
        }
        memset(storage.base, 0, total)
        self.storage = storage
        context = storage.base
        candidateInput = context + lowered.contextBytes
        block = candidateInput + Self.rounded(rows)
        scratch = block + lowered.blockBytes
        laneBytes = lowered.blockBytes + scratchBytes
        outputs = .allocate(capacity: max(own.count, 1))
        ownOutputs = .allocate(capacity: max(own.count, 1))
        var next = block + laneBytes * laneCount
        for (index, byteCount) in own.enumerated() {
            outputs[index] = next.assumingMemoryBound(to: Float.self)
            ownOutputs[index] = outputs[index]
            next += byteCount
        }
    }

    deinit {
        outputs.deallocate()
        ownOutputs.deallocate()
    }

    /// Bytes taken.
    package var byteCount: Int { storage.byteCount }

    /// Where an input's rows go: `rowCountMax` rows (1 for the context) of the port's width,
    /// row-major and without gaps.
    package func input(_ index: Int) -> UnsafeMutableRawPointer {
        let location = plan.lowered.inputs[index]
        return frame(rowStart: 0, rowCount: 1).address(location)
    }

    /// Where an output's rows are written: row-major, f32 `[rows, width]`.
    package func output(_ index: Int) -> UnsafeMutablePointer<Float> { outputs[index] }

    /// Has an output written elsewhere, such as into an answer's bytes; nil: to the own memory.
    ///
    /// - Precondition: The memory takes all rows of the requests that follow.
    package func redirectOutput(_ index: Int, to memory: UnsafeMutablePointer<Float>?) {
        outputs[index] = memory ?? ownOutputs[index]
    }

    func frame(rowStart: Int, rowCount: Int, lane: Int = 0) -> Frame {
        Frame(
            context: context, candidateInput: candidateInput, block: block + lane * laneBytes,
            scratch: scratch + lane * laneBytes,
            rowCapacity: Self.capacity(rowCountMax), rowStart: rowStart, rowCount: rowCount,
            tasks: tasks)
    }

    /// Rows that inputs are spaced by: a multiple of 16, so that each starts on a cache line.
    private static func capacity(_ rowCount: Int) -> Int { (rowCount + 15) / 16 * 16 }

    private static func rounded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
}
