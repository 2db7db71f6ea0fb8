import Glibc
import TandemServingSupport
import Testing

/// Wrong arguments and wrong files: one line that says what, where and what to do, and the status.
@Suite struct ToolRefusalTests {
    /// Runs in a folder with these files.
    private func run(
        _ arguments: [String], files: [String: String] = [:]
    ) throws -> ToolProcess {
        let folder = try ScratchFolder()
        for (name, text) in files { try folder.write(name, text) }
        return try ToolProcess(arguments, in: folder)
    }

    /// A specification over columns `a` and `y`, with one line changed.
    private func specification(_ change: (String, String)? = nil) -> String {
        let text = """
            [model]
            name = "m"
            architecture = "shared-bottom"
            bottom_layers = [4]
            tower_layers = []
            [[feature]]
            column = "a"
            kind = "numeric"
            [[task]]
            name = "t"
            kind = "binary"
            label = "y"
            """
        guard let change else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0 == change.0 ? change.1 : String($0) }.joined(separator: "\n")
    }

    @Test(arguments: [
        (["--nonsense"], "nonsense"), (["train"], "specification"),
        (["trian"], "did you mean 'train'?"), (["load-tets"], "'load-test'"),
        (["frobnicate"], "there are 'generate'"),
        (["bench", "p", "--rows", "0"], "--rows"),
        (["bench", "p", "--threads", "1,0"], "--threads"),
        (["bench", "p", "--callers", "x"], "--callers"),
        (["bench", "p", "--executor", "reference", "--tasks", "click"], "--tasks"),
        (["bench", "p", "--paced", "--threads", "1,2"], "--paced"),
        (["import", "m.onnx", "--max-difference=-1"], "--max-difference"),
        (["profile", "p", "--rows", "0"], "--rows"),
        (["predict"], "--socket"), (["predict", "--socket", "s", "f.csv"], "--model"),
        (["train", "s", "d", "--out", "x"], "REPOSITORY/MODEL/VERSION"),
        (["train", "s", "d", "--out", "r/m/007"], "REPOSITORY/MODEL/VERSION"),
        (["inspect", "p", "--plan", "--json"], "--json"),
        (["verify", "p", "--threads", "0"], "--threads"),
        (["recipe", "show", "shop-mmeo"], "shop-mmoe"), (["evaluate", "p"], "data"),
    ])
    func `a wrong command line is status 64 or says what was meant`(
        arguments: [String], word: String
    ) throws {
        let run = try run(arguments)
        #expect(run.status == 64 || run.status == 78, "\(run.errors)")
        #expect(run.errors.contains(word), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test(arguments: [
        ("a,y\n1,0\n2\n", 65, "3", "ragged"), ("a,y\n1,0\nx,1\n", 65, "3", "notANumber"),
        ("a,y\n1,0\n1,maybe\n", 65, "3", "maybe"), ("", 65, "d.csv", "emptyInput"),
        ("a,y\n", 65, "d.csv", "emptyInput"),
        ("a,a,y\n1,1,0\n", 65, "'a'", "duplicateColumn"),
    ])
    func `wrong data are refused with file, line and column`(
        data: String, status: Int32, place: String, word: String
    ) throws {
        let run = try run(
            ["train", "s.toml", "d.csv"], files: ["s.toml": specification(), "d.csv": data])
        #expect(run.status == status, "\(run.errors)")
        #expect(run.errors.contains("d.csv"))
        #expect(run.errors.contains(place), "\(run.errors)")
        #expect(run.errors.contains(word), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test func `a column that the files lack is refused where the specification names it`() throws {
        let run = try run(
            ["train", "s.toml", "d.csv"],
            files: ["s.toml": specification(), "d.csv": "aa,y\n1,0\n2,1\n"])
        #expect(run.status == 65, "\(run.errors)")
        #expect(run.errors.contains("s.toml:7"))
        #expect(run.errors.contains("'aa'"), "\(run.errors)")
    }

    @Test func `a column that a package reads and the files lack is named with the file`() throws {
        let folder = try ScratchFolder()
        try TinyShop.publish(to: folder.file("models"))
        try folder.write("d.csv", "x\n1\n")
        let run = try ToolProcess(
            ["predict", "models/tiny/1", "d.csv", "--executor", "float"], in: folder)
        #expect(run.status == 65)
        #expect(run.errors.hasPrefix("tandem: d.csv: column '"), "\(run.errors)")
        #expect(run.errors.contains("there is no such column; there are 'x'"), "\(run.errors)")
    }

    @Test(arguments: [
        ("tower_layers = []", "towr_layers = []", "s.toml:5", "tower_layers"),
        ("kind = \"binary\"", "kind = \"binry\"", "s.toml:11", "binary"),
        ("label = \"y\"", "label = \"a\"", "s.toml", "label"),
        ("bottom_layers = [4]", "bottom_layers = [4", "s.toml", "invalidSpec"),
        ("label = \"y\"", "", "s.toml", "label"),
    ])
    func `a wrong specification is refused with key, line and what was meant`(
        line: String, instead: String, place: String, word: String
    ) throws {
        let run = try run(
            ["train", "s.toml", "d.csv"],
            files: ["s.toml": specification((line, instead)), "d.csv": "a,y\n1,0\n2,1\n"])
        #expect(run.status == 78, "\(run.errors)")
        #expect(run.errors.contains(place), "\(run.errors)")
        #expect(run.errors.contains(word), "\(run.errors)")
    }

    @Test func `files that are not there are status 66, by name`() throws {
        let noSpec = try run(["train", "s.toml", "d.csv"])
        #expect(noSpec.status == 66)
        #expect(noSpec.errors.contains("s.toml"))
        let noPackage = try run(["inspect", "models/shop/1"])
        #expect(noPackage.status == 66, "\(noPackage.errors)")
        #expect(noPackage.errors.contains("models/shop/1"))
    }

    @Test(arguments: [
        ["status", "--admin-socket", "no.sock"], ["models", "--admin-socket", "no.sock"],
        ["predict", "--socket", "no.sock", "--model", "m", "d.csv"],
    ])
    func `a daemon that is not running is status 69 and says so`(arguments: [String]) throws {
        let run = try run(arguments)
        #expect(run.status == 69, "\(run.errors)")
        #expect(run.errors.contains("no.sock"))
        #expect(run.errors.contains("tandemd"), "\(run.errors)")
    }

    @Test func `a socket path that is too long is refused with the limit`() throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let run = try run(["status", "--admin-socket", path])
        #expect(run.status == 64, "\(run.errors)")
        #expect(run.errors.contains("107"), "\(run.errors)")
    }

    @Test func `an existing version is never written over`() throws {
        let folder = try ScratchFolder()
        try folder.write("s.toml", specification())
        try folder.write("d.csv", "a,y\n" + (0..<200).map { "\($0),\($0 % 2)\n" }.joined())
        let arguments = ["train", "s.toml", "d.csv", "--out", "r/m/1"]
        let first = try ToolProcess(arguments, in: folder)
        #expect(first.status == 0, "\(first.errors)")
        let second = try ToolProcess(arguments, in: folder)
        #expect(second.status == 73)
        #expect(second.errors.contains("r/m/1"))
        #expect(second.errors.contains("exists"))
    }

    @Test func `a model killed at any moment is there whole or not at all`() throws {
        let folder = try ScratchFolder()
        try folder.write("s.toml", specification())
        try folder.write("d.csv", "a,y\n" + (0..<5000).map { "\($0),\($0 % 2)\n" }.joined())
        for moment in 0..<6 {
            let pid = try ToolProcess.spawn(
                ["train", "s.toml", "d.csv", "--out", "r/m/\(moment + 1)"], in: folder,
                printingTo: folder)
            usleep(UInt32(moment) * 40_000)
            kill(pid, SIGINT)
            let status = ToolProcess.wait(pid)
            #expect(status == 0 || status == 128 + SIGINT)
            let inspect = try ToolProcess(["inspect", "r/m/\(moment + 1)"], in: folder)
            #expect(inspect.status == 0 || (status != 0 && inspect.status == 66))
        }
    }

    @Test(arguments: [
        "generate shop", "train", "recipe list", "recipe show", "import", "evaluate", "predict",
        "rank", "inspect", "verify", "diff", "quantize", "bench", "profile", "publish", "label",
        "gc",
        "load-test", "status", "statistics", "metrics", "models", "load", "unload", "reload",
    ])
    func `every command's help has an example that a shell takes as it stands`(
        command: String
    ) throws {
        let run = try run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        let examples = lines.indices.filter { lines[$0].hasPrefix("  tandem ") }
        #expect(!examples.isEmpty, "\(command)")
        for example in examples {
            // What is wider than the page goes on at the margin.
            let next = lines[example + 1]
            #expect(next.isEmpty || next.hasPrefix("  "), "\(lines[example])")
        }
        // The version is the program's, so that publish can have a --version of its own.
        #expect(!run.output.contains("Show the version"))
    }

    @Test func `the version is said by its flag alone`() throws {
        let version = try run(["--version"])
        #expect(version.status == 0 && version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }

    @Test func `a reader that goes away ends the tool quietly`() throws {
        let folder = try ScratchFolder()
        let tool = try DaemonProcess.executable("tandem")
        let script = "'\(tool)' generate shop --impressions 20000 --out - 2> errors | head -n 1"
        #expect(system("cd '\(folder.path)' && { \(script); } > out") == 0)
        #expect(folder.read("out").hasPrefix("day,hour,"))
        #expect(folder.read("errors").isEmpty)
    }
}
