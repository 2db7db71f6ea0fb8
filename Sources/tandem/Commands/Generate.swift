import ArgumentParser
import Glibc
import TandemTraining

/// Makes data to try things on.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes data to try things on.", subcommands: [GenerateShop.self])
}

/// Writes the log of an invented shop.
struct GenerateShop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shop",
        abstract: "Writes the log of an invented shop whose truth is known.",
        discussion: """
            One row an impression: user, item, behaviour, click, purchase, rating, dwell seconds. \
            The same arguments give the same bytes.

            Example:
              tandem generate shop --impressions 200000 --seed 1 --out shop.csv
            """)

    @Option(help: "Rows to write.")
    var impressions = 200_000

    @Option(help: "Seed of everything random.")
    var seed: UInt64 = 1

    @Option(help: "The file to write; - for standard output.")
    var out: String

    @Flag(help: "Print JSON about what was written.")
    var json = false

    func run() throws {
        let generator = try ShopGenerator(impressionCount: impressions, seed: seed)
        if out == "-" {
            generator.write { bytes, _ in Terminal.write(String(decoding: bytes, as: UTF8.self)) }
            return
        }
        let file = try OutputFile(path: out)
        var byteCount = 0
        try generator.write { bytes, rowsDone in
            try file.append(bytes)
            byteCount += bytes.count
            Terminal.progress(
                "generate: \(Readable.grouped(rowsDone)) of \(Readable.grouped(impressions)) rows")
        }
        try file.finish()
        Terminal.clearProgress()
        if json {
            Terminal.line(
                JSONText.object([
                    ("file", .string(out)), ("rows", .integer(impressions)),
                    ("bytes", .integer(byteCount)),
                ]).text)
        } else {
            Terminal.note(
                "wrote \(Readable.grouped(impressions)) rows, \(Readable.bytes(byteCount)), to \(out)"
            )
        }
    }
}
