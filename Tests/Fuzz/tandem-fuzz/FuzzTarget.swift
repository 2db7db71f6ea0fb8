// Design: one program, one function a target.
//
// A target takes any bytes and must come back: an error is a fine answer, a trap, a leak or an
// access out of bounds is a finding. What a target accepts is also used a little, since a reader
// that accepts what its users cannot bear is as bad as one that traps. To add one: a case here, and
// a folder of small examples of the same name in Tests/Fuzz/Corpus.

import TandemFeatures
import TandemGraph
import TandemImport
import TandemNotation
import TandemRequest
import TandemServingSupport
import TandemWire

/// What can be fuzzed, by the name of its corpus.
enum FuzzTarget: String, CaseIterable {
    case onnx
    case graphText = "graph-text"
    case toml
    case tokenizer
    case vocabulary
    case text
    case frames
    case envelope
    case request
    case manifest
    case index
    case block

    /// Feeds the bytes to the target's reader.
    func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        switch self {
        case .onnx: Self.readModel(bytes)
        case .graphText: Self.readGraph(bytes)
        case .toml: _ = try? TOMLParser.parse(String(decoding: bytes, as: UTF8.self))
        case .tokenizer: Self.readTokenizer(UnsafeRawBufferPointer(bytes))
        case .vocabulary: VocabularyFuzz.read(UnsafeRawBufferPointer(bytes))
        case .text: TextFuzz.encode(UnsafeRawBufferPointer(bytes))
        case .frames: WireFuzz.readFrames(UnsafeRawBufferPointer(bytes))
        case .envelope: WireFuzz.readEnvelope(UnsafeRawBufferPointer(bytes))
        case .request: WireFuzz.answer(UnsafeRawBufferPointer(bytes))
        case .manifest: PackageFuzz.readManifest(UnsafeRawBufferPointer(bytes))
        case .index: PackageFuzz.readIndex(UnsafeRawBufferPointer(bytes))
        case .block: PackageFuzz.readBlock(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads a `tokenizer.json` and makes ids of some texts, each below what it says.
    private static func readTokenizer(_ bytes: UnsafeRawBufferPointer) {
        guard let tokenizer = try? TokenizerFile.tokenizer(json: bytes) else { return }
        var memory = TextMemory()
        for text in ["", "Ab [MASK] c\u{301} \u{4E2D}'s 1", "\u{AC00}a\u{323}\u{307}\n  b"] {
            TextFuzz.check(tokenizer, Array(text.utf8), &memory)
        }
    }

    /// Reads a model, checks it whole, and reads its weights.
    private static func readModel(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let model = try? ONNXModel(MappedFile(bytes)).checked() else { return }
        for tensor in model.graph.initializers { _ = try? tensor.tensor() }
    }

    /// Reads a graph; what it prints must read back to the same graph.
    private static func readGraph(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let graph = try? Graph(text: String(decoding: bytes, as: UTF8.self)) else { return }
        let again = try? Graph(text: graph.text)
        precondition(again == graph, "a graph's text does not read back")
        _ = graph.dot
    }
}
