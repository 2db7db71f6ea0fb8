import Glibc
import TandemWire
import Testing

@testable import TandemServer

/// The configuration: its layers, its refusals, and what it prints of itself.
@Suite struct ConfigurationTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func configuration(
        _ text: String, _ overrides: [Configuration.Override] = []
    ) throws -> Configuration {
        try write(text)
        return try Configuration(path: path, overrides: overrides)
    }

    private var path: String { folder.file("tandemd.toml") }

    private func write(_ text: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private func refusal(
        _ text: String, _ overrides: [Configuration.Override] = []
    ) throws -> ServerError {
        try #require(throws: ServerError.self) { try configuration(text, overrides) }
    }

    private func set(_ name: String, _ text: String) -> Configuration.Override {
        Configuration.Override(name, text, flag: "--set \(name)")
    }

    @Test func `every setting has a name of its own, a sentence, and a value within its range`()
        throws
    {
        let options = ServerOptions(repository: "/models")
        #expect(Set(Setting.all.map(\.name)).count == Setting.all.count)
        for setting in Setting.all {
            #expect(setting.about.hasSuffix("."), "\(setting.name)")
            guard let value = setting.value(in: options) else { continue }
            #expect(try setting.checked(value, setting.name) == value)
        }
    }

    @Test func `every setting takes each end of its range and refuses one beyond`() throws {
        for setting in Setting.all {
            guard case .integer(let range) = setting.form else { continue }
            for bound in [range.lowerBound, range.upperBound] {
                var options = ServerOptions(repository: "")
                setting.write(&options, .integer(bound))
                #expect(setting.value(in: options) == .integer(bound), "\(setting.name)")
            }
            for (beyond, bound) in [
                (range.lowerBound - 1, range.lowerBound), (range.upperBound + 1, range.upperBound),
            ] {
                let error = #expect(throws: ServerError.self) {
                    try setting.checked(.integer(beyond), setting.name)
                }
                #expect(error?.bound == bound && error?.actual == beyond, "\(setting.name)")
            }
        }
    }

    @Test func `takes the file over the defaults and the command line over the file`() throws {
        let read = try configuration(
            """
            repository = "/models"
            threads = 3

            [limits]
            rows_max = 10
            drain_ms = 250
            """, [set("limits.rows_max", "20"), set("connections_max", "7")])
        #expect(read.options.repository == "/models" && read.options.threads == 3)
        #expect(read.options.wireLimits.rowsMax == 20)
        #expect(read.options.limits.drainNanoseconds == 250_000_000)
        #expect(read.options.limits.connectionsMax == 7)
        #expect(read.origins["threads"] == .file(line: 2))
        #expect(read.origins["limits.drain_ms"] == .file(line: 6))
        #expect(read.origins["limits.rows_max"] == .flag("--set limits.rows_max"))
        #expect(read.origins["executor"] == nil)
    }

    @Test func `the frame limit sets the arena's, unless that is set itself`() throws {
        let one = try configuration("[limits]\nframe_bytes_max = 100000\n")
        #expect(one.options.wireLimits.arenaBytesMax == 400_000)
        let both = try configuration(
            "[limits]\narena_bytes_max = 200000\nframe_bytes_max = 100000\n")
        #expect(both.options.wireLimits.arenaBytesMax == 200_000)
    }

    @Test func `the admin socket lies beside the data socket unless it is placed`() throws {
        #expect(
            try configuration("[socket]\ndata = \"/s\"\n").options.adminSocketPath == "/s.admin")
        let placed = try configuration("[socket]\ndata = \"/s\"\nadmin = \"/a\"\n")
        #expect(placed.options.adminSocketPath == "/a")
    }

    @Test func `an unknown key is refused with its line and what was probably meant`() throws {
        let error = try refusal("threads = 1\n\n[limits]\nrow_max = 5\n")
        #expect(error.code == .configurationInvalid && error.line == 4)
        #expect(error.message.hasPrefix("\(path):4: limits.row_max: "))
        #expect(error.message.contains("rows_max"))
        let table = try refusal("[limit]\nrows_max = 5\n")
        #expect(table.line == 1 && table.message.contains("limits"))
    }

    @Test func `a wrong value is refused with its line and the range`() throws {
        let error = try refusal("[limits]\nrows_max = 0\n")
        #expect(error.line == 2 && error.bound == 1 && error.actual == 0)
        #expect(try refusal("executor = \"int4\"\n").line == 1)
        #expect(try refusal("threads = \"two\"\n").line == 1)
        #expect(try refusal("[socket]\ndata_mode = \"9\"\n").line == 2)
        #expect(try refusal("repository = \"\"\n").line == 1)
        #expect(try refusal("threads = 1\nthreads = 2\n").line == 2)
    }

    @Test func `a file that cannot be read is refused with its path`() throws {
        let error = #expect(throws: ServerError.self) {
            try Configuration(path: folder.file("none"), overrides: [])
        }
        #expect(error?.code == .configurationUnreadable && error?.errorNumber == ENOENT)
        #expect(error?.path == folder.file("none"))
        try write(String(repeating: "#", count: Configuration.fileBytesMax))
        _ = try Configuration(path: path, overrides: [])
        let large = try refusal(String(repeating: "#", count: Configuration.fileBytesMax + 1))
        #expect(large.bound == Configuration.fileBytesMax)
    }

    @Test func `a wrong override is refused with its flag`() throws {
        let error = try refusal("", [set("threads", "x")])
        #expect(error.code == .optionInvalid && error.message.contains("--set threads"))
        let unknown = try refusal("", [set("thread", "1")])
        #expect(unknown.message.contains("threads"))
    }

    @Test func `what it prints can be read again and says the same`() throws {
        let read = try configuration(
            """
            repository = "/models \\"quoted\\""
            [socket]
            data = "/s"
            [limits]
            rows_max = 10
            """, [set("threads", "2")])
        let document = read.document
        #expect(document.contains("rows_max = 10  # file, line 5\n"))
        #expect(document.contains("threads = 2  # --set threads\n"))
        #expect(document.contains("executor = \"best\"  # default\n"))
        #expect(document.split(separator: "\n").allSatisfy { $0.count <= 100 })
        let again = try configuration(document)
        #expect(again.differences(from: read).isEmpty)
    }

    @Test func `a reload takes what is live and goes on saying what is not`() throws {
        let before = try configuration("threads = 1\n[limits]\nunsent_bytes_max = 5\n")
        let after = try configuration("threads = 2\n[limits]\nunsent_bytes_max = 6\n")
        let changed = after.differences(from: before).map(\.name)
        #expect(changed == ["threads", "limits.unsent_bytes_max"])
        let adopted = before.adopting(after)
        #expect(adopted.options.limits.unsentBytesMax == 6 && adopted.options.threads == 1)
        #expect(after.differences(from: adopted).map(\.name) == ["threads"])
    }
}
