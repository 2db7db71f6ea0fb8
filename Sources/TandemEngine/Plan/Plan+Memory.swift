// Design: the memory plan can be read.
//
// Offsets and lives are decided when a plan is made; what is printed here is what a workspace has.

extension Plan {
    /// The static memory plan as text, for people: what is fixed, and each buffer of a block with its
    /// bytes, its offset, and the steps from the first that writes it to the last that reads it.
    ///
    /// Steps are counted as in `steps`; buffers that nothing touches are left out.
    package var memoryText: String {
        let buffers = lowered.blockBuffers.filter { $0.lastStep >= 0 && $0.byteCount > 0 }
        let sum = buffers.reduce(0) { $0 + $1.byteCount }
        var lines = [
            "packed weights: \(memory.packedWeights) bytes",
            "tables and other parameters, where they were loaded: \(memory.parameters) bytes",
            "context, kept for the whole request: \(lowered.contextBytes) bytes",
            "scratch of the greediest step: \(lowered.scratchBytes) bytes",
            "a block of \(blockRowCount) rows: \(lowered.blockBytes) bytes for \(buffers.count) "
                + "buffers of \(sum) bytes in all",
        ]
        let ordered = buffers.sorted {
            ($0.firstStep, $0.byteOffset) < ($1.firstStep, $1.byteOffset)
        }
        for buffer in ordered {
            lines.append(
                "  bytes \(buffer.byteOffset) ..< \(buffer.byteOffset + buffer.byteCount), "
                    + "steps \(buffer.firstStep) ... \(buffer.lastStep)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
