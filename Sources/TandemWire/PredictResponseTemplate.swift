// Design: the engine computes scores in the answer's own bytes.
//
// The sizes of a Predict answer are known as soon as the rows are: so the frame is laid out first,
// everything but the numbers is written, and the engine gets a pointer for each task's [rows, width]
// block. No score is copied, and no varint stands in their way, because packed floats are raw.
//
// Two things make this possible:
// - What does not change between requests (model, version, names, kinds, widths) is encoded once,
//   when a plan is made for a task list: the template.
// - Floats must lie on 4-byte boundaries, and protobuf gives them any address. So each block has a
//   padding field before its array and one after it, 7 bytes together whatever the address is:
//   sizes, and with them all length prefixes, do not depend on where the frame will lie.
//
// protobuf-c reads back what is written here (tests compare), but could not write it: it would want
// the scores in an array of their own, and copy them.

/// One task of an answer: what its header says.
package struct TaskAnswer: Hashable, Sendable {
    /// The task's name.
    package var name: String
    /// What its numbers mean.
    package var kind: ScoreKind
    /// Numbers per row; at least 1.
    package var width: Int
    /// The task it is conditional on; empty for none.
    package var given: String

    /// Makes a header.
    package init(_ name: String, _ kind: ScoreKind, width: Int = 1, given: String = "") {
        self.name = name
        self.kind = kind
        self.width = width
        self.given = given
    }
}

/// One gate of an answer: what its header says.
package struct GateAnswer: Hashable, Sendable {
    /// The gate's name.
    package var name: String
    /// Number of experts; at least 1.
    package var experts: Int

    /// Makes a header.
    package init(_ name: String, experts: Int) {
        self.name = name
        self.experts = experts
    }
}

/// What does not change between the Predict answers of one model version and one task list.
package struct PredictResponseTemplate: Sendable {
    /// One array of `rows * width` floats with what stands before it.
    struct Block: Sendable {
        /// Field number in PredictResponse.
        var field: UInt8
        /// Field number of the array in the block's message.
        var arrayField: UInt8
        /// The block's other fields, encoded.
        var header: [UInt8]
        /// Floats per row.
        var width: Int
    }

    /// The fields model and version, encoded.
    let head: [UInt8]
    /// Tasks first, then gates.
    let blocks: [Block]
    /// How many of the blocks are tasks.
    package let taskCount: Int
    /// How many of the blocks are gates.
    package var gateCount: Int { blocks.count - taskCount }

    /// Encodes what stays.
    ///
    /// Allocates.
    ///
    /// - Precondition: Widths are 1 to 2^24.
    package init(model: String, version: UInt64, tasks: [TaskAnswer], gates: [GateAnswer] = []) {
        head = Self.bytes { writer in
            writer.text(1, model)
            writer.varintField(2, version)
        }
        taskCount = tasks.count
        blocks =
            tasks.map { task in
                precondition(1...(1 << 24) ~= task.width, "a task's width is out of range")
                let header = Self.bytes { writer in
                    writer.text(1, task.name)
                    writer.varintField(2, UInt64(task.kind.rawValue))
                    writer.varintField(3, UInt64(task.width))
                    writer.text(4, task.given)
                }
                return Block(field: 4, arrayField: 5, header: header, width: task.width)
            }
            + gates.map { gate in
                precondition(1...(1 << 24) ~= gate.experts, "a gate's width is out of range")
                let header = Self.bytes { writer in
                    writer.text(1, gate.name)
                    writer.varintField(2, UInt64(gate.experts))
                }
                return Block(field: 6, arrayField: 3, header: header, width: gate.experts)
            }
    }

    /// Encodes a few small fields into an array of their own.
    private static func bytes(_ write: (inout SmallWriter) -> Void) -> [UInt8] {
        var writer = SmallWriter()
        write(&writer)
        return writer.bytes
    }
}

/// Appends fields to an array; for what is encoded once.
private struct SmallWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func varintField(_ field: UInt8, _ value: UInt64) {
        guard value != 0 else { return }
        bytes.append(field << 3)
        varint(value)
    }

    mutating func text(_ field: UInt8, _ text: String) {
        guard !text.isEmpty else { return }
        bytes.append(field << 3 | 2)
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}
