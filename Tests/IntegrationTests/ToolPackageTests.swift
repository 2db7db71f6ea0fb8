import CTandemSystem
import Glibc
import TandemServingSupport
import Testing

/// The commands around packages and repositories, as a shell sees them.
@Suite struct ToolPackageTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        for version: UInt64 in [1, 2, 3] {
            try TinyShop.publish(to: folder.file("models"), version: version)
        }
    }

    private func run(_ arguments: String...) throws -> ToolProcess {
        try ToolProcess(arguments, in: folder)
    }

    private func exists(_ name: String) -> Bool { access(folder.file(name), F_OK) == 0 }

    @Test func `verify finds nothing in a good package and exits 1 for a bad one`() throws {
        let good = try run("verify", "models/tiny/1")
        #expect(good.status == 0 && good.output.contains("every byte is as it was written"))
        let manifest = folder.file("models/tiny/1/manifest")
        #expect(truncate(manifest, 100) == 0)
        let bad = try run("verify", "models/tiny/1")
        #expect(bad.status == 1)
        #expect(bad.output.contains("models/tiny/1/manifest") && bad.output.contains("truncated"))
        #expect(bad.errors == "")
        let json = try run("verify", "models/tiny/1", "--json")
        #expect(json.status == 1 && json.output.contains("\"code\": \"truncated\""))
    }

    @Test func `inspect shows as many classes as fit, and all of them in JSON`() throws {
        try folder.write(
            "s.toml",
            """
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
            kind = "multiclass"
            label = "y"
            """)
        let rows = (0..<120).map { "\($0),class\(10 + $0 % 30)" }
        try folder.write("d.csv", (["a,y"] + rows).joined(separator: "\n") + "\n")
        let trained = try run("train", "s.toml", "d.csv", "--out", "models/m/1")
        #expect(trained.status == 0, "\(trained.errors)")
        let report = try run("inspect", "models/m/1")
        let line = report.output.split(separator: "\n").first { $0.hasPrefix("t ") } ?? ""
        #expect(line.hasSuffix("... (30)") && line.count <= 100, "\(report.output)")
        let json = try run("inspect", "models/m/1", "--json")
        #expect((10..<40).allSatisfy { json.output.contains("\"class\($0)\"") })
    }

    @Test func `inspect tells how shards are stored`() throws {
        let report = try run("inspect", "models/tiny/1", "--shards")
        #expect(report.status == 0)
        #expect(report.output.contains("item.table") && report.output.contains("0..<9"))
        let json = try run("inspect", "models/tiny/1", "--shards", "--json")
        #expect(json.output.contains("\"zstd_blocks\": ") && json.output.hasPrefix("[{"))
    }

    @Test func `diff of equal packages reads nothing`() throws {
        let report = try run("diff", "models/tiny/1", "models/tiny/2", "--json")
        #expect(report.status == 0)
        #expect(report.output.contains("\"read_shards\": 0"))
        #expect(report.output.contains("\"first\": 0.75, \"second\": 0.75"))
        let text = try run("diff", "models/tiny/1", "models/tiny/2", "--all")
        #expect(text.output.contains("item.table") && text.output.contains("same"))
        #expect(try run("diff", "models/tiny/1", "models/tiny/9").status == 66)
    }

    @Test func `publish gives the next number and prints the path`() throws {
        let first = try run("publish", "models/tiny/1", "served")
        #expect(first.status == 0 && first.output == "served/tiny/1\n")
        #expect(try run("publish", "models/tiny/2", "served").output == "served/tiny/2\n")
        let again = try run("publish", "models/tiny/1", "served", "--version", "2")
        #expect(again.status == 65 && again.errors.contains("there already"))
        let stripped = try run("publish", "models/tiny/1", "served", "--strip")
        #expect(stripped.status == 65 && stripped.errors.contains("no int8 program"))
    }

    @Test func `label writes, lists and removes, and refuses what is not there`() throws {
        let set = try run("label", "models/tiny", "stable=1", "canary=3")
        #expect(set.status == 0 && set.output == "canary=3\nstable=1\n")
        #expect(try run("label", "models/tiny/", "canary=").output == "stable=1\n")
        #expect(try run("label", "models/tiny", "--json").output == "{\"stable\": 1}\n")
        let wrong = try run("label", "models/tiny", "stable=7")
        #expect(wrong.status == 66 && wrong.errors.contains("there are 1, 2, 3"))
        #expect(try run("label", "models/tiny", "stable").status == 64)
        #expect(try run("label", "models/tiny").output == "stable=1\n")
    }

    @Test func `label takes no name that is none, and no file that it cannot read`() throws {
        for name in ["=1", "a b=1", "-x=1", "st/able=1"] {
            let wrong = try run("label", "models/tiny", "--", name)
            #expect([64, 65].contains(wrong.status), "\(name): \(wrong.errors)")
            #expect(!exists("models/tiny/labels.toml"))
        }
        let text = "[labels]\nstable = 1\ncanary = \"two\"\n"
        try folder.write("models/tiny/labels.toml", text)
        let broken = try run("label", "models/tiny", "canary=2")
        #expect(broken.status == 65)
        #expect(broken.errors.contains("labels.toml: ") && broken.errors.contains("line 3"))
        #expect(folder.read("models/tiny/labels.toml") == text)
    }

    @Test func `a full disk is status 74, and leaves nothing`() throws {
        // A file system of some KiB, where this machine lets one be made.
        let small = folder.file("small")
        try #require(mkdir(small, 0o755) == 0)
        guard mount("none", small, "tmpfs", 0, "size=4k") == 0 else {
            return print("SKIPPED: a full disk: no right to mount a small file system")
        }
        defer { umount(small) }
        let full = try run("publish", "models/tiny/1", "small")
        #expect(full.status == 74 && full.errors.contains("space"), "\(full.errors)")
        #expect(!exists("small/tiny/1"))
        #expect(try run("label", "small/tiny", "a=1").status == 66)
    }

    @Test func `gc changes nothing unless told, and keeps newest and labelled versions`() throws {
        #expect(try run("label", "models/tiny", "stable=1").status == 0)
        let dry = try run("gc", "models", "--keep", "1")
        #expect(dry.status == 0)
        #expect(dry.output.contains("models/tiny/2") && !dry.output.contains("models/tiny/1"))
        #expect(exists("models/tiny/2"))
        let wet = try run("gc", "models", "--keep", "1", "--remove")
        #expect(wet.status == 0 && wet.output.contains("removed"))
        #expect(!exists("models/tiny/2") && exists("models/tiny/1") && exists("models/tiny/3"))
        #expect(try run("gc", "models", "--keep", "1").output == "models: nothing to remove\n")
        #expect(try run("gc", "models", "--keep", "0").status == 64)
    }

    @Test func `tensors can be exported for other programs`() throws {
        #expect(try run("inspect", "models/tiny/1", "--export", "out").status == 0)
        let bytes = folder.read("out/item.table.npy")
        #expect(bytes.contains("'descr': '<f4'") && bytes.contains("'shape': (9, 1)"))
    }
}
