import TandemGraph

/// What lowering makes of a graph: steps and the sizes of the memory they run in.
///
/// Immutable once made; steps hold addresses of parameters that are never written.
struct LoweredGraph: @unchecked Sendable {
    var contextSteps: [PlannedStep] = []
    var candidateSteps: [PlannedStep] = []
    /// What look-ups by inputs will read.
    var contextHints: [LookupHint] = []
    var candidateHints: [LookupHint] = []
    /// Weights that steps read at their addresses.
    var packed: [Packing: PackedWeights] = [:]
    /// What the steps are and cost, in their order; nothing reads these while a plan runs.
    var contextNotes: [Plan.StepNote] = []
    var candidateNotes: [Plan.StepNote] = []
    /// Parameters that steps read at their addresses.
    var retained: [Tensor] = []
    /// Where each graph input goes.
    var inputs: [Location] = []
    /// Where each graph output is found after a block.
    var outputs: [Location] = []
    var contextBytes = 0
    var blockBytes = 0
    /// The block's buffers as they were placed; nothing reads them while a plan runs.
    var blockBuffers: [MemoryPlan.Buffer] = []
    var candidateInputBytesPerRow = 0
    var blockRowCount = 1
    /// Bytes of scratch memory that the greediest step uses.
    var scratchBytes = 0
    var memory = Plan.Memory()
    var text = ""
}
