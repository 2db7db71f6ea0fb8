import TandemFeatures
import TandemGraph
import Testing

@testable import TandemPackage

/// One test a refusal of the manifest: lies of a skilful forger, under a right SHA-256.
@Suite struct ManifestRefusalTests {
    /// The error of reading a manifest after a change.
    private func error(
        userCount: Int = 3, options: PackageOptions = PackageOptions(),
        _ change: (inout Manifest) throws -> Void
    ) throws -> PackageError? {
        var manifest = try PackageForge(userCount: userCount, options: options).manifest
        try change(&manifest)
        let bytes = ManifestFile.encode(manifest.encoded())
        return failure { try PackageReader.read(bytes, path: "p") }
    }

    /// Options under which the user table of 400 rows lies in several shards.
    private static let split = PackageOptions(shardByteCountTarget: 1024, sharedByteCountMax: 0)

    @Test func `takes the manifest as it was written`() throws {
        #expect(try error { _ in } == nil)
        #expect(try error(userCount: 400, options: Self.split) { _ in } == nil)
    }

    // MARK: The frame

    @Test func `refuses a future format version and says what to do`() throws {
        var bytes = ManifestFile.encode(try PackageForge().manifest.encoded())
        bytes[8] = 2
        let error = failure { try PackageReader.read(bytes, path: "p") }
        #expect(error?.code == .unknownFormatVersion)
        #expect(error?.actual == 2)
        #expect(error?.expected == 1)
        #expect(error?.message.contains("use a newer tandem") == true)
    }

    @Test func `refuses a length that is not the file's`() throws {
        let bytes = ManifestFile.encode(try PackageForge().manifest.encoded())
        for (place, value, code) in [
            (12, bytes[12] &- 1, PackageError.Code.wrongSize), (12, bytes[12] &+ 1, .truncated),
            (19, 0xFF, .truncated),
        ] {
            var changed = bytes
            changed[place] = value
            let error = failure { try PackageReader.read(changed, path: "p") }
            #expect(error?.code == code)
            #expect(error?.actual == UInt64(bytes.count - ManifestFile.frameByteCount))
        }
    }

    @Test func `refuses a file that is something else`() throws {
        let error = failure { try PackageReader.read(Array("model.onnx".utf8), path: "p") }
        #expect(error?.code == .notAPackage)
    }

    @Test func `refuses a message that is none`() throws {
        let bytes = ManifestFile.encode([0xFF, 0xFF, 0xFF])
        #expect(failure { try PackageReader.read(bytes, path: "p") }?.code == .invalidManifest)
    }

    @Test func `refuses a message whose unpacking would take far more than its bytes`() throws {
        // Two bytes for an empty Program, a struct of some hundred.
        let bytes = ManifestFile.encode((0..<2_000_000).flatMap { _ in [0x22, 0] as [UInt8] })
        let error = failure { try PackageReader.read(bytes, path: "p") }
        #expect(error?.code == .invalidManifest)
        #expect(error?.message.contains("memory") == true)
    }

    @Test func `passes over fields it does not know, unless the package requires them`() throws {
        let message = try PackageForge().manifest.encoded()
        // Field 1000, a varint.
        let unknown: [UInt8] = [0xC0, 0x3E, 1]
        let bytes = ManifestFile.encode(message + unknown)
        #expect(failure { try PackageReader.read(bytes, path: "p") } == nil)
        // Field 11, `requires`.
        let required = ManifestFile.encode(message + unknown + [0x5A, 3] + Array("x/y".utf8))
        let error = failure { try PackageReader.read(required, path: "p") }
        #expect(error?.code == .unknownRequirement)
        #expect(error?.subject == "x/y")
        #expect(error?.message.contains("use a newer one") == true)
    }

    // MARK: Names

    @Test(arguments: ["", "../up", "a/b", ".hidden", "\u{E9}", String(repeating: "x", count: 129)])
    func `refuses a model's name that is no clean directory name`(name: String) throws {
        #expect(try error { $0.model.name = name }?.code == .invalidName)
    }

    @Test func `takes a model's name of 128 bytes`() throws {
        #expect(try error { $0.model.name = String(repeating: "x", count: 128) } == nil)
    }

    @Test func `refuses text with NUL and text that is not UTF-8`() throws {
        #expect(try error { $0.model.createdWith = "a\0b" }?.code == .invalidName)
        let message = try PackageForge().manifest.encoded()
        // Field 2, created_with, again: the last one counts.
        let bytes = ManifestFile.encode(message + [0x12, 2, 0xC3, 0x28])
        #expect(failure { try PackageReader.read(bytes, path: "p") }?.code == .invalidName)
    }

