import Foundation
import TandemGraph

@testable import TandemImport

/// A folder that `Tests/Interop/onnx_models.py` wrote.
struct InteropModel {
    /// One set of data: a request by the graph's names, and what the framework answers.
    struct Request {
        let rowCount: Int
        let inputs: [String: ReferenceTensor]
        let outputs: [(name: String, tensor: ReferenceTensor)]
    }

    let folder: String
    /// How far results may be off, times the larger of 1 and the expected size.
    let tolerance: Double
    /// Inputs that exist once a request.
    let context: Set<String>

    var name: String { (folder as NSString).lastPathComponent }
    var path: String { folder + "/model.onnx" }

    init(folder: String) throws {
        self.folder = folder
        let text = try String(contentsOfFile: folder + "/case.txt", encoding: .utf8)
        var facts: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { facts[words[0]] = words[1] }
        }
        tolerance = Double(facts["tolerance"] ?? "") ?? 1e-4
        context = Set((facts["context"] ?? "").split(separator: ",").map(String.init))
    }

    /// All sets of data, for a graph whose inputs and outputs stand in the model's order.
    func requests(for graph: Graph) throws -> [Request] {
        let sets = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("test_data_set_") }
        let onnxCase = ONNXCase(folder: folder)
        return try sets.indices.map { set in
            let given = try onnxCase.tensors("input", set: set)
            let expected = try onnxCase.tensors("output", set: set)
            var inputs: [String: ReferenceTensor] = [:]
            for (index, id) in graph.inputs.enumerated() {
                inputs[graph[id].name] = given[index]?.tensor
            }
            let outputs = graph.outputs.enumerated().compactMap { index, id in
                expected[index].map { (name: graph[id].name, tensor: $0.tensor) }
            }
            let sizes = outputs.compactMap(\.tensor.shape.first)
            return Request(rowCount: sizes.max() ?? 1, inputs: inputs, outputs: outputs)
        }
    }
}

extension ReferenceTensor {
    /// A batch, dimension 0, as rows; whole numbers as features give them.
    func rowByRow() -> ReferenceTensor {
        let narrow: Elements =
            switch elements {
            case .int64(let values): .int32(values.map { Int32(clamping: $0) })
            case .bool(let values): .int32(values.map { $0 ? 1 : 0 })
            default: elements
            }
        return ReferenceTensor(
            rowCount: shape.first ?? 1, shape: Array(shape.dropFirst()), narrow)
    }

    /// The largest difference of a number, over the larger of 1 and the expected size.
    func largestDifference(from expected: ReferenceTensor) -> Double {
        zip(numbers, expected.numbers)
            .map { ($0 - $1).magnitude / max(1, $1.magnitude) }.max() ?? 0
    }
}
