package import TandemEngine
package import TandemRequest
package import TandemWire

/// One version of a model in memory, with everything that serving it needs.
///
/// Immutable but for what belongs to one loop each. It lives as long as a table names it or a loop
/// may still be computing with it; its memory then goes back to the system.
package final class LoadedModel: Sendable {
    /// What a request is checked against and computed by.
    package let model: ServableModel
    /// What each loop needs of its own, by the loop's number.
    package let parts: [LoopPart]
    /// The answer to `modelMetadata`, but for the versions.
    package let metadata: ModelMetadata
    /// Memory in bytes, as `ModelVersionState` divides it.
    package let memory: MemoryFigures
    /// A `tandem.v1.PredictRequest` that it answers, serialised; nil if its package has none.
    package let warmUp: [UInt8]?

    /// Bytes of memory by what holds it.
    package struct MemoryFigures: Hashable, Sendable {
        /// Embedding tables.
        package var tables = 0
        /// Other weights.
        package var dense = 0
        /// Packed weights.
        package var plan = 0
        /// Workspaces of all loops.
        package var arenas = 0

        /// Nothing.
        package init() {}
    }

    /// What one loop alone uses.
    package final class LoopPart: @unchecked Sendable {
        /// Computes requests that are answered as they are read, or in one go.
        package let session: PredictSession
        /// Compute large requests block by block, while small ones go through `session`.
        ///
        /// In one lane, in which more urgent ones take their turn between two blocks.
        package let longSessions: [PredictSession]
        /// Computes blocks of other loops' large requests, in the same lane.
        package let helper: SharedRowComputer
        /// Counts them.
        ///
        /// Behind a pointer for the loop's own use; others ask the loop.
        package let counters: UnsafeMutablePointer<ModelCounters>

        /// Large requests of a model that may have begun on one loop, each of a higher priority
        /// than the one before.
        private static let longSessionCount = 4

        let arenaBytes: Int

        init(
            _ model: ServableModel, _ limits: WireLimits, _ clock: @escaping @Sendable () -> UInt64
        ) throws(EngineError) {
            let lane = try PredictLane(model)
            let longLane = try PredictLane(model)
            session = try PredictSession(model, lane: lane, limits: limits, clock: clock)
            longSessions = try (0..<Self.longSessionCount).map { (_) throws(EngineError) in
                try PredictSession(model, lane: longLane, limits: limits, clock: clock)
            }
            helper = SharedRowComputer(model, lane: longLane, clock: clock)
            arenaBytes = lane.byteCount + longLane.byteCount
            counters = .allocate(capacity: 1)
            counters.initialize(to: ModelCounters())
        }

        deinit {
            counters.deinitialize(count: 1)
            counters.deallocate()
        }
    }

    /// Makes a model ready for a number of loops: takes and touches their memory.
    ///
    /// - Throws: `EngineError` `outOfMemory`.
    package init(
        _ model: ServableModel, metadata: ModelMetadata, memory: MemoryFigures, loopCount: Int,
        limits: WireLimits, warmUp: [UInt8]? = nil, clock: @escaping @Sendable () -> UInt64
    ) throws(EngineError) {
        self.model = model
        self.warmUp = warmUp
        self.metadata = metadata
        parts = try (0..<loopCount).map { (_) throws(EngineError) in
            try LoopPart(model, limits, clock)
        }
        var memory = memory
        memory.arenas = parts.reduce(0) { $0 + $1.arenaBytes }
        self.memory = memory
    }
}
