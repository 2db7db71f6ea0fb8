import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage

/// A package's program, loaded and ready to be executed.
struct LoadedProgram {
    let package: Package
    let weights: WeightedGraph

    /// Opens a package and loads one program's tensors.
    ///
    /// - Throws: `PackageError`, or `Failure` if the package does not have the program.
    init(path: String, executor: ExecutorName) throws {
        let package = try PackageReader.open(path)
        self.package = package
        let name = executor.programName
        guard let program = package.model.program(named: name) else {
            let names = package.model.programs.map(\.name).joined(separator: ", ")
            throw Failure(
                .dataError, "\(path): has no program '\(name)'; it has \(names)")
        }
        weights = WeightedGraph(program.graph, try package.load(program: name))
    }

    var signature: Signature { package.model.signature }
}
