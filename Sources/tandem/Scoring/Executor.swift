import ArgumentParser
import Glibc
import TandemEngine
import TandemFeatures
import TandemGraph

/// Which program of a package computes the scores.
enum ExecutorName: String, ExpressibleByArgument, CaseIterable {
    /// The int8 program on the engine, as the daemon runs it.
    case int8
    /// The float program on the engine.
    case float
    /// The float program by the reference executor.
    case reference

    /// The package's program that it runs.
    var programName: String { self == .int8 ? "int8" : "float" }
}

/// Computes the scores of encoded rows by one program.
///
/// Rows that follow one another with the same context are computed as one request, large ones by all
/// processors. Scores do not depend on that: a candidate's score is a function of its own row and its
/// context alone.
struct Executor {
    private enum Engine {
        case plan(Plan, ParallelExecutor)
        case reference(ReferenceExecutor)
    }

    private static let rowCountMax = 1024
    private let engine: Engine
    private let graph: Graph
    private let contextInputs: [Int]

    /// Prepares a program.
    init(_ name: ExecutorName, _ program: WeightedGraph) throws {
        graph = program.graph
        contextInputs = graph.inputs.indices.filter {
            program.graph[program.graph.inputs[$0]].type.rows != .candidate
        }
        if name == .reference {
            engine = .reference(try ReferenceExecutor(graph, program.tensors))
        } else {
            let plan = try Plan(graph, program.tensors)
            engine = .plan(
                plan,
                ParallelExecutor(
                    plan, rowCountMax: Self.rowCountMax, threadCount: Processors.count))
        }
    }

    /// The scores of encoded rows.
    ///
    /// - Parameters:
    ///   - inputs: One entry an input of the graph, rows end to end; context inputs have a row for
    ///     every row too.
    ///   - rowCount: How many rows there are.
    /// - Returns: One array an output, row-major.
    /// - Throws: `GraphError`, by the reference only.
    func scores(_ inputs: EncodedInputs, rowCount: Int) throws -> [[Float]] {
        var outputs = graph.outputs.map { id -> [Float] in
            var scores: [Float] = []
            scores.reserveCapacity(rowCount * (graph[id].type.rowElementCount ?? 0))
            return scores
        }
        var start = 0
        while start < rowCount {
            let end = endOfRequest(from: start, rowCount, inputs)
            try append(start..<end, inputs, to: &outputs)
            start = end
        }
        return outputs
    }

    private func endOfRequest(
        from start: Int, _ rowCount: Int, _ inputs: EncodedInputs
    ) -> Int {
        var end = start + 1
        let limit = min(rowCount, start + Self.rowCountMax)
        while end < limit, contextInputs.allSatisfy({ inputs.inputs[$0].isEqual(start, end) }) {
            end += 1
        }
        return end
    }

    private func append(
        _ range: Range<Int>, _ rows: EncodedInputs, to outputs: inout [[Float]]
    ) throws {
        switch engine {
        case .plan(let plan, let executor):
            let workspace = executor.workspace
            for index in plan.inputs.indices {
                let isContext = plan.inputs[index].rows != .candidate
                let source = isContext ? range.lowerBound..<range.lowerBound + 1 : range
                rows.inputs[index].copy(source, to: workspace.input(index))
            }
            executor.run(rowCount: range.count)
            for (index, port) in plan.outputs.enumerated() {
                outputs[index] += UnsafeBufferPointer(
                    start: workspace.output(index), count: range.count * port.width)
            }
        case .reference(let reference):
            var inputs: [String: ReferenceTensor] = [:]
            for (index, id) in graph.inputs.enumerated() {
                let value = graph[id]
                let isContext = value.type.rows != .candidate
                let source = isContext ? range.lowerBound..<range.lowerBound + 1 : range
                inputs[value.name] = ReferenceTensor(
                    rowCount: source.count, shape: value.type.fixedSizes ?? [],
                    rows.inputs[index].elements(source, isFloat: value.type.dtype == .float32))
            }
            let results = try reference.run(inputs, rowCount: range.count)
            for (index, id) in graph.outputs.enumerated() {
                guard let result = results[graph[id].name] else { continue }
                for row in 0..<range.count {
                    let width = result.rowElementCount
                    let from = result.rowCount == 1 ? 0 : row * width
                    outputs[index] += result.floats[from..<from + width]
                }
            }
        }
    }
}

extension EncodedInput {
    /// Whether two rows are the same.
    fileprivate func isEqual(_ left: Int, _ right: Int) -> Bool {
        let byteCount = rowStride * 4
        return memcmp(base + left * byteCount, base + right * byteCount, byteCount) == 0
    }

    /// Copies rows to an executor's memory.
    fileprivate func copy(_ rows: Range<Int>, to memory: UnsafeMutableRawPointer) {
        let byteCount = rowStride * 4
        memory.copyMemory(
            from: base + rows.lowerBound * byteCount, byteCount: rows.count * byteCount)
    }

    /// Rows as the reference takes them.
    fileprivate func elements(_ rows: Range<Int>, isFloat: Bool) -> ReferenceTensor.Elements {
        let first = base + rows.lowerBound * rowStride * 4
        let count = rows.count * rowStride
        return isFloat
            ? .float32(copied(first, count)) : .int32(copied(first, count))
    }

    private func copied<Element>(_ first: UnsafeMutableRawPointer, _ count: Int) -> [Element] {
        Array(
            UnsafeBufferPointer(start: first.assumingMemoryBound(to: Element.self), count: count))
    }
}
