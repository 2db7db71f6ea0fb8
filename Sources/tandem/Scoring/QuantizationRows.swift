import Glibc
import TandemEngine
import TandemFeatures
import TandemGraph
import TandemPackage
import TandemTraining

/// Rows that a float program and its int8 versions are measured on.
struct QuantizationRows {
    /// Which rows.
    enum Part {
        /// A few thousand, to compare operations by.
        case sample
        /// Those that the gate judges.
        case gate
    }

    private static let sampleRowCountMax = 2048
    /// Contexts below which hidden units that some context would switch on were never seen to be.
    private static let contextCountMin = 32

    private enum Source {
        case labelled(Evaluator, EncodedDataset, sample: [Int32], gate: [Int32])
        case tensors(EncodedInputs, [TensorStorage], rowCount: Int)
    }

    /// Whether the rows are of so many contexts that what layers read of them is what they will read
    /// of others.
    let areOfManyContexts: Bool

    /// The part of the rows that the gate judges, as figures name it.
    let split: String
    /// Rows that the gate judges.
    let rowCount: Int
    private let source: Source

    /// Takes labelled files, read by the specification that the package was trained from, or one
    /// folder of tensors, an .npy file an input.
    ///
    /// The gate judges the rows of the specification's test part (of the validation part if there
    /// is none), the comparisons use rows of the validation part (of the gate's if there is none).
    ///
    /// - Throws: `TrainingError`, `Failure`.
    init(_ program: LoadedProgram, paths: [String]) throws {
        if paths.count == 1, OutputDirectory.isDirectory(paths[0]) {
            try self.init(TensorFiles.arrays(paths[0], program.weights.graph))
        } else {
            for path in paths where access(path, F_OK) != 0 {
                throw Failure(.noInput, "\(path): no such file or folder")
            }
            let input = try PackageExamples.labelled(program.package, paths: paths)
            let examples = input.examples
            let (test, validation) = (examples.rows(.test), examples.rows(.validation))
            let gate = test.isEmpty ? validation : test
            guard !gate.isEmpty else {
                throw Failure(
                    .dataError, "\(paths[0]): has no row of the test part or the validation part")
            }
            let pool = validation.isEmpty ? gate : validation
            // Labelled rows are a log's.
            self.init(
                source: .labelled(
                    Evaluator(input.spec, examples, tasks: program.signature.tasks),
                    try input.encoded(program),
                    sample: Array(pool.prefix(Self.sampleRowCountMax)), gate: gate),
                rowCount: gate.count, split: test.isEmpty ? "validation" : "test",
                areOfManyContexts: true)
        }
    }

    /// Takes tensors that were read, one an input.
    ///
    /// - Throws: `Failure` if they differ in rows.
    init(_ arrays: [NumpyArray]) throws(Failure) {
        let rowCount = try TensorFiles.rowCount(arrays)
        let encoded = TensorFiles.encoded(arrays, rowCount)
        self.init(
            source: .tensors(encoded.inputs, encoded.storages, rowCount: rowCount),
            rowCount: rowCount, split: "calibration",
            areOfManyContexts: Self.areOfManyContexts(arrays, rowCount))
    }

    /// Rows that follow one another with another context each are counted; a model without one has
    /// as many as it has rows.
    private static func areOfManyContexts(_ arrays: [NumpyArray], _ rowCount: Int) -> Bool {
        let contexts = arrays.filter(\.isContext)
        if contexts.isEmpty { return true }
        let changes = (1..<max(rowCount, 1)).lazy.filter { row in
            contexts.contains { array in
                array.rowCount > 1
                    && array.bytes(rows: row..<row + 1) != array.bytes(rows: row - 1..<row)
            }
        }
        return changes.prefix(contextCountMin - 1).count == contextCountMin - 1
    }

    private init(source: Source, rowCount: Int, split: String, areOfManyContexts: Bool) {
        self.source = source
        self.areOfManyContexts = areOfManyContexts
        self.rowCount = rowCount
        self.split = split
    }

    /// Whether figures can be measured.
    var hasLabels: Bool { if case .labelled = source { true } else { false } }

    /// The scores of a program, an array an output, row-major, and its figures if there are labels.
    ///
    /// - Throws: `EngineError`.
    func measured(
        _ program: WeightedGraph, _ part: Part
    ) throws -> (scores: [[Float]], figures: [TaskFigures]) {
        // Any executor of the engine: the program says what is computed.
        let executor = try Executor(.int8, program)
        switch source {
        case .labelled(let evaluator, let dataset, let sample, let gate):
            var scores = program.graph.outputs.map { _ in [Float]() }
            let figures = try evaluator.evaluate(dataset, rows: part == .sample ? sample : gate) {
                let block = try executor.scores($0, rowCount: $1)
                for index in scores.indices { scores[index] += block[index] }
                return block
            }
            return (scores, figures)
        case .tensors(let inputs, let storages, let rowCount):
            let count = part == .sample ? min(rowCount, Self.sampleRowCountMax) : rowCount
            return try withExtendedLifetime(storages) {
                (try executor.scores(inputs, rowCount: count), [])
            }
        }
    }

    /// Values of a program's inner results for the sample's rows, an array each, row-major.
    ///
    /// - Throws: `EngineError`.
    func sampled(_ program: WeightedGraph, _ values: [ValueID]) throws -> [[Float]] {
        let probe = WeightedGraph(program.graph.answering(values), program.tensors)
        let executor = try Executor(.float, probe)
        var results = values.map { _ in [Float]() }
        try forEachSampleBlock {
            let block = try executor.scores($0, rowCount: $1)
            for index in results.indices { results[index] += block[index] }
        }
        return results
    }

    /// Hands out the sample's rows as a graph's inputs, context inputs with a row for each too.
    ///
    /// - Throws: What `body` throws.
    func forEachSampleBlock(
        _ body: (_ inputs: EncodedInputs, _ rowCount: Int) throws -> Void
    ) rethrows {
        switch source {
        case .labelled(let evaluator, let dataset, let sample, _):
            try evaluator.forEachBlock(dataset, rows: sample, body)
        case .tensors(let inputs, let storages, let rowCount):
            try withExtendedLifetime(storages) {
                try body(inputs, min(rowCount, Self.sampleRowCountMax))
            }
        }
    }
}
