import TandemFeatures
import TandemGraph
import TandemNotation

extension FeatureFile.Entry {
    /// Reads a `[[feature]]`.
    init(_ table: FeatureTable, _ files: ExternalFiles) throws(ImportError) {
        name = try table.requiredText("name")
        input = try table.text("input") ?? name
        line = table.line(nil)
        column = try table.integer("column", in: 0...FeatureLimits.widthMax)
        let sides = [(name: "candidate", value: RowAxis.candidate), ("context", .context)]
        side = try table.choice("side", sides)
        isRequired = try table.truth("required") ?? false
        let kinds = ["numeric", "buckets", "categorical", "list", "words", "text", "identity"]
        guard let kind = try table.choice("kind", kinds.map { ($0, $0) }) else {
            throw table.missing("kind")
        }
        switch kind {
        case "numeric": try readNumber(table)
        case "buckets":
            guard let boundaries = try table.numbers("boundaries") else {
                throw table.missing("boundaries")
            }
            rawType = .float32
            encoding = .buckets(BucketEncoding(boundaries: boundaries.map { Float($0) }))
        case "words":
            rawType = .text
            try readList(table, length: 128)
            guard let hashing = try Self.hashing(table) else { throw table.missing("hash_buckets") }
            encoding = .hashedWords(hashing)
        case "text": try readText(table, files)
        case "identity": width = try table.integer("width", in: 1...FeatureLimits.widthMax) ?? 1
        default:
            let types = [(name: "text", value: RawType.text), ("int64", .int64)]
            let type = try table.choice("dtype", types) ?? .text
            rawType = type
            if kind == "list" { try readList(table, length: 32) }
            encoding = try Self.category(table, type, files)
        }
        try table.finish("a \(kind) feature")
    }

    private mutating func readList(_ table: FeatureTable, length: Int) throws(ImportError) {
        listLengthMax =
            try table.integer("max_length", in: 1...FeatureLimits.listLengthMax) ?? length
        lengthInput = try table.text("length_input")
    }

    // MARK: Numbers

    private mutating func readNumber(_ table: FeatureTable) throws(ImportError) {
        rawType = .float32
        width = try table.integer("width", in: 1...FeatureLimits.widthMax) ?? 1
        missingColumn = try table.integer("missing_column", in: 0...FeatureLimits.widthMax)
        var transforms: [NumberTransform] = []
        if let clip = try table.numbers("clip") {
            guard clip.count == 2, clip[0] < clip[1] else {
                throw table.error(
                    .wrongValue, "clip", "is not two ascending numbers",
                    remedy: "write [low, high]")
            }
            transforms.append(.clip(minimum: Float(clip[0]), maximum: Float(clip[1])))
        }
        if try table.truth("log1p") ?? false { transforms.append(.signedLog1p) }
        let finite = -Double(Float.greatestFiniteMagnitude)...Double(Float.greatestFiniteMagnitude)
        let mean = try table.number("mean", in: finite)
        let deviation = try table.number("deviation", in: 1e-30...1e30)
        if mean != nil || deviation != nil {
            transforms.append(
                .standardize(mean: Float(mean ?? 0), deviation: Float(deviation ?? 1)))
        }
        let missing = try table.number("missing", in: finite) ?? 0
        encoding = .number(
            NumberEncoding(transforms: transforms, missingValue: Float(missing)))
    }

    // MARK: Ids

    private static func hashing(_ table: FeatureTable) throws(ImportError) -> HashEncoding? {
        let counts = 1...FeatureLimits.idCountMax - 1
        let seed = try table.integer("hash_seed", in: 0...Int.max) ?? 0
        return try table.integer("hash_buckets", in: counts).map {
            HashEncoding(bucketCount: $0, seed: UInt64(seed))
        }
    }

    private static func category(
        _ table: FeatureTable, _ type: RawType, _ files: ExternalFiles
    ) throws(ImportError) -> FeatureEncoding {
        let hashing = try hashing(table)
        let vocabulary = try vocabulary(table, type, files)
        if let hashing {
            guard vocabulary == nil else {
                throw table.error(
                    .wrongValue, "hash_buckets", "stands beside a vocabulary", remedy: "drop one")
            }
            return .hashing(hashing)
        }
        guard let vocabulary else { throw table.missing("vocabulary") }
        let ids = 0...FeatureLimits.idCountMax
        return .vocabulary(
            VocabularyEncoding(
                vocabulary: vocabulary.vocabulary,
                firstID: try table.integer("first_id", in: ids) ?? vocabulary.first,
                missingID: try table.integer("missing_id", in: ids) ?? 0,
                unknownID: try table.integer("unknown_id", in: ids) ?? 0))
    }

    private static func vocabulary(
        _ table: FeatureTable, _ type: RawType, _ files: ExternalFiles
    ) throws(ImportError) -> (first: Int, vocabulary: Vocabulary)? {
        let path = try table.text("vocabulary")
        let texts = type == .text ? try table.texts("values") : nil
        let integers =
            type == .int64 ? try table.integers("values", in: Int.min...Int.max) : nil
        guard path == nil || (texts == nil && integers == nil) else {
            throw table.error(
                .wrongValue, "values", "stands beside a vocabulary's file", remedy: "drop one")
        }
        if let path { return try vocabulary(path, table, type, files) }
        let vocabulary: Vocabulary?
        if let integers {
            vocabulary = Vocabulary(integers: integers.map { Int64($0) })
        } else if let texts {
            vocabulary = Vocabulary(values: texts.map { Array($0.utf8) })
        } else {
            return nil
        }
        guard let vocabulary else {
            throw table.error(
                .wrongValue, "values", "has a value twice, or too many",
                remedy: "keep each value once")
        }
        return (0, vocabulary)
    }

    /// The vocabulary of a file: JSON by its name's end, else lines.
    private static func vocabulary(
        _ path: String, _ table: FeatureTable, _ type: RawType, _ files: ExternalFiles
    ) throws(ImportError) -> (first: Int, vocabulary: Vocabulary) {
        let file = try BesideFile(path, "vocabulary", table, files)
        do throws(NotationError) {
            let found = try VocabularyFile.vocabulary(
                of: file.bytes, isJSON: path.hasSuffix(".json"), as: type)
            file.release()
            return found
        } catch {
            throw file.failure(error)
        }
    }
}

/// A file that a features file names.
struct BesideFile {
    private let file: MappedFile
    private let key: String
    private let table: FeatureTable

    /// Maps a file beside the features file.
    ///
    /// - Throws: `ImportError` `invalidFeatures` at the key.
    init(
        _ path: String, _ key: String, _ table: FeatureTable, _ files: ExternalFiles
    ) throws(ImportError) {
        self.key = key
        self.table = table
        do throws(ImportError) {
            file = try files.file(at: path)
        } catch {
            let problem = error.problems[0]
            throw table.error(.wrongValue, key, problem.message, remedy: problem.remedy)
        }
    }

    /// The file's bytes.
    var bytes: UnsafeRawBufferPointer { file.bytes }

    /// Gives the file's pages back, for large files that were read to their end.
    func release() { file.releasePages() }

    /// The error that says where and why the file cannot be used.
    func failure(_ error: NotationError) -> ImportError {
        let place = [error.line.map { "line \($0)" }, error.key].compactMap { $0 }
        let problem = (place + [error.problem]).joined(separator: ": ")
        return table.error(.wrongValue, key, problem, remedy: error.remedy)
    }
}
