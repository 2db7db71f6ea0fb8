import TandemEngine
import TandemGraph
import TandemPackage
import TandemTraining

/// A package with the int8 program that a search found in the place of its own.
struct QuantizedPackage {
    /// What is published.
    let contents: PackageContents

    /// Keeps the float program, its tensors and the signature; records goldens and figures anew.
    ///
    /// - Throws: `EngineError`.
    init(
        _ source: LoadedProgram, _ rows: QuantizationRows, _ result: QuantizationSearch.Result
    ) throws {
        var model = source.package.model
        let programs = [(ExecutorName.float, source.weights), (.int8, result.program)]
        model.createdWith = "tandem \(ToolVersion.text)"
        model.programs = programs.map {
            Program(
                name: $0.programName, graph: $1.graph,
                numericsVersion: ProgramCompiler.numericsVersion)
        }
        let samples = model.goldens.map { golden in
            SampleInputs(
                candidateRowCount: golden.candidateRows,
                inputs: golden.inputs.map {
                    SampleInputs.Input(name: $0.name, rowShape: $0.rowShape, bytes: $0.bytes)
                })
        }
        model.goldens = try GoldenRecorder.vectors(samples, programs)
        model.quality = result.quality(rows)
        model.choices = result.choices
        contents = PackageContents(
            model: model,
            tensors: source.weights.tensors.merging(result.program.tensors) { first, _ in first })
    }
}

extension QuantizationSearch.Result {
    /// As a package stores what was decided.
    var choices: [OperationChoice] {
        operations.map {
            OperationChoice(
                operation: $0.candidate.name, precision: $0.precision.stored,
                clipsOutliers: $0.clipsOutliers, sensitivity: $0.sensitivity.max() ?? 0)
        }
    }

    /// As a package stores both programs' figures, and what the gate read.
    func quality(_ rows: QuantizationRows) -> [QualityFigure] {
        let measured = figures.flatMap { name, tasks in
            tasks.flatMap { task in
                Figure.allCases.compactMap { figure in
                    task.values[figure].map {
                        QualityFigure(
                            program: name.programName, task: task.task, metric: figure.rawValue,
                            value: $0, rowCount: task.rowCount, split: rows.split)
                    }
                }
            }
        }
        return measured
            + readings.map {
                QualityFigure(
                    program: Program.int8, task: $0.task, metric: $0.metric, value: $0.value,
                    rowCount: rows.rowCount, split: rows.split)
            }
    }
}

extension QuantizationPrecision {
    /// As packages name it.
    fileprivate var stored: OperationChoice.Precision {
        switch self {
        case .int8: .int8
        case .int8TwiceInput: .int8TwiceInput
        case .int8Twice: .int8Twice
        case .float: .float
        }
    }
}