    @Test func `refuses names that stand twice`() throws {
        #expect(
            try error { $0.model.programs[1].name = "float" }?.code == .invalidGraph)
        #expect(
            try error { $0.tensors.append($0.tensors[0]) }?.code == .invalidTensor)
        #expect(
            try error { $0.model.provenance.append($0.model.provenance[0]) }?.code
                == .invalidManifest)
        let twice = try error { $0.model.signature.tasks[1].name = "click" }
        #expect(twice?.code == .invalidSignature)
    }

    // MARK: Shards

    @Test func `refuses a shard that is listed twice`() throws {
        let error = try error { $0.shards.append($0.shards[0]) }
        #expect(error?.code == .invalidShard)
        #expect(error?.message.contains("twice") == true)
    }

    @Test func `refuses shard sizes that cannot be`() throws {
        let changes: [(inout ShardRecord) -> Void] = [
            { $0.blockCount = 0 },
            { $0.rawByteCount = 0 },
            { $0.rawByteCount = $0.blockCount * Limits.blockRawBytesMax + 1 },
            { $0.storedByteCount = 0 },
            { $0.storedByteCount = ShardFormat.blocksOffset(blockCount: $0.blockCount) },
            {
                $0.storedByteCount =
                    ShardFormat.blocksOffset(blockCount: $0.blockCount)
                    + $0.blockCount * Limits.blockStoredBytesMax + 1
            },
            { $0.blockCount = $0.rawByteCount + 1 },
        ]
        for (index, change) in changes.enumerated() {
            let error = try error { change(&$0.shards[0]) }
            #expect(error?.code == .invalidShard, "change \(index)")
        }
    }

    @Test func `refuses shard numbers over their limits`() throws {
        let changes: [(inout ShardRecord) -> Void] = [
            { $0.blockCount = Limits.shardBlocksMax + 1 },
            { $0.rawByteCount = ShardFormat.rawByteCountMax + 1 },
            { $0.storedByteCount = .max },
        ]
        for change in changes {
            #expect(try error { change(&$0.shards[0]) }?.code == .limitExceeded)
        }
    }

    // MARK: Tensors and segments

    /// The first tensor with segments, and its position.
    private static func first(_ manifest: Manifest) -> Int {
        manifest.tensors.firstIndex { !$0.segments.isEmpty } ?? 0
    }

    @Test func `refuses shapes that overflow or pass the limit`() throws {
        for shape in [[1 << 40, 1 << 40], [1 << 39], [1 << 38, 1 << 38, 1 << 38, 1 << 38]] {
            let error = try error { $0.tensors[0].shape = shape }
            #expect(error?.code == .invalidTensor)
            #expect(error?.expected == UInt64(Limits.tensorBytesMax))
        }
        #expect(try error { $0.tensors[0].shape = [(1 << 40) + 1] }?.code == .limitExceeded)
        #expect(
            try error { $0.tensors[0].shape = [Int](repeating: 1, count: 9) }?.code
                == .limitExceeded)
    }

    @Test func `refuses a shape that is not the bytes'`() throws {
        for change in [1, -1] {
            let error = try error {
                $0.tensors[Self.first($0)].shape[0] += change
            }
            #expect(error?.code == .invalidTensor)
        }
        let wider = try error { $0.tensors[Self.first($0)].dtype = .int64 }
        #expect(wider?.code == .invalidSegment)
    }

    @Test func `refuses rows that are missing, repeated or out of order`() throws {
        func table(_ manifest: Manifest) -> Int {
            manifest.tensors.firstIndex { $0.segments.count > 1 } ?? 0
        }
        let changes: [(inout TensorRecord) -> Void] = [
            { $0.segments.removeLast() },
            { $0.segments.removeFirst() },
            { $0.segments.swapAt(0, 1) },
            { $0.segments[1].rowBegin -= 1 },
            { $0.segments[1].rowBegin = .max },
            { $0.segments[1].rowCount = 0 },
            { $0.segments[1].rowCount = .max },
            { $0.segments[1].byteCount -= 1 },
        ]
        for (index, change) in changes.enumerated() {
            let error = try error(userCount: 400, options: Self.split) {
                change(&$0.tensors[table($0)])
            }
            let codes: [PackageError.Code] = [.invalidSegment, .invalidTensor, .limitExceeded]
            #expect(error.map { codes.contains($0.code) } == true, "change \(index)")
        }
    }

    @Test func `refuses a segment in a shard that is not listed`() throws {
        let error = try error {
            let tensor = Self.first($0)
            $0.tensors[tensor].segments[0].shard = $0.shards.count
        }
        #expect(error?.code == .invalidSegment)
    }

    /// Two tensors of one shard, neighbours there, lower one first.
    private static func neighbours(_ manifest: Manifest) throws -> (Int, Int) {
        let inFirst = manifest.tensors.indices.filter {
            manifest.tensors[$0].segments.first?.shard == 0
        }.sorted {
            manifest.tensors[$0].segments[0].offset < manifest.tensors[$1].segments[0].offset
        }
        return (try #require(inFirst.first), try #require(inFirst.dropFirst().first))
    }

    @Test func `refuses tensors that overlap`() throws {
        let error = try error {
            let (low, high) = try Self.neighbours($0)
            $0.tensors[high].segments[0].offset = $0.tensors[low].segments[0].offset
        }
        #expect(error?.code == .invalidSegment)
        #expect(error?.message.contains("overlaps") == true)
        #expect(error?.actual == 0)
    }

    @Test func `refuses gaps between tensors, and padding of other than 64`() throws {
        for shift in [1, 63, 64, 128] {
            let error = try error {
                let (_, high) = try Self.neighbours($0)
                $0.tensors[high].segments[0].offset += shift
            }
            #expect(error?.code == .invalidSegment)
            #expect(error?.message.contains("gap") == true)
        }
    }

    @Test func `refuses tensors that end before their shard, or after it`() throws {
        for change in [64, -1] {
            let error = try error { $0.shards[0].rawByteCount += change }
            #expect(error?.code == .invalidSegment)
        }
    }

    @Test func `refuses a shard without tensors`() throws {
        let error = try error {
            var extra = $0.shards[0]
            extra.contentID =
                "".utf8.withContiguousStorageIfAvailable {
                    ContentID(of: UnsafeRawBufferPointer($0))
                } ?? extra.contentID
            $0.shards.append(extra)
        }
        #expect(error?.code == .invalidSegment)
    }

    // MARK: Programs, signature, goldens, quality

    @Test func `refuses a package without programs or tasks`() throws {
        #expect(try error { $0.model.programs = [] }?.code == .invalidManifest)
        #expect(try error { $0.model.signature.tasks = [] }?.code == .invalidSignature)
    }

    @Test func `refuses a parameter without tensor, or with another one`() throws {
        let missing = try error { $0.tensors[Self.first($0)].name = "other" }
        #expect(missing?.code == .invalidGraph)
        #expect(missing?.subject?.hasPrefix("program float: ") == true)
        let other = try error { $0.tensors[Self.first($0)].shape.append(1) }
        #expect(other?.code == .invalidGraph)
    }

    @Test func `refuses a tensor that no program reads`() throws {
        let error = try error {
            $0.tensors.append(
                TensorRecord(name: "stray", dtype: .float32, shape: [0], segments: []))
        }
        #expect(error?.code == .invalidTensor)
        #expect(error?.subject == "stray")
    }

    @Test func `refuses numerics version 0 and tolerances that are none`() throws {
        #expect(try error { $0.model.programs[0].numericsVersion = 0 }?.code == .invalidGraph)
        for tolerance in [-1, Float.infinity, .nan] {
            let error = try error { $0.model.programs[0].tolerance = tolerance }
            #expect(error?.code == .invalidGraph)
            #expect(error?.subject == "program float")
        }
    }

    @Test func `refuses an operation that it does not know`() throws {
        let manifest = try PackageForge().manifest
        let message = manifest.encoded()
        let place = try #require(Self.find(Array("softmax".utf8), in: message))
        var changed = message
        changed[place] = UInt8(ascii: "S")
        let error = failure {
            try PackageReader.read(ManifestFile.encode(changed), path: "p")
        }
        #expect(error?.code == .invalidGraph)
        #expect(error?.subject == "program float: grade")
        #expect(error?.message.contains("use a newer one") == true)
    }

    private static func find(_ wanted: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.indices.first { bytes[$0...].starts(with: wanted) }
    }

    @Test func `refuses a signature that does not fit the graph`() throws {
        let slot = try error { $0.model.signature.features[0].slot.input = "nowhere" }
        #expect(slot?.code == .invalidSignature)
        let order = try error { $0.model.signature.tasks.swapAt(0, 1) }
        #expect(order?.code == .invalidSignature)
        let table = try error {
            $0.model.signature.features[5].encoding = .hashing(HashEncoding(bucketCount: 7))
        }
        #expect(table?.code == .invalidSignature)
        #expect(table?.subject == "program float: item")
    }

    @Test func `refuses inputs so wide that checking them would take gigabytes`() throws {
        let error = try error {
            var builder = try GraphBuilder(name: "wide")
            for index in 0..<5 {
                _ = try builder.input(
                    "input\(index)", TensorType(.float32, .candidate, sizes: [1 << 20]))
            }
            $0.model.programs = [Program(name: "float", graph: builder.finished())]
            $0.tensors = []
            $0.shards = []
        }
        #expect(error?.code == .limitExceeded)
        #expect(error?.subject == "program float: input4")
        #expect(error?.expected == 1 << 22)
    }

    @Test func `refuses golden vectors that do not fit the graph`() throws {
        let changes: [(inout GoldenVector) -> Void] = [
            { $0.candidateRows = 0 },
            { $0.candidateRows = 3 },
            { $0.inputs.removeLast() },
            { $0.inputs.append($0.inputs[0]) },
            { $0.inputs[0].bytes.removeLast() },
            { $0.inputs[0].rowShape = [2, 2] },
            { $0.inputs[0].name = "other" },
            { $0.outputs[0].program = "other" },
            { $0.outputs[1].program = "float" },
            { $0.outputs[0].tensors.swapAt(0, 1) },
            { $0.outputs[0].tensors[0].bytes.append(0) },
        ]
        for (index, change) in changes.enumerated() {
            let error = try error { change(&$0.model.goldens[0]) }
            #expect(error?.code == .invalidGolden, "change \(index)")
            #expect(error?.subject?.hasPrefix("golden vector 0") == true)
        }
        let rows = try error { $0.model.goldens[0].candidateRows = Limits.goldenRowsMax + 1 }
        #expect(rows?.code == .limitExceeded)
    }

    @Test func `refuses figures of nothing, and figures that are not numbers`() throws {
        let changes: [(inout QualityFigure) -> Void] = [
            { $0.program = "other" }, { $0.task = "other" }, { $0.value = .nan },
            { $0.value = .infinity },
        ]
        for change in changes {
            #expect(try error { change(&$0.model.quality[0]) }?.code == .invalidManifest)
        }
    }

    @Test func `refuses choices of one operation twice, and sensitivities that are none`() throws {
        let twice = try error { $0.model.choices[1].operation = $0.model.choices[0].operation }
        #expect(twice?.code == .invalidManifest)
        #expect(twice?.subject == "hidden")
        for sensitivity in [-1, Double.nan, .infinity] {
            let error = try error { $0.model.choices[0].sensitivity = sensitivity }
            #expect(error?.code == .invalidManifest)
            #expect(error?.subject == "hidden")
        }
    }

    @Test func `refuses counts over their limits`() throws {
        let changes: [(inout Manifest) -> Void] = [
            {
                $0.model.programs = [Program](
                    repeating: $0.model.programs[0], count: Limits.programsMax + 1)
            },
            { $0.model.warmUps = [[UInt8]](repeating: [], count: Limits.warmUpsMax + 1) },
            { $0.model.warmUps = [[UInt8](repeating: 0, count: Limits.warmUpBytesMax + 1)] },
            {
                $0.model.goldens = [GoldenVector](
                    repeating: $0.model.goldens[0], count: Limits.goldensMax + 1)
            },
            {
                $0.model.quality = [QualityFigure](
                    repeating: $0.model.quality[0], count: Limits.qualityFiguresMax + 1)
            },
            {
                $0.model.choices = [OperationChoice](
                    repeating: $0.model.choices[0], count: Limits.choicesMax + 1)
            },
            {
                $0.model.provenance = [ProvenanceEntry](
                    repeating: $0.model.provenance[0], count: Limits.provenanceEntriesMax + 1)
            },
            {
                $0.shards = [ShardRecord](repeating: $0.shards[0], count: Limits.shardsMax + 1)
            },
        ]
        for (index, change) in changes.enumerated() {
            #expect(try error { change(&$0) }?.code == .limitExceeded, "change \(index)")
        }
    }
}
