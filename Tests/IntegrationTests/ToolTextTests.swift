import Foundation
import TandemClient
import TandemServingSupport
import TandemWire
import Testing

/// From texts to answers through the real programs: an encoder is imported with its tokeniser,
/// heads are trained over it, and the daemon takes raw text.
@Suite struct ToolTextTests {
    /// `encoder.onnx` and what it answers; `text_encoder_golden.py` writes them.
    private static let golden = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    private static func lines(_ name: String) throws -> [String] {
        let url = golden.appending(path: "text-encoder/\(name)")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// A folder with the encoder imported as `models/words/1`.
    private static func folderWithEncoder() throws -> ScratchFolder {
        let folder = try ScratchFolder()
        let tokenizer = golden.appending(path: "text/word-piece-uncased/tokenizer.json")
        try folder.write("tokenizer.json", String(contentsOf: tokenizer, encoding: .utf8))
        try folder.write(
            "features.toml",
            """
            [[feature]]
            name = "text"
            input = "input_ids"
            kind = "text"
            tokenizer = "tokenizer.json"
            mask_input = "attention_mask"
            """)
        let imported = try ToolProcess(
            [
                "import", golden.appending(path: "text-encoder/encoder.onnx").path, "--features",
                "features.toml", "--out", "models/words/1",
            ], in: folder)
        try #require(imported.status == 0, "\(imported.errors)")
        return folder
    }

    private static func csv(_ texts: [String]) -> String {
        "text\n" + texts.map { "\"\($0)\"\n" }.joined()
    }

    @Test func `text in gives the vectors of the ids that the package makes`() throws {
        let folder = try Self.folderWithEncoder()
        let texts = try Self.lines("texts.txt")
        try folder.write("texts.csv", Self.csv(texts))
        let scored = try ToolProcess(
            ["predict", "models/words/1", "texts.csv", "--executor", "float"], in: folder)
        try #require(scored.status == 0, "\(scored.errors)")
        let rows = scored.output.split(separator: "\n").dropFirst()
        let expected = try Self.lines("vectors.txt")
        try #require(rows.count == expected.count)
        for (row, line) in zip(rows, expected) {
            let found = row.split(separator: ",").compactMap { Float($0) }
            let wanted = line.split(separator: " ").compactMap { Float($0) }
            #expect(found.count == wanted.count)
            for (one, other) in zip(found, wanted) { #expect(abs(one - other) < 1e-5) }
        }
        let shown = try ToolProcess(["inspect", "models/words/1"], in: folder)
        #expect(shown.output.contains("tokens, WordPiece of"))
    }

    private static let spec = """
        [model]
        name = "desk"
        architecture = "shared-bottom"
        bottom_layers = []
        tower_layers = []
        [[feature]]
        column = "message"
        kind = "text"
        encoder = "models/words/1"
        [[task]]
        name = "intent"
        label = "intent"
        kind = "multiclass"
        [[task]]
        name = "late"
        label = "late"
        kind = "binary"
        [training]
        epochs = 60
        batch_size = 32
        learning_rate = 0.05
        threads = 1
        """

    private static let messages = [
        ("where is my order", "track"), ("where is the parcel, please", "track"),
        ("cancel it", "cancel"), ("I would like to cancel my order", "cancel"),
        ("it is late", "complain"), ("three days late", "complain"),
    ]

    @Test func `heads over a frozen encoder are served on raw text, the same both ways`() throws {
        let folder = try Self.folderWithEncoder()
        var text = "message,intent,late\n"
        for row in 0..<360 {
            let (message, intent) = Self.messages[row % Self.messages.count]
            text += "\"\(message)\",\(intent),\(message.contains("late") ? 1 : 0)\n"
        }
        try folder.write("desk.csv", text)
        try folder.write("desk.toml", Self.spec)
        let trained = try ToolProcess(
            ["train", "desk.toml", "desk.csv", "--out", "models/desk/1"], in: folder)
        try #require(trained.status == 0, "\(trained.errors)")
        let file = "message\n" + Self.messages.map { "\"\($0.0)\"\n" }.joined()
        try folder.write("ask.csv", file)
        let offline = try ToolProcess(["predict", "models/desk/1", "ask.csv"], in: folder)
        try #require(offline.status == 0, "\(offline.errors)")

        let daemon = try DaemonProcess()
        try daemon.serve(folder.file("models"))
        let online = try ToolProcess(
            ["predict", "--socket", daemon.socketPath, "--model", "desk", "ask.csv"], in: folder)
        #expect(online.output == offline.output, "\(online.errors)")
        let connection = try BlockingConnection(path: daemon.socketPath)
        let answer = try connection.predict(
            PredictRequest(
                model: "desk", candidates: ["message": .texts(Self.messages.map(\.0))]))
        let late = try #require(answer["late"]).values
        for (probability, message) in zip(late, Self.messages) {
            #expect((probability > 0.5) == message.0.contains("late"), "\(message) \(probability)")
        }
    }

    @Test func `a text that is not UTF-8 is refused by its row, over the socket`() throws {
        let folder = try Self.folderWithEncoder()
        let daemon = try DaemonProcess()
        try daemon.serve(folder.file("models"))
        var message = PredictRequestMessage(model: "words", rows: 2)
        message.candidates = [
            ColumnMessage("text", .bytes(blob: Array("late".utf8) + [0xC3], lengths: [4, 1]))
        ]
        let answer = try daemon.connect().predict(message)
        #expect(answer.status?.code == .invalidArgument)
        let detail = answer.status?.details.first
        #expect(detail?.reason == "FEATURE_NOT_TEXT" && detail?.row == 1)
        #expect(answer.status?.message.contains("send text in that encoding") == true)
    }
}
