/// What lowering makes of a graph: steps and the sizes of the memory they run in.
struct LoweredGraph: Sendable {
    var contextSteps: [Step] = []
    var candidateSteps: [Step] = []
    /// Where each graph input goes.
    var inputs: [Location] = []
    /// Where each graph output is found after a block.
    var outputs: [Location] = []
    var contextBytes = 0
    var blockBytes = 0
    var candidateInputBytesPerRow = 0
    var blockRowCount = 1
    var expertCountMax = 0
    var memory = Plan.Memory()
    var text = ""
}

extension Step: @unchecked Sendable {}
