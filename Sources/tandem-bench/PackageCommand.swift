import ArgumentParser
import TandemFeatures
import TandemGraph
import TandemPackage

/// Writes a large package for `load` to read.
struct PackageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package",
        abstract: "Write a package with a large int8 table, for `load` and for reloads.",
        discussion: """
            The table has rows of 64 normally distributed int8 and their scale. With the same seed, \
            --changed-row writes the same package but for one byte of that row. --sparse writes rows \
            of which almost all are zeros, for tables larger than memory; `load --sparse` checks them.
            Example: tandem-bench package big/1 --mebibytes 1024
            """)

    @Argument(help: "The directory to write, which must not be there.")
    var path: String

    @Option(help: "Size of the table, without its scales.")
    var mebibytes = 1024

    @Option(help: "Elements a row, 1 to 1024.")
    var width = 64

    @Flag(help: "Write a table of zeros with some rows in it.")
    var sparse = false

    @Option(help: "A row to write otherwise.")
    var changedRow: Int?

    @Option(help: "Another seed gives a table of which no shard is the same.")
    var seed: UInt64 = 0

    @Option(help: "zstd's level.")
    var compress = 3

    @Option(help: "Raw bytes at which a shard is full, in MiB.")
    var shardMebibytes = 64

    @Option(help: "Threads to compress with.")
    var threads = 2

    func validate() throws {
        guard (1...(1 << 20)).contains(mebibytes) else {
            throw ValidationError("--mebibytes is 1 to 1048576")
        }
        guard (1...1024).contains(width) else { throw ValidationError("--width is 1 to 1024") }
        guard (mebibytes << 20) / width <= 1 << 31 else {
            throw ValidationError("a table has at most 2^31 rows; give a larger --width")
        }
    }

    func run() throws {
        try makeDirectory()
        let rowCount = (mebibytes << 20) / width
        let table =
            sparse
            ? SparseTable.make(rowCount: rowCount, width: width)
            : filledTable(rowCount: rowCount)
        if let changedRow {
            guard (0..<rowCount).contains(changedRow) else {
                throw ValidationError("--changed-row is 0 to \(rowCount - 1)")
            }
            table.elements(as: Int8.self)[changedRow * table.shape[1]] ^= 1
        }
        let contents = try contents(table)
        let started = ContinuousClock.now
        try PackageWriter.write(
            contents, to: path,
            options: PackageOptions(
                compressionLevel: compress, shardByteCountTarget: shardMebibytes << 20,
                threads: threads))
        let seconds = (ContinuousClock.now - started).seconds
        let package = try PackageReader.open(path)
        let stored = package.shards.reduce(0) { $0 + $1.storedByteCount }
        let raw = package.shards.reduce(0) { $0 + $1.rawByteCount }
        print(
            "\(path): \(raw >> 20) MiB raw, \(stored >> 20) MiB stored "
                + "(\(formatted(Double(stored) / Double(raw) * 100)) %), \(package.shards.count) "
                + "shards, written in \(formatted(seconds)) s")
    }

    /// Makes the directory, and those that it lies in.
    private func makeDirectory() throws {
        let parts = path.split(separator: "/")
        var made = path.hasPrefix("/") ? "/" : ""
        for part in parts.dropLast() {
            made += "\(part)/"
            _ = try LocalFileSystem().makeDirectory(made)
        }
        guard try LocalFileSystem().makeDirectory(path) else {
            throw ValidationError("\(path) is there already")
        }
    }

    /// Sums of uniform numbers are nearly normal: mean 0, deviation 30.
    private func filledTable(rowCount: Int) -> Tensor {
        // Never 0, which would stay so.
        var state: UInt64 = (0x9E37_79B9_7F4A_7C15 ^ seed) | 1
        let table = Tensor(
            zeros: .int8, shape: [rowCount, width + ScaledRows.scaleByteCount])
        for row in 0..<rowCount {
            let bytes = table.base + row * table.shape[1]
            for column in 0..<width {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                var sum: Int32 = 0
                for part in 0..<4 { sum += Int32((state >> (part * 16)) & 0xFF) }
                let centred = (Double(sum) - 510) / 147.8 * 30
                bytes.storeBytes(
                    of: Int8(clamping: Int(centred)), toByteOffset: column, as: Int8.self)
            }
            // As of trained rows: were they all the same, zstd would find one in every row.
            let scale = (1 + Float(state >> 40) * 0x1p-24) / 127
            bytes.storeBytes(of: scale, toByteOffset: width, as: Float.self)
        }
        return table
    }

    private func contents(_ table: Tensor) throws -> PackageContents {
        let rowCount = table.shape[0]
        var builder = try GraphBuilder(name: Program.int8)
        let item = try builder.input("item", TensorType(.int32, .candidate, sizes: []))
        let rows = try builder.parameter("embedding/item/rows", .int8, table.shape)
        let weight = try builder.parameter("task/click/weight", .float32, [1, width])
        let row = try builder.node("embedding/item/row", .quantizedEmbedding, [item, rows])
        let logit = try builder.node("task/click/logit", .linear, [row, weight])
        try builder.output(builder.node("click", .unary(.sigmoid), [logit]))
        let model = PackagedModel(
            name: "big", createdWith: "tandem-bench",
            signature: Signature(
                features: [
                    Feature(
                        name: "item", side: .candidate, rawType: .int64,
                        // Ids end one below the largest i32.
                        encoding: .hashing(
                            HashEncoding(bucketCount: min(rowCount, Int(Int32.max)) - 1)),
                        slot: FeatureSlot(input: "item"))
                ],
                tasks: [Task("click", .binary)], formulas: []),
            programs: [Program(name: Program.int8, graph: builder.finished())])
        return PackageContents(
            model: model,
            tensors: [
                "embedding/item/rows": table,
                "task/click/weight": Tensor(
                    .float32, shape: [1, width], [Float](repeating: 0.125, count: width)),
            ])
    }
}
