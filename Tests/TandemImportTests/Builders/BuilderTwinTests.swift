import Foundation
import TandemGraph
import Testing

@testable import TandemImport

/// Every architecture against its twin in PyTorch: the same answers, and the same graph.
///
/// The files are committed; `make test-interop` writes them anew and sets `TANDEM_BUILDER_TWINS`.
@Suite struct BuilderTwinTests {
    private static let folder: String = {
        if let named = ProcessInfo.processInfo.environment["TANDEM_BUILDER_TWINS"] { return named }
        let here = URL(fileURLWithPath: #filePath)
        return here.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Golden/builders").path
    }()

    @Test(arguments: BuilderTwin.all)
    func `a built model answers what its twin answers`(twin: BuilderTwin) throws {
        let answers = try TwinAnswers(path: "\(Self.folder)/\(twin.name)/answers.json")
        let model = try twin.built()
        let outputs = try ReferenceExecutor(model.graph, model.tensors)
            .run(answers.tensors(for: model.graph), rowCount: answers.rows)
        #expect(Set(outputs.keys) == Set(answers.outputs.keys))
        for (task, expected) in answers.outputs {
            let values = outputs[task]?.floats ?? []
            #expect(values.count == expected.count)
            for (value, wanted) in zip(values, expected) {
                #expect(abs(Double(value) - wanted) <= 1e-5 * max(1, abs(wanted)), "\(task)")
            }
        }
    }

    @Test(arguments: BuilderTwin.all, ["script", "dynamo"])
    func `what PyTorch exports of the twin is the built graph`(
        twin: BuilderTwin, exporter: String
    ) throws {
        let folder = "\(Self.folder)/\(twin.name)"
        let path = "\(folder)/\(exporter).onnx"
        guard FileManager.default.fileExists(atPath: path) else {
            print("SKIPPED: \(twin.name): PyTorch has no \(exporter) export of it")
            return
        }
        let answers = try TwinAnswers(path: "\(folder)/answers.json")
        let imported = try Importer.importModel(path: path)
        let outcome = try ServingForm(context: answers.context)
            .outcome(for: WeightedGraph(imported.graph, imported.tensors))
        let served = try #require(outcome.model, "\(outcome.refusals)")
        let outputs = try ReferenceExecutor(served.graph, served.tensors)
            .run(answers.tensors(for: served.graph), rowCount: answers.rows)
        for (task, expected) in answers.outputs {
            for (value, wanted) in zip(outputs[task]?.floats ?? [], expected) {
                #expect(abs(Double(value) - wanted) <= 1e-5 * max(1, abs(wanted)), "\(task)")
            }
        }
        let built = try twin.built()
        let (left, right) = (try Self.canonicalText(of: served), try Self.canonicalText(of: built))
        let isEqual = left == right
        #expect(isEqual, "imported:\n\(left)\nbuilt:\n\(right)")
    }

    /// The text that a package hashes, tensors named by their bytes.
    private static func canonicalText(of model: WeightedGraph) throws -> String {
        try model.canonicalText { tensor in
            String(tensor.bytes.reduce(into: 5381 as UInt64) { $0 = $0 &* 33 &+ UInt64($1) })
        }
    }
}
