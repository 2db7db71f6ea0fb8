import TandemEngine
import TandemGraph

/// Runs a plan over reference tensors, for comparison.
enum PlanRunner {
    static func run(
        _ plan: Plan, _ inputs: [String: ReferenceTensor], rowCount: Int,
        workspace: Workspace? = nil, by run: (() -> Void)? = nil
    ) -> [String: [Float]] {
        let workspace = workspace ?? Workspace(plan, rowCountMax: rowCount)
        for (index, port) in plan.inputs.enumerated() {
            guard let tensor = inputs[port.name] else { continue }
            switch tensor.elements {
            case .float32(let values): fill(workspace.input(index), values)
            case .int32(let values): fill(workspace.input(index), values)
            case .int64(let values): fill(workspace.input(index), values)
            case .bool(let values): fill(workspace.input(index), values)
            case .int8(let values): fill(workspace.input(index), values)
            case .uint8(let values): fill(workspace.input(index), values)
            }
        }
        if let run { run() } else { plan.run(workspace, rowCount: rowCount) }
        var outputs: [String: [Float]] = [:]
        for (index, port) in plan.outputs.enumerated() {
            outputs[port.name] = Array(
                UnsafeBufferPointer(start: workspace.output(index), count: rowCount * port.width))
        }
        return outputs
    }

    /// The rows of candidate tensors in another order or a part of them; the context unchanged.
    static func picked(
        _ inputs: [String: ReferenceTensor], _ graph: Graph, rows: [Int]
    ) -> [String: ReferenceTensor] {
        var result = inputs
        for id in graph.inputs where graph[id].type.rows == .candidate {
            guard let tensor = inputs[graph[id].name] else { continue }
            let width = tensor.rowElementCount
            func picked<Element>(_ values: [Element]) -> [Element] {
                rows.flatMap { values[$0 * width..<($0 + 1) * width] }
            }
            let elements: ReferenceTensor.Elements =
                switch tensor.elements {
                case .float32(let values): .float32(picked(values))
                case .int32(let values): .int32(picked(values))
                case .int64(let values): .int64(picked(values))
                case .bool(let values): .bool(picked(values))
                case .int8(let values): .int8(picked(values))
                case .uint8(let values): .uint8(picked(values))
                }
            result[graph[id].name] = ReferenceTensor(
                rowCount: rows.count, shape: tensor.shape, elements)
        }
        return result
    }

    private static func fill<Element>(_ memory: UnsafeMutableRawPointer, _ values: [Element]) {
        values.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(start: memory, count: source.count).copyMemory(
                from: source)
        }
    }
}
