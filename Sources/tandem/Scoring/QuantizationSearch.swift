// Design: measure each operation alone, then give back precision where the gate asks for it.
//
// For each operation that can become int8 a program is made in which it alone is int8, and its
// scores are compared with float's: that is the operation's sensitivity. Products are tried with
// their scales clipped by error too, and keep what changes the scores less. Then everything becomes
// int8 and the gate judges. Where a task fails it, the operation that changes this task's scores
// most returns to float, one by one, until the gate is content. Errors of operations add up nearly
// independently, so the order by squares is the order of gain; what counts in the end is only what
// the gate measured on the whole program.

import TandemEngine
import TandemGraph
import TandemPackage
import TandemTraining

/// Finds the int8 program of a float one that passes a gate.
struct QuantizationSearch {
    /// An operation, what it does to the scores, and what was decided.
    struct Operation {
        var candidate: QuantizationCandidate
        /// Root mean squared change of each task's scores if it alone is int8, as a share of their
        /// standard deviation.
        var sensitivity: [Double]
        var isInt8 = true
        var clipsOutliers = false
    }

    /// What was found.
    struct Result {
        var program: WeightedGraph
        var operations: [Operation]
        var readings: [QualityGate.Reading]
        var figures: [(ExecutorName, [TaskFigures])]
    }

    let gate: QualityGate
    let rows: QuantizationRows
    /// Whether an operation may return to float; otherwise a broken gate is a refusal.
    let allowsFloat: Bool
    private let floatProgram: WeightedGraph
    private var quantizer: Quantizer
    private var choices = QuantizationChoices()

    /// Starts from a float program.
    ///
    /// - Throws: `EngineError`.
    init(
        _ floatProgram: WeightedGraph, gate: QualityGate, rows: QuantizationRows, allowsFloat: Bool
    ) throws(EngineError) {
        self.gate = gate
        self.rows = rows
        self.allowsFloat = allowsFloat
        self.floatProgram = floatProgram
        quantizer = try Quantizer(floatProgram)
    }

    /// Measures and decides.
    ///
    /// - Throws: `Failure` naming task, figure and limit if no choice passes; `EngineError`.
    mutating func result() throws -> Result {
        var operations = try measuredOperations()
        let float = try rows.measured(floatProgram, .gate)
        while true {
            Terminal.progress(
                "quantize: judging, \(operations.count(where: { !$0.isInt8 })) operation(s) in float ..."
            )
            let program = try quantizer.program(choices)
            let int8 = try rows.measured(program, .gate)
            let readings = readings(float, int8)
            let broken = readings.filter { !$0.isWithin }
            if broken.isEmpty {
                return Result(
                    program: program, operations: operations, readings: readings,
                    figures: [(.float, float.figures), (.int8, int8.figures)])
            }
            guard allowsFloat, let index = worst(operations, for: broken) else {
                throw Failure(.dataError, refusal(broken))
            }
            operations[index].isInt8 = false
            choices.keptFloat.insert(operations[index].candidate.name)
        }
    }

    private func refusal(_ broken: [QualityGate.Reading]) -> String {
        let remedy =
            allowsFloat
            ? "nothing is left to return to float; widen the limit"
            : "leave out --no-fallback, or widen the limit"
        return "quantize: " + broken.map(\.text).joined(separator: "; ") + "; \(remedy)"
    }

    private var tasks: [String] {
        quantizer.source.graph.outputs.map { quantizer.source.graph[$0].name }
    }

    private func readings(
        _ float: (scores: [[Float]], figures: [TaskFigures]),
        _ int8: (scores: [[Float]], figures: [TaskFigures])
    ) -> [QualityGate.Reading] {
        tasks.indices.flatMap { index in
            rows.hasLabels
                ? gate.readings(float: float.figures[index], int8: int8.figures[index])
                : gate.readings(
                    task: tasks[index], float: float.scores[index], int8: int8.scores[index])
        }
    }

    /// The int8 operation that changes the scores of failing tasks most.
    private func worst(_ operations: [Operation], for broken: [QualityGate.Reading]) -> Int? {
        let failing = Set(broken.map(\.task))
        let indices = tasks.indices.filter { failing.contains(tasks[$0]) }
        func change(_ operation: Operation) -> Double {
            indices.reduce(0) { $0 + operation.sensitivity[$1] * operation.sensitivity[$1] }
        }
        return operations.indices.filter { operations[$0].isInt8 }
            .max { change(operations[$0]) < change(operations[$1]) }
    }

    // MARK: Sensitivity

    private mutating func measuredOperations() throws -> [Operation] {
        let float = try rows.measured(quantizer.source, .sample).scores
        let all = Set(quantizer.candidates.map(\.name))
        let inputs = try inputSquares()
        var operations: [Operation] = []
        for (index, candidate) in quantizer.candidates.enumerated() {
            Terminal.progress(
                "quantize: measuring operation \(index + 1) of \(all.count), \(candidate.name) ...")
            var alone = QuantizationChoices(keptFloat: all.subtracting([candidate.name]))
            var found = Operation(
                candidate: candidate, sensitivity: try changes(alone, from: float))
            if let input = candidate.input, let squares = inputs[input] {
                alone.clipped[candidate.name] = squares
                let clipped = try changes(alone, from: float)
                if Self.total(clipped) < Self.total(found.sensitivity) {
                    found.sensitivity = clipped
                    found.clipsOutliers = true
                    choices.clipped[candidate.name] = squares
                }
            }
            operations.append(found)
        }
        return operations
    }

    private static func total(_ changes: [Double]) -> Double {
        changes.reduce(0) { $0 + $1 * $1 }
    }

    /// Each task's change on the sample, in a unit that tasks of all kinds share: the root mean
    /// square over the standard deviation of float's scores.
    private mutating func changes(
        _ choices: QuantizationChoices, from float: [[Float]]
    ) throws -> [Double] {
        let scores = try rows.measured(try quantizer.program(choices), .sample).scores
        return zip(float, scores).map { before, after in
            let squares = zip(before, after).reduce(0.0) {
                let gap = Double($1.0) - Double($1.1)
                return $0 + gap * gap
            }
            let spread = Self.variance(before) * Double(before.count)
            return (spread > 0 ? squares / spread : squares).squareRoot()
        }
    }

    private static func variance(_ values: [Float]) -> Double {
        let count = Double(max(values.count, 1))
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        return values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    }

    /// The mean square of each column of what products read.
    private func inputSquares() throws -> [ValueID: [Float]] {
        var values: [ValueID] = []
        for candidate in quantizer.candidates {
            if let input = candidate.input, !values.contains(input) { values.append(input) }
        }
        guard !values.isEmpty else { return [:] }
        let graph = quantizer.source.graph
        let sampled = try rows.sampled(quantizer.source, values)
        var squares: [ValueID: [Float]] = [:]
        for (id, elements) in zip(values, sampled) {
            let width = graph[id].type.fixedSizes?.last ?? 1
            var sums = [Double](repeating: 0, count: width)
            for (index, element) in elements.enumerated() {
                sums[index % width] += Double(element) * Double(element)
            }
            let count = Double(max(elements.count / max(width, 1), 1))
            squares[id] = sums.map { Float($0 / count) }
        }
        return squares
    }
}
