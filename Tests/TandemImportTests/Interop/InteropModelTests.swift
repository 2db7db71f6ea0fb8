import Foundation
import TandemGraph
import Testing

@testable import TandemImport

/// Models of real exporters, with the frameworks' own outputs, from `TANDEM_ONNX_MODELS`.
///
/// `make test-interop` writes them (`Tests/Interop/onnx_models.py`) and runs this suite.
@Suite struct InteropModelTests {
    private static let folder = ProcessInfo.processInfo.environment["TANDEM_ONNX_MODELS"]

    private static let models: [String] = {
        guard let folder else {
            print("SKIPPED: models of exporters: run make test-interop")
            return []
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }()

    @Test(arguments: models)
    func `computes what the framework computes, as the model is`(folder: String) throws {
        let model = try InteropModel(folder: folder)
        let imported = try Importer.importModel(path: model.path)
        let executor = try ReferenceExecutor(imported.graph, imported.tensors)
        var worst = 0.0
        for request in try model.requests(for: imported.graph) {
            let results = try executor.run(request.inputs, rowCount: 1)
            for (name, expected) in request.outputs {
                let result = try #require(results[name])
                let difference = result.difference(
                    from: expected, relative: model.tolerance, absolute: model.tolerance)
                #expect(difference == nil, "\(name) of \(request.rowCount) rows")
                worst = max(worst, result.largestDifference(from: expected))
            }
        }
        print("\(model.name): \(imported.graph.nodes.count) operations, within \(worst)")
    }
}
