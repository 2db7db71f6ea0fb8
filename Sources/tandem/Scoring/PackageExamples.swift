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
        let spec = try specification(of: package)
        var classes: [String: [String]] = [:]
        for task in package.model.signature.tasks where !task.labels.isEmpty {
            classes[task.name] = task.labels
        }
        return PackageExamples(
            examples: try Examples.read(spec, paths: paths, classes: classes), spec: spec)
    }

    /// Reads files without labels, for prediction.
    ///
    /// - Throws: `TrainingError`, or `Failure` if the package has no specification.
    static func unlabelled(_ package: Package, paths: [String]) throws -> PackageExamples {
        let spec = try specification(of: package)
        return PackageExamples(
            examples: try Examples.readFeatures(spec, paths: paths), spec: spec)
    }

    /// Encodes all rows for a graph of the package.
    func encoded(_ program: LoadedProgram) throws(TrainingError) -> EncodedDataset {
        try FeaturePreparation(examples, threadCount: Processors.count)
            .encode(spec.features, program.signature, program.weights.graph).dataset
    }

    private static func specification(of package: Package) throws -> TrainingSpec {
        guard
            let entry = package.model.provenance.first(where: { $0.key == specificationKey })
        else {
            throw Failure(
                .dataError,
                "\(package.path): was not trained from a specification, so it does not say how "
                    + "files are read; give tensors by --inputs")
        }
        let seed = package.model.provenance.first { $0.key == splitSeedKey }
        return try TrainingSpec(entry.value)
            .overriding(seed: nil, splitSeed: seed.flatMap { UInt64($0.value) }, threadCount: nil)
    }
}
