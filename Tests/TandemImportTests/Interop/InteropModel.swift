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
        /// What the float model answers of which a quantised one was made.
        let floats: [(name: String, tensor: ReferenceTensor)]
    }

    let folder: String
    /// How far results may be off, times the larger of 1 and the expected size.
    let tolerance: Double
    /// Inputs that exist once a request.
    let context: Set<String>
    /// Columns of other inputs that do.
    let contextColumns: [String: Range<Int>]
    /// The number of rows that the model was exported with, if it takes no other as it is.
    let frozen: Int?
    /// The operator for which the model is refused, if it is one that cannot be imported.
    let refused: String?

    var name: String { (folder as NSString).lastPathComponent }
    var path: String { folder + "/model.onnx" }
    /// What `tandem import --context` would be told.
    var servingForm: ServingForm { ServingForm(context: context, contextColumns: contextColumns) }

    init(folder: String) throws {
        self.folder = folder
        let text = try String(contentsOfFile: folder + "/case.txt", encoding: .utf8)
        var facts: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { facts[words[0]] = words[1] }
        }
        tolerance = Double(facts["tolerance"] ?? "") ?? 1e-4
        var context: Set<String> = []
        var columns: [String: Range<Int>] = [:]
        for part in (facts["context"] ?? "").split(separator: ",") {
            let pieces = part.split { "[:]".contains($0) }
            if pieces.count == 3, let from = Int(pieces[1]), let end = Int(pieces[2]) {
                columns[String(pieces[0])] = from..<end
            } else {
                context.insert(String(part))
            }
        }
        self.context = context
        contextColumns = columns
        frozen = facts["frozen"].flatMap { Int($0) }
        refused = facts["refused"].map(String.init)
    }

    /// All sets of data, for a graph whose inputs and outputs stand in the model's order.
    func requests(for graph: Graph) throws -> [Request] {
        let sets = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("test_data_set_") }
        let onnxCase = ONNXCase(folder: folder)
        return try sets.indices.map { set in
            let given = try onnxCase.tensors("input", set: set)
            var inputs: [String: ReferenceTensor] = [:]
            for (index, id) in graph.inputs.enumerated() {
                inputs[graph[id].name] = given[index]?.tensor
            }
            func named(
                _ tensors: [Int: TensorFile]
            ) -> [(name: String, tensor: ReferenceTensor)] {
                graph.outputs.enumerated().compactMap { index, id in
                    tensors[index].map { (name: graph[id].name, tensor: $0.tensor) }
                }
            }
            let outputs = named(try onnxCase.tensors("output", set: set))
            let floats = named(try onnxCase.tensors("float", set: set))
            let sizes = outputs.compactMap(\.tensor.shape.first)
            return Request(
                rowCount: sizes.max() ?? 1, inputs: inputs, outputs: outputs, floats: floats)
        }
    }
}

extension InteropModel {
    /// A request's inputs as the served graph takes them.
    func rowInputs(_ request: Request) -> [String: ReferenceTensor] {
        var inputs = request.inputs.mapValues { $0.rowByRow() }
        for (name, columns) in contextColumns {
            guard let matrix = inputs.removeValue(forKey: name) else { continue }
            let rest =
                Array(0..<columns.lowerBound)
                + Array(columns.upperBound..<(matrix.shape.first ?? 0))
            inputs["\(name).context"] = matrix.columns(Array(columns), rowCount: 1)
            inputs["\(name).candidate"] = matrix.columns(rest, rowCount: matrix.rowCount)
        }
        return inputs
    }
}

extension ReferenceTensor {
    /// Some columns of the first rows of a matrix.
    fileprivate func columns(_ columns: [Int], rowCount: Int) -> ReferenceTensor {
        func picked<Number>(_ values: [Number]) -> [Number] {
            let width = shape.first ?? 1
            return (0..<rowCount).flatMap { row in columns.map { values[row * width + $0] } }
        }
        let picked: Elements =
            switch elements {
            case .float32(let values): .float32(picked(values))
            case .int32(let values): .int32(picked(values))
            default: elements
            }
        return ReferenceTensor(rowCount: rowCount, shape: [columns.count], picked)
    }

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
