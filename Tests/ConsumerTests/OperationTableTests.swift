import Foundation
import TandemGraph
import TandemImport
import Testing

/// `Operations.md` says of each operation who takes it; here the consumers are asked.
@Suite struct OperationTableTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Operations that come of the example models, which are the seeds of the fuzzer too.
    private func imported() throws -> Set<String> {
        let folder = Self.root.appendingPathComponent("Tests/Fuzz/Corpus/onnx")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        var found: Set<String> = []
        for name in names where name.hasSuffix(".onnx") {
            let path = folder.appendingPathComponent(name).path
            guard let model = try? Importer.importModel(path: path) else { continue }
            let weighted = WeightedGraph(model.graph, model.tensors)
            found.formUnion(model.graph.nodes.map(\.operation.name))
            let served = try? ServingForm().outcome(for: weighted).model
            found.formUnion(served?.graph.nodes.map(\.operation.name) ?? [])
        }
        return found
    }

    @Test func `the documented table is what the consumers answer`() throws {
        let table = OperationTable(imported: try imported())
        let rows = try Operation.storedNames.map(table.row)
        let expected = (OperationTable.header + rows).joined(separator: "\n")
        let page = try String(
            contentsOf: Self.root.appendingPathComponent(
                "Sources/TandemGraph/Documentation.docc/Operations.md"), encoding: .utf8)
        #expect(page.contains(expected), "Operations.md should have this table:\n\(expected)")
    }
}
