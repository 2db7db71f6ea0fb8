import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// Reads files by the specification that a package was trained from.
struct PackageExamples {
    /// The provenance entry that holds the specification's text.
    static let specificationKey = "specification"
    /// The provenance entry that holds the seed of the split, which the command line may have set.
    static let splitSeedKey = "split_seed"

    /// What the files hold.
    let examples: Examples
    /// The specification.
    let spec: TrainingSpec

    /// Reads files with their labels, for evaluation.
    ///
    /// - Throws: `TrainingError`, or `Failure` if the package has no specification.
    static func labelled(_ package: Package, paths: [String]) throws -> PackageExamples {
        guard let spec = try specification(of: package) else {
            throw Failure(
                .dataError,
                "\(package.path): was not trained from a specification, so it does not say what "
                    + "its labels are; give rows of its inputs, a folder with an .npy file each, "
                    + "where a command takes one")
        }
        var classes: [String: [String]] = [:]
        for task in package.model.signature.tasks where !task.labels.isEmpty {
            classes[task.name] = task.labels
        }
        let examples = try naming(package, paths) { () throws(TrainingError) in
            try Examples.read(spec, paths: paths, classes: classes)
        }
        return PackageExamples(examples: examples, spec: spec)
    }

    /// Reads files without labels, for prediction.
    ///
    /// - Throws: `TrainingError`, or `Failure` if the package has no specification.
    static func unlabelled(_ package: Package, paths: [String]) throws -> PackageExamples {
        let spec = try specification(of: package) ?? readingSpecification(of: package)
        let examples = try naming(package, paths) { () throws(TrainingError) in
            try Examples.readFeatures(spec, paths: paths)
        }
        return PackageExamples(examples: examples, spec: spec)
    }

    /// Reads by a specification that nobody sees: an error names the file that lacks a column, or
    /// the package, instead of a line of it alone.
    private static func naming(
        _ package: Package, _ paths: [String],
        _ read: () throws(TrainingError) -> Examples
    ) throws(TrainingError) -> Examples {
        do throws(TrainingError) {
            return try read()
        } catch {
            guard error.file == nil, error.key != nil else { throw error }
            guard error.code == .missingColumn, let first = paths.first else {
                throw error.at(file: "\(package.path), its specification")
            }
            throw error.with(\.key, nil).with(\.line, nil).at(file: first)
        }
    }

    /// Encodes all rows for a graph of the package.
    func encoded(_ program: LoadedProgram) throws(TrainingError) -> EncodedDataset {
        try FeaturePreparation(examples, threadCount: Processors.count)
            .encode(spec.features, program.signature, program.weights.graph).dataset
    }

    /// The specification that a package was trained from; nil for an imported one.
    private static func specification(of package: Package) throws -> TrainingSpec? {
        guard
            let entry = package.model.provenance.first(where: { $0.key == specificationKey })
        else { return nil }
        let seed = package.model.provenance.first { $0.key == splitSeedKey }
        return try TrainingSpec(entry.value)
            .overriding(seed: nil, splitSeed: seed.flatMap { UInt64($0.value) }, threadCount: nil)
    }

    /// How files are read for an imported package: a column a feature, under the feature's name.
    private static func readingSpecification(of package: Package) throws -> TrainingSpec {
        let signature = package.model.signature
        let features = try signature.features.map { feature in
            guard feature.width == 1 else {
                throw Failure(
                    .dataError,
                    "\(package.path): '\(feature.name)' has \(feature.width) numbers a row, which "
                        + "no column holds; give tensors by --inputs")
            }
            return "[[feature]]\ncolumn = \(quoted(feature.name))\n" + reading(feature)
        }
        let head = "[model]\nname = \"imported\"\narchitecture = \"shared-bottom\"\n"
        let task = "[[task]]\nname = \"none\"\nkind = \"binary\"\nlabel = \"none\"\n"
        return try TrainingSpec(head + features.joined() + task)
    }

    /// The keys that make a specification read a feature's raw values as they are.
    private static func reading(_ feature: Feature) -> String {
        let side = "side = \"\(feature.side.name)\"\n"
        switch feature.encoding {
        case .hashedWords, .tokens: return side + "kind = \"words\"\n"
        default: break
        }
        if feature.rawType == .float32 { return side + "kind = \"numeric\"\n" }
        let kind = feature.listLengthMax == nil ? "categorical" : "list"
        return side + "kind = \"\(kind)\"\ndtype = \"\(feature.rawType.name)\"\n"
    }

    /// A text as TOML writes it; names have no control characters.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "\""
    }
}
