import TandemFeatures
import TandemGraph
import TandemPackage

/// What `tandem inspect` says of a package.
struct PackageReport {
    private let package: Package
    var model: PackagedModel { package.model }

    /// Reports on an opened package.
    init(_ package: Package) { self.package = package }

    /// For people: signature, programs, sizes, quality.
    var text: String {
        var parts = [heading, featureTable, taskTable, programTable, shardTable]
        if !model.signature.formulas.isEmpty { parts.append(formulaTable) }
        if !model.quality.isEmpty { parts.append(qualityTable) }
        if !model.provenance.isEmpty { parts.append(provenanceText) }
        return parts.joined(separator: "\n")
    }

    /// For people: every tensor and every shard.
    var manifestText: String {
        var table = TextTable(["tensor", "type", "shape", "bytes", "shards"])
        for tensor in package.tensors {
            let shards = tensor.segments.map { "\($0.shard)" }.joined(separator: " ")
            table.add([
                tensor.name, tensor.dtype.name, "\(tensor.shape)",
                Readable.grouped(tensor.byteCount), shards,
            ])
        }
        return "\(heading)\n\(table.text)\n\(shardTable)"
    }

    private var heading: String {
        """
        model     \(model.name)
        written   by \(model.createdWith)
        identity  \(package.contentID.hexadecimal)

        """
    }

    private var featureTable: String {
        var table = TextTable(["feature", "side", "raw type", "encoding", "input"])
        for feature in model.signature.features {
            table.add([
                feature.name, feature.side.name,
                feature.rawType.name + (feature.listLengthMax.map { " list <= \($0)" } ?? ""),
                Self.text(of: feature.encoding), feature.slot.input,
            ])
        }
        return table.text
    }

    private var taskTable: String {
        var table = TextTable(["task", "kind", "given", "classes"])
        for task in model.signature.tasks {
            table.add([
                task.name, task.kind.name, task.given ?? "", Readable.listed(task.labels),
            ])
        }
        return table.text
    }

    private var programTable: String {
        var table = TextTable([
            "program", "nodes", "tensors", "bytes", "multiply-adds a request",
            "multiply-adds a candidate",
        ])
        for program in model.programs {
            let names = Set(program.graph.parameters.map { program.graph[$0].name })
            let bytes = package.tensors.filter { names.contains($0.name) }
                .reduce(0) { $0 + $1.byteCount }
            let work = program.graph.work
            table.add([
                program.name, "\(program.graph.nodes.count)", "\(names.count)",
                Readable.grouped(bytes), Readable.grouped(work.perRequest),
                Readable.grouped(work.perCandidate),
            ])
        }
        return table.text
    }

    private var shardTable: String {
        var table = TextTable(["shard", "stored bytes", "raw bytes", "blocks", "content id"])
        for (index, shard) in package.shards.enumerated() {
            table.add([
                "\(index)", Readable.grouped(shard.storedByteCount),
                Readable.grouped(shard.rawByteCount), "\(shard.blockCount)",
                String(shard.contentID.hexadecimal.prefix(16)),
            ])
        }
        return table.text
    }

    private var formulaTable: String {
        var table = TextTable(["formula", "expression"])
        for formula in model.signature.formulas { table.add([formula.name, formula.expression]) }
        return table.text
    }

    private var qualityTable: String {
        var table = TextTable(["task", "metric", "program", "split", "value", "rows"])
        for figure in model.quality {
            table.add([
                figure.task, figure.metric, figure.program, figure.split,
                Readable.fixed(figure.value, 5), Readable.grouped(figure.rowCount),
            ])
        }
        return table.text
    }

    private var provenanceText: String {
        model.provenance.filter { !$0.value.contains("\n") }
            .map { "\($0.key): \($0.value)" }.joined(separator: "\n") + "\n"
    }

    /// One line on how a feature is encoded.
    static func text(of encoding: FeatureEncoding) -> String {
        switch encoding {
        case .number(let number):
            "number"
                + number.transforms.map { transform in
                    switch transform {
                    case .signedLog1p: ", signed log1p"
                    case .clip(let minimum, let maximum): ", clip \(minimum) ... \(maximum)"
                    case .standardize(let mean, let deviation):
                        ", standardize mean \(mean) deviation \(deviation)"
                    }
                }.joined()
        case .buckets(let buckets): "\(buckets.boundaries.count + 1) buckets"
        case .vocabulary(let vocabulary):
            "vocabulary of \(Readable.grouped(vocabulary.vocabulary.count))"
        case .hashing(let hashing): "\(hashing.algorithm.name) % \(hashing.bucketCount)"
        case .identity(let identity): "whole numbers below \(Readable.grouped(identity.idCount))"
        case .tokens(let tokenizer):
            "tokens, \(tokenizer.rules.modelName) of \(Readable.grouped(tokenizer.idCount))"
        case .hashedWords(let hashing): "words, \(hashing.algorithm.name) % \(hashing.bucketCount)"
        }
    }
}

extension PackageReport {
    /// For programs: the whole report.
    var json: JSONText {
        .object([
            ("model", .string(model.name)), ("created_with", .string(model.createdWith)),
            ("identity", .string(package.contentID.hexadecimal)),
            ("features", .array(model.signature.features.map(Self.json))),
            ("tasks", .array(model.signature.tasks.map(Self.json))),
            (
                "programs",
                .array(
                    model.programs.map { program in
                        .object([
                            ("name", .string(program.name)),
                            ("nodes", .integer(program.graph.nodes.count)),
                            ("numerics_version", .integer(Int(program.numericsVersion))),
                            ("multiply_adds_per_request", .integer(program.graph.work.perRequest)),
                            (
                                "multiply_adds_per_candidate",
                                .integer(program.graph.work.perCandidate)
                            ),
                        ])
                    })
            ),
            (
                "shards",
                .array(
                    package.shards.map { shard in
                        .object([
                            ("content_id", .string(shard.contentID.hexadecimal)),
                            ("stored_bytes", .integer(shard.storedByteCount)),
                            ("raw_bytes", .integer(shard.rawByteCount)),
                            ("blocks", .integer(shard.blockCount)),
                        ])
                    })
            ),
            ("quality", .array(model.quality.map(Self.json))),
            ("choices", .array(model.choices.map(Self.json))),
        ])
    }

    private static func json(_ feature: Feature) -> JSONText {
        .object([
            ("name", .string(feature.name)), ("side", .string(feature.side.name)),
            ("raw_type", .string(feature.rawType.name)),
            ("list_length_max", feature.listLengthMax.map(JSONText.integer) ?? .null),
            ("encoding", .string(text(of: feature.encoding))),
        ])
    }

    private static func json(_ task: Task) -> JSONText {
        .object([
            ("name", .string(task.name)), ("kind", .string(task.kind.name)),
            ("given", task.given.map(JSONText.string) ?? .null),
            ("labels", .array(task.labels.map(JSONText.string))),
        ])
    }

    private static func json(_ choice: OperationChoice) -> JSONText {
        .object([
            ("operation", .string(choice.operation)),
            ("precision", .string(choice.precision.rawValue)),
            ("clips_outliers", .bool(choice.clipsOutliers)),
            ("sensitivity", .number(choice.sensitivity)),
        ])
    }

    private static func json(_ figure: QualityFigure) -> JSONText {
        .object([
            ("task", .string(figure.task)), ("metric", .string(figure.metric)),
            ("program", .string(figure.program)), ("split", .string(figure.split)),
            ("value", .number(figure.value)), ("rows", .integer(figure.rowCount)),
        ])
    }
}
