import Foundation
import TandemGraph

@testable import TandemImport

/// A folder in ONNX's own test layout: `model.onnx`, and `test_data_set_N` with tensors.
struct ONNXCase {
    /// What came of a case.
    enum Outcome {
        /// All outputs are as they should be; some inputs were given at import.
        case passed(constants: Int)
        /// The import or the execution refused, with its reason.
        case refused(ImportProblem)
        /// The graph could not be executed.
        case failed(String)
        /// An output is not what it should be.
        case wrong(String)
    }

    let folder: String
    var relative = 1e-3
    var absolute = 1e-7

    var name: String { (folder as NSString).lastPathComponent }

    /// Imports and executes the model on its first set of data.
    func run() -> Outcome {
        do {
            let model = try ONNXModel.load(folder + "/model.onnx")
            let inputs = try tensors("input")
            let expected = try tensors("output")
            var refusal: ImportProblem?
            for choice in Self.constantChoices(model.graph.inputs, inputs) {
                do {
                    let outcome = try run(model, inputs, expected, constants: choice)
                    if case .failed = outcome, choice.count < inputs.count { continue }
                    return outcome
                } catch let error as ImportError {
                    if refusal == nil { refusal = error.problems[0] }
                }
            }
            return refusal.map { .refused($0) } ?? .failed("there are no inputs")
        } catch let error as ImportError {
            return .refused(error.problems[0])
        } catch {
            return .failed("\(error)")
        }
    }

    /// The tensors of a kind in the data set, by number; a missing number is an optional left out.
    func tensors(_ kind: String, set: Int = 0) throws -> [Int: TensorFile] {
        let data = folder + "/test_data_set_\(set)"
        var tensors: [Int: TensorFile] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: data)
        where file.hasPrefix(kind + "_") {
            guard let number = Int(file.dropFirst(kind.count + 1).dropLast(3)) else { continue }
            tensors[number] = try TensorFile(path: "\(data)/\(file)")
        }
        return tensors
    }

    /// Which inputs to give at import: none, then what can only say shapes, then all.
    ///
    /// ONNX's cases bring axes, shapes and counts as inputs, which exporters write as constants.
    private static func constantChoices(
        _ declared: [ONNXValueInfo], _ inputs: [Int: TensorFile]
    ) -> [Set<Int>] {
        let sizes = inputs.filter { index, file in
            index > 0 && file.tensor.dtype != .float32 && file.tensor.shape.count <= 1
        }
        let small = inputs.filter { index, file in
            index > 0 && file.tensor.shape.count <= 1
        }
        let all = inputs.filter { $0.value.tensor.shape.count <= 1 }
        return [[], Set(sizes.keys), Set(small.keys), Set(all.keys), Set(inputs.keys)]
    }

    private func run(
        _ model: ONNXModel, _ inputs: [Int: TensorFile], _ expected: [Int: TensorFile],
        constants: Set<Int>
    ) throws -> Outcome {
        var options = ImportOptions()
        for index in constants {
            guard let file = inputs[index] else { continue }
            options.constants[model.graph.inputs[index].name] = file.tensor.constant
        }
        let imported = try Importer.importModel(model, options: options)
        let places = model.graph.inputs.indices.filter { !constants.contains($0) }
        var values: [String: ReferenceTensor] = [:]
        for (id, place) in zip(imported.graph.inputs, places) {
            guard let file = inputs[place] else { return .failed("input \(place) has no data") }
            values[imported.graph[id].name] = file.tensor
        }
        let results: [String: ReferenceTensor]
        do {
            let executor = try ReferenceExecutor(imported.graph, imported.tensors)
            results = try executor.run(values, rowCount: 1)
        } catch {
            return .failed("\(error)")
        }
        for (index, id) in imported.graph.outputs.enumerated() {
            guard let result = results[imported.graph[id].name], let wanted = expected[index]
            else { return .failed("output \(index) has no data") }
            if case .tensor(let declared, _) = model.graph.outputs[index].kind,
                declared != wanted.elementType
            {
                return .failed("output \(index) is \(declared), its data \(wanted.elementType)")
            }
            let difference = result.difference(
                from: wanted.tensor, relative: relative, absolute: absolute)
            if let difference { return .wrong("output \(index) \(difference)") }
        }
        return .passed(constants: constants.count)
    }
}
