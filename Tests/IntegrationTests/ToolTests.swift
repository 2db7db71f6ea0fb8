import Foundation
import Glibc
import Testing

/// The main job through the real programs: generate, train, publish, serve, predict, rank.
@Suite struct ToolTests {
    /// A small model of the shop that trains in a moment.
    static let specification = """
        [model]
        name = "shop"
        architecture = "mmoe"
        experts = 2
        expert_layers = [16]
        tower_layers = [8]
        [[feature]]
        columns = ["user_id", "recent_items"]
        side = "context"
        kind = "categorical"
        [[feature]]
        column = "recent_categories"
        side = "context"
        kind = "list"
        separator = "|"
        max_length = 4
        [[feature]]
        column = "age"
        side = "context"
        kind = "numeric"
        [[feature]]
        columns = ["item_id", "category", "brand"]
        kind = "categorical"
        [[feature]]
        columns = ["price", "discount", "popularity"]
        kind = "numeric"
        [[task]]
        name = "click"
        kind = "binary"
        label = "click"
        [[task]]
        name = "purchase"
        kind = "binary"
        label = "purchase"
        given = "click"
        [[task]]
        name = "dwell"
        kind = "regression"
        label = "dwell_seconds"
        transform = ["log1p", "standardize"]
        given = "click"
        [training]
        epochs = 1
        threads = 1
        [ranking]
        value = "click * purchase"
        """

    /// A published model and the log it was trained on, made once.
    private static let published = Result { try Published() }

    private final class Published: Sendable {
        let folder: ScratchFolder

        init() throws {
            folder = try ScratchFolder()
            try folder.write("shop.toml", ToolTests.specification)
            try expect([
                "generate", "shop", "--impressions", "3000", "--seed", "3", "--out", "shop.csv",
            ])
            try expect(["train", "shop.toml", "shop.csv", "--out", "models/shop/1"])
        }

        func expect(_ arguments: [String]) throws {
            let run = try ToolProcess(arguments, in: folder)
            guard run.status == 0 else {
                throw DaemonProcess.Failure(description: "\(arguments): \(run.errors)")
            }
        }
    }

    /// The log's first rows with the first one's context in all of them.
    private static func oneContext(_ log: String, rows: Int) -> [[String]] {
        let lines = log.split(separator: "\n").prefix(rows + 1).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        return lines.enumerated().map { index, fields in
            index == 0 ? fields : Array(lines[1][..<10]) + fields[10...]
        }
    }

    private static func csv(_ rows: [[String]]) -> String {
        rows.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n"
    }

    @Test(arguments: ["int8", "float"])
    func `scores over the socket are those of the package, bit for bit`(
        executor: String
    ) throws {
        let published = try Self.published.get()
        let folder = try ScratchFolder()
        let models = published.folder.file("models")
        let rows = Self.oneContext(published.folder.read("shop.csv"), rows: 500)
        try folder.write("rows.csv", Self.csv(rows))
        let order = [0] + (1...500).reversed()
        try folder.write("reversed.csv", Self.csv(order.map { rows[$0] }))
        let offline = try ToolProcess(
            ["predict", "\(models)/shop/1", "rows.csv", "--executor", executor], in: folder)
        #expect(offline.status == 0, "\(offline.errors)")
        let expected = offline.output.split(separator: "\n").map(String.init)
        #expect(expected.count == 501)
        #expect(expected[0] == "click,purchase,dwell")
        #expect(Set(expected).count > 100, "the scores differ from row to row")

        let daemon = try DaemonProcess()
        try daemon.serve(models, ["--executor", executor])
        for requestRows in [1, 7, 64, 500] {
            for name in ["rows.csv", "reversed.csv"] {
                let online = try ToolProcess(
                    [
                        "predict", "--socket", daemon.socketPath, "--model", "shop", name,
                        "--request-rows", "\(requestRows)",
                    ], in: folder)
                #expect(online.status == 0, "\(online.errors)")
                let lines = online.output.split(separator: "\n").map(String.init)
                let wanted = name == "rows.csv" ? expected : order.map { expected[$0] }
                #expect(lines == wanted, "\(requestRows) rows a request, \(name)")
            }
        }
    }

