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
        /// Computes one large request block by block, while small ones go through `session`.
        package let longSession: PredictSession
        /// Counts them.
        ///
        /// Behind a pointer for the loop's own use; others ask the loop.
        package let counters: UnsafeMutablePointer<ModelCounters>

        init(_ session: PredictSession, _ longSession: PredictSession) {
            self.session = session
            self.longSession = longSession
            counters = .allocate(capacity: 1)
            counters.initialize(to: ModelCounters())
        }

        deinit {
            counters.deinitialize(count: 1)
            counters.deallocate()
        }
    }

    /// Makes a model ready for a number of loops: takes and touches their memory.
    package init(
        _ model: ServableModel, metadata: ModelMetadata, memory: MemoryFigures, loopCount: Int,
        limits: WireLimits, warmUp: [UInt8]? = nil, clock: @escaping @Sendable () -> UInt64
    ) {
        self.model = model
        self.warmUp = warmUp
        self.metadata = metadata
        parts = (0..<loopCount).map { _ in
            LoopPart(
                PredictSession(model, limits: limits, clock: clock),
                PredictSession(model, limits: limits, clock: clock))
        }
        var memory = memory
        memory.arenas = parts.reduce(0) { $0 + $1.session.byteCount + $1.longSession.byteCount }
        self.memory = memory
    }
}
