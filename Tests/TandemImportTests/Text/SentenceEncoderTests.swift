import Foundation
import TandemFeatures
import TandemGraph
import Testing

@testable import TandemImport

/// MiniLM from text to embedding, from `TANDEM_MINILM`, with PyTorch's own embeddings.
///
/// `make test-interop` writes it (`Tests/Interop/minilm_text.py`) and runs this suite.
@Suite struct SentenceEncoderTests {
    private static let folders: [String] = {
        if let folder = ProcessInfo.processInfo.environment["TANDEM_MINILM"],
            FileManager.default.fileExists(atPath: folder + "/embeddings.npy")
        {
            return [folder]
        }
        print("SKIPPED: MiniLM from text to embedding: run make test-interop")
        return []
    }()

    @Test(arguments: folders)
    func `text in, embedding out, as PyTorch computes it`(folder: String) throws {
        var options = ImportOptions()
        options.keepsQuantization = false
        let imported = try Importer.importModel(path: folder + "/model.onnx", options: options)
        let outcome = try ServingForm()
            .outcome(for: WeightedGraph(imported.graph, imported.tensors))
        let served = try #require(outcome.model)
        let file = try FeatureFile(path: folder + "/features.toml")
        let signature = try SignatureBinding.signature(of: served.graph, file)
        #expect(signature.features.map(\.name) == ["text"])
        #expect(signature.features[0].listLengthMax == 32)
        let texts = try TokenizerCase.records(folder + "/texts.bin", width: 1)
        let encoder = try FeatureEncoder(signature: signature, graph: served.graph)
        let inputs = try Self.inputs(served.graph, encoder, texts)
        let executor = try ReferenceExecutor(served.graph, served.tensors)
        let start = ContinuousClock.now
        let embeddings = try executor.run(inputs, rowCount: texts.count)["embedding"]?.numbers
        let took = start.duration(to: .now)
        let bytes = try Data(contentsOf: URL(filePath: folder + "/embeddings.npy"))
            .suffix(texts.count * 384 * 4)
        let expected = (0..<texts.count * 384).map { index in
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
        }
        let found = try #require(embeddings)
        try #require(found.count == expected.count)
        let worst = zip(found, expected).map { abs($0 - Double($1)) }.max() ?? 1
        #expect(worst < 1e-4)
        print("MiniLM: within \(worst), \(took / texts.count) a text by the float reference")
    }

    /// The texts' ids, masks and segments as rows of the graph's inputs.
    private static func inputs(
        _ graph: Graph, _ encoder: FeatureEncoder, _ texts: [[UInt8]]
    ) throws -> [String: ReferenceTensor] {
        let widths = graph.inputs.map { graph[$0].type.rowElementCount ?? 0 }
        let columns = widths.map {
            UnsafeMutableBufferPointer<Int32>.allocate(capacity: $0 * texts.count)
        }
        defer { for column in columns { column.deallocate() } }
        let encoded = try zip(columns, widths).map { column, width in
            EncodedInput(base: try #require(column.baseAddress), rowStride: width)
        }
        let blob = texts.flatMap { $0 }
        let lengths = texts.map { UInt32($0.count) }
        try blob.withUnsafeBytes { blob in
            try lengths.withUnsafeBufferPointer { lengths in
                var counts = FeatureCounts()
                try encoder.encode(
                    feature: 0, RawColumn(values: .text(blob, byteCounts: lengths)),
                    rowCount: texts.count, into: EncodedInputs(encoded), counts: &counts)
            }
        }
        return Dictionary(
            uniqueKeysWithValues: graph.inputs.indices.map { index in
                (
                    graph[graph.inputs[index]].name,
                    ReferenceTensor(
                        rowCount: texts.count, shape: [widths[index]], .int32(Array(columns[index]))
                    )
                )
            })
    }
}