    @Test func `ranks by formula and says which features are missing`() throws {
        let published = try Self.published.get()
        let folder = try ScratchFolder()
        let rows = Self.oneContext(published.folder.read("shop.csv"), rows: 30)
        try folder.write("items.csv", Self.csv(rows.map { Array($0[10...13]) }))
        let daemon = try DaemonProcess()
        try daemon.serve(published.folder.file("models"))
        let arguments = [
            "rank", "--socket", daemon.socketPath, "--model", "shop", "--context", "user_id=3",
            "--context", "recent_categories=c01|c02", "--candidates", "items.csv", "--top", "5",
        ]
        let table = try ToolProcess(arguments + ["--formula", "value"], in: folder)
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.errors.contains("missing features:"))
        #expect(table.errors.contains("age"))
        #expect(table.errors.contains("popularity"))
        #expect(table.output.split(separator: "\n").count == 7)
        let json = try ToolProcess(
            arguments + ["--formula", "click * purchase", "--json"], in: folder)
        let parsed = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let ranked = try #require(parsed["ranked"] as? [[String: Any]])
        let scores = ranked.compactMap { ($0["score"] as? NSNumber)?.doubleValue }
        #expect(scores.count == 5)
        #expect(scores == scores.sorted(by: >))
        let wrong = try ToolProcess(arguments + ["--formula", "clikc * 2"], in: folder)
        #expect(wrong.status == 65)
        #expect(wrong.errors.contains("clikc"))
    }

    @Test func `shows, measures and times a package in text and JSON`() throws {
        let published = try Self.published.get()
        let package = "models/shop/1"
        let runs = [
            ["inspect", package], ["inspect", package, "--graph"],
            ["inspect", package, "--manifest"], ["inspect", package, "--plan"],
            ["inspect", package, "--plan", "--passes"],
            ["inspect", package, "--json"],
            ["evaluate", package, "shop.csv", "--executor", "float", "--executor", "reference"],
            ["evaluate", package, "shop.csv", "--executor", "int8", "--json"],
            ["bench", package, "--rows", "1,16", "--seconds", "0.01", "--json"],
            ["bench", package, "--rows", "4", "--threads", "1,2", "--seconds", "0.01"],
            ["bench", package, "--rows", "4", "--callers", "2", "--seconds", "0.01"],
            ["bench", package, "--rows", "4", "--executor", "reference", "--seconds", "0.01"],
            ["bench", package, "--rows", "4", "--tasks", "click", "--seconds", "0.01", "--json"],
            ["profile", package, "--rows", "40", "--seconds", "0.01"],
            ["profile", package, "--seconds", "0.01", "--executor", "float", "--json"],
            ["recipe", "list"], ["recipe", "list", "--json"], ["recipe", "show", "shop-mmoe"],
        ]
        for arguments in runs {
            let run = try ToolProcess(arguments, in: published.folder)
            #expect(run.status == 0, "\(arguments): \(run.errors)")
            #expect(!run.output.isEmpty)
            if arguments.contains("--json") {
                _ = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
            }
        }
    }

    @Test func `inspect prints passes in order, with what they changed, steps and memory`() throws {
        let published = try Self.published.get()
        let run = try ToolProcess(
            ["inspect", "models/shop/1", "--plan", "--passes"], in: published.folder)
        let parts = [
            "join the gates: ", "lift the context: ", "split recurrent layers: ",
            "round to int8: ", "after: round to int8\n\ngraph ", "quantized_linear", "row ",
            "packed weights: ",
        ]
        var rest = run.output[...]
        for part in parts {
            let found = try #require(rest.firstRange(of: part), "\(part)")
            rest = rest[found.upperBound...]
        }
        let wrong = try ToolProcess(["inspect", "models/shop/1", "--passes"], in: published.folder)
        #expect(wrong.status == 64)
    }

    @Test func `a bench of a task that the model lacks says which it has`() throws {
        let published = try Self.published.get()
        let run = try ToolProcess(
            ["bench", "models/shop/1", "--tasks", "click,purchas"], in: published.folder)
        #expect(run.status == 64)
        #expect(run.errors.contains("--tasks: the model has no task 'purchas'; "), "\(run.errors)")
        #expect(run.errors.contains("did you mean 'purchase'?"), "\(run.errors)")
    }

    @Test func `a paced bench answers each number of rows with a round`() throws {
        let published = try Self.published.get()
        let arguments = ["bench", "models/shop/1", "--paced", "--seconds", "0.001"]
        let run = try ToolProcess(arguments, in: published.folder, input: "4\n1\n4\n")
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines {
            let round = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect((round?["p50_us"] as? NSNumber)?.doubleValue ?? 0 > 0)
        }
        let wrong = try ToolProcess(arguments, in: published.folder, input: "0\n")
        #expect(wrong.status == 65)
        #expect(wrong.errors.contains("'0'"))
    }

    @Test func `a bench takes recorded requests, of as many rows as it says`() throws {
        let published = try Self.published.get()
        let package = published.folder.file("models/shop/1")
        let folder = try ScratchFolder()
        mkdir(folder.file("in"), 0o700)
        try writeInputs(of: package, to: folder, id: 1)
        #expect(rename(folder.file("in"), folder.file("3")) == 0)
        let arguments = ["bench", package, "--requests", ".", "--seconds", "0.001", "--rows"]
        let run = try ToolProcess(arguments + ["3"], in: folder)
        #expect(run.status == 0, "\(run.errors)")
        #expect(rename(folder.file("3"), folder.file("2")) == 0)
        let wrong = try ToolProcess(arguments + ["2"], in: folder)
        #expect(wrong.status == 65)
        #expect(wrong.errors.contains("2 a request"), "\(wrong.errors)")
        #expect(try ToolProcess(arguments + ["7"], in: folder).status == 66)
    }

    @Test func `tensors go in and out as NumPy files`() throws {
        let published = try Self.published.get()
        let package = published.folder.file("models/shop/1")
        let folder = try ScratchFolder()
        for name in ["in", "out"] { mkdir(folder.file(name), 0o700) }
        func run(_ executor: String) throws -> ToolProcess {
            try ToolProcess(
                [
                    "predict", package, "--inputs", "in", "--outputs", "out", "--executor",
                    executor,
                ], in: folder)
        }
        let empty = try run("int8")
        #expect(empty.status == 66)
        #expect(empty.errors.contains(".npy: cannot be read"))
        try writeInputs(of: package, to: folder, id: 1)
        var scores: [[Float]] = []
        for executor in ["float", "reference", "int8"] {
            let done = try run(executor)
            #expect(done.status == 0, "\(done.errors)")
            scores.append(try floats(folder.file("out/click.npy")))
        }
        #expect(scores.allSatisfy { $0.count == 3 })
        for (float, reference) in zip(scores[0], scores[1]) {
            #expect(abs(float - reference) <= 1e-5)
        }
        for (float, int8) in zip(scores[0], scores[2]) { #expect(abs(float - int8) <= 0.05) }
        try writeInputs(of: package, to: folder, id: 1_000_000)
        let refused = try run("int8")
        #expect(refused.status == 65)
        #expect(refused.errors.contains("1000000"), "\(refused.errors)")
    }

    /// Writes inputs for three candidates: zeros, and one id everywhere; lists have one element.
    private func writeInputs(of package: String, to folder: ScratchFolder, id: Int32) throws {
        let graph = try ToolProcess(["inspect", package, "--graph"], in: folder).output
        for line in graph.split(separator: "\n") where line.hasPrefix("  input ") {
            let words = line.split(whereSeparator: { " :[],".contains($0) }).map(String.init)
            let rows = words[3] == "context" ? 1 : 3
            let shape = [rows] + words.dropFirst(4).compactMap { Int($0) }
            let count = shape.reduce(1, *)
            let isFloat = words[2] == "f32"
            let value: Int32 = isFloat ? 0 : words[1].hasSuffix(".length") ? 1 : id
            try folder.writeArray(
                "in/\(words[1]).npy", isFloat ? "<f4" : "<i4", shape: shape,
                [UInt32](repeating: UInt32(bitPattern: value), count: count))
        }
    }

    private func floats(_ path: String) throws -> [Float] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = 10 + Int(data[8]) + Int(data[9]) << 8
        return data.dropFirst(start).withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)
            }
        }
    }

    @Test func `the same seed and threads give the same bytes`() throws {
        let published = try Self.published.get()
        for version in ["2", "3"] {
            try published.expect([
                "train", "shop.toml", "shop.csv", "--out", "again/shop/\(version)",
            ])
        }
        let reports = try ["2", "3"].map {
            try ToolProcess(["inspect", "again/shop/\($0)", "--json"], in: published.folder).output
        }
        #expect(reports[0] == reports[1])
        #expect(reports[0].contains("identity"))
    }
}
