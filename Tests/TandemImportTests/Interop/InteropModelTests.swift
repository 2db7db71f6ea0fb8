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

    /// A model, or nil if it is one that cannot be imported, and is refused as it should be.
    private static func importable(_ folder: String) throws -> InteropModel? {
        let model = try InteropModel(folder: folder)
        guard let refused = model.refused else { return model }
        let error = #expect(throws: ImportError.self) {
            try Importer.importModel(path: model.path)
        }
        let problem = error?.problems.first { $0.operator == refused }
        #expect(problem?.remedy.isEmpty == false, "\(error?.description ?? "")")
        print("REFUSED: \(model.name): \(problem?.description ?? "")")
        return nil
    }

    @Test(arguments: models)
    func `computes what the framework computes, as the model is`(folder: String) throws {
        guard let model = try Self.importable(folder) else { return }
        let imported = try Importer.importModel(path: model.path)
        let executor = try ReferenceExecutor(imported.graph, imported.tensors)
        var worst = 0.0
        for request in try model.requests(for: imported.graph)
        where request.rowCount == model.frozen ?? request.rowCount {
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

    @Test(arguments: models)
    func `computes the same row by row, in the form in which it is served`(
        folder: String
    ) throws {
        guard let model = try Self.importable(folder) else { return }
        var options = ImportOptions()
        options.keepsQuantization = false
        let imported = try Importer.importModel(path: model.path, options: options)
        let outcome = try model.servingForm
            .outcome(for: WeightedGraph(imported.graph, imported.tensors))
        #expect(outcome.refusals == [])
        let served = try #require(outcome.model)
        let executor = try ReferenceExecutor(served.graph, served.tensors)
        for request in try model.requests(for: imported.graph) {
            let results = try executor.run(
                model.rowInputs(request), rowCount: request.rowCount)
            // What is served of a quantised model has its weights, not its rounding in between.
            for (name, expected) in request.floats.isEmpty ? request.outputs : request.floats {
                let result = try #require(results[name])
                let difference = result.largestDifference(from: expected.rowByRow())
                #expect(difference <= model.tolerance, "\(name) of \(request.rowCount) rows")
            }
        }
    }

    // MARK: Forms of one model

    private static let peers = ["shared_bottom", "mmoe", "ple", "esmm"].filter { name in
        models.contains { $0.hasSuffix("/peers-\(name).fp32") }
    }

    @Test(arguments: peers)
    func `the same model costs and answers the same in every form`(name: String) throws {
        let folder = try #require(Self.folder)
        var expected: (work: Graph.Work, results: [[String: ReferenceTensor]])?
        for form in ["", ".tiled", ".opt"] {
            let model = try InteropModel(folder: "\(folder)/peers-\(name)\(form).fp32")
            let file = try ONNXModel.load(model.path)
            let imported = try Importer.importModel(file)
            let program = try ContextFormTests.program(file, model.servingForm)
            let executor = try ReferenceExecutor(program.graph, program.tensors)
            let results = try model.requests(for: imported.graph).map { request in
                try executor.run(model.rowInputs(request), rowCount: request.rowCount)
            }
            print("peers-\(name)\(form): \(program.graph.work)")
            guard let expected else {
                expected = (program.graph.work, results)
                continue
            }
            #expect(program.graph.work == expected.work, "\(form)")
            for (result, wanted) in zip(results, expected.results) {
                for (task, scores) in wanted {
                    let difference = try #require(result[task]).largestDifference(from: scores)
                    #expect(difference <= 1e-5, "\(task) of \(form)")
                }
            }
        }
    }
}
