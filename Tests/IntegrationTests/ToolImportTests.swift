import Foundation
import Glibc
import Testing

/// `tandem import` through the real programs: a model of ONNX in, what ONNX Runtime answers out.
@Suite struct ToolImportTests {
    /// `shop.onnx`, rows of its inputs and ONNX Runtime's answers; `import_golden.py` writes them.
    static let golden = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden/import").path

    private static func run(
        _ arguments: [String], in folder: ScratchFolder
    ) throws -> ToolProcess {
        try ToolProcess(["import", "\(golden)/shop.onnx"] + arguments, in: folder)
    }

    /// The numbers of an f32 file of NumPy: the last bytes of it.
    private static func floats(_ path: String, count: Int) throws -> [Float] {
        let bytes = try Data(contentsOf: URL(filePath: path)).suffix(count * 4)
        return (0..<count).map { index in
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
        }
    }

    @Test(arguments: [[], ["--context", "user_id"]])
    func `an imported model answers what ONNX Runtime does`(context: [String]) throws {
        let folder = try ScratchFolder()
        let imported = try Self.run(
            ["--out", "models/shop/1", "--calibrate", "\(Self.golden)/inputs"] + context,
            in: folder)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("click (binary), rating (regression)"))
        #expect(imported.output.contains("int8 against float: task click: largest_difference"))
        for executor in ["float", "int8"] {
            try #require(mkdir(folder.file(executor), 0o755) == 0)
            let scored = try ToolProcess(
                [
                    "predict", "models/shop/1", "--inputs", "\(Self.golden)/inputs", "--outputs",
                    executor, "--executor", executor,
                ], in: folder)
            #expect(scored.status == 0, "\(scored.errors)")
            let tolerance: Float = executor == "float" ? 1e-5 : 0.02
            for task in ["click", "rating"] {
                let wanted = try Self.floats("\(Self.golden)/outputs/\(task).npy", count: 6)
                let found = try Self.floats(folder.file("\(executor)/\(task).npy"), count: 6)
                for (one, other) in zip(wanted, found) {
                    #expect(abs(one - other) <= tolerance * max(1, abs(one)), "\(executor) \(task)")
                }
            }
        }
    }

    @Test func `rows of many requests calibrate`() throws {
        let folder = try ScratchFolder()
        let imported = try Self.run(
            [
                "--out", "models/shop/1", "--context", "item_id", "--calibrate",
                "\(Self.golden)/inputs",
            ], in: folder)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("int8 against float: task click: largest_difference"))
        let verified = try ToolProcess(["inspect", "models/shop/1", "--quality"], in: folder)
        #expect(verified.output.contains("calibration"), "\(verified.errors)")
    }

    @Test func `the context's part is computed once a request`() throws {
        let folder = try ScratchFolder()
        let alone = try Self.run(["--context", "user_id", "--json"], in: folder)
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(alone.output.contains("\"multiply_adds_request\": 32"))
        #expect(alone.output.contains("\"multiply_adds_candidate\": 56"))
        let tiled = try Self.run(["--json"], in: folder)
        #expect(tiled.output.contains("\"multiply_adds_request\": 0"))
        #expect(tiled.output.contains("\"multiply_adds_candidate\": 88"))
    }

    @Test func `a features file gives raw values their places`() throws {
        let folder = try ScratchFolder()
        try folder.write("lands.txt", "DE\nFR\n")
        try folder.write(
            "features.toml",
            """
            [[feature]]
            name = "land"
            input = "user_id"
            side = "context"
            kind = "categorical"
            vocabulary = "lands.txt"
            first_id = 1
            [[feature]]
            name = "item"
            input = "item_id"
            kind = "categorical"
            hash_buckets = 29
            [[task]]
            output = "click"
            labels = ["no", "yes"]
            """)
        let imported = try Self.run(
            ["--features", "features.toml", "--out", "models/shop/1"], in: folder)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("3 feature(s): 1 of the context, 2 of the candidates"))
        let shown = try ToolProcess(["inspect", "models/shop/1"], in: folder)
        #expect(shown.output.contains("land"))
        #expect(shown.output.contains("vocabulary"))
        #expect(shown.output.contains("no, yes"))
    }

    @Test(arguments: [
        (["--context", "user"], 78, "'user_id'"), (["--dim", "batsch=3"], 78, "'batch'"),
        (["--dim", "batch"], 64, "NAME=SIZE"), (["--out", "x"], 64, "REPOSITORY/MODEL/VERSION"),
        (["--features", "missing.toml"], 66, "missing.toml"),
        (["--calibrate", "nowhere"], 66, "nowhere"),
    ])
    func `a wrong setting is refused with its place`(
        arguments: [String], status: Int32, word: String
    ) throws {
        let folder = try ScratchFolder()
        let run = try Self.run(arguments, in: folder)
        #expect(run.status == status, "\(run.errors)")
        #expect(run.errors.contains(word), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test func `a file that is not ONNX leaves nothing behind`() throws {
        let folder = try ScratchFolder()
        try folder.write("model.onnx", "PK zip")
        let run = try ToolProcess(
            ["import", "model.onnx", "--out", "models/shop/1"], in: folder)
        #expect(run.status == 65)
        #expect(run.errors.contains("model.onnx"))
        #expect(run.errors.contains("notONNX"))
        #expect(access(folder.file("models"), F_OK) != 0)
    }

    @Test(arguments: [
        (["--features", "features.toml"], "did you mean", "user_idd"),
        (["--context", "item"], "'item_id'", "item"),
    ])
    func `what does not fit is refused before anything is written`(
        arguments: [String], remedy: String, place: String
    ) throws {
        let folder = try ScratchFolder()
        try folder.write(
            "features.toml",
            """
            [[feature]]
            name = "user"
            input = "user_idd"
            kind = "categorical"
            hash_buckets = 10
            """)
        let run = try Self.run(arguments + ["--out", "models/shop/1"], in: folder)
        #expect(run.status == 65 || run.status == 78, "\(run.errors)")
        #expect(run.errors.contains(place), "\(run.errors)")
        #expect(run.errors.contains(remedy), "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(access(folder.file("models"), F_OK) != 0)
    }

    @Test func `a version that exists is never changed`() throws {
        let folder = try ScratchFolder()
        #expect(try Self.run(["--out", "models/shop/1"], in: folder).status == 0)
        let again = try Self.run(["--out", "models/shop/1"], in: folder)
        #expect(again.status == 73)
        #expect(again.errors.contains("exists already"))
    }
}
