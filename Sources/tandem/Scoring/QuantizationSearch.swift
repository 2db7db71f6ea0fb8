// Design: measure each operation alone, then give back precision where the gate asks for it.
//
// For each operation that can become int8 a program is made in which it alone is int8, and its
// scores are compared with float's: that is the operation's sensitivity. Layers behind a layer norm
// are tried with its columns smoothed first. Products are rounded by what their inputs are in the
// sample, and by how the scores answer to their results; they are tried with their scales clipped by
// error too, and their inputs with one grid for all rows. What changes the scores less is kept. Then
// everything becomes int8 and the gate judges. Where a task fails it, one operation is raised to its
// next precision, and the gate judges again. Errors of operations add up nearly independently, so
// their squares are what each has to give; the one is taken that gives most for its work in a request
// of a usual size. Half of what the gate leaves when all tasks are within it is spent on speed: a grid
// that all rows share needs no look for a row's ends, lets the product before write bytes instead of
// floats and the one behind multiply scales once; so many that are worse are taken. What counts in
// the end is only what the gate measured on the whole program.

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
        /// The same by the precision that it has.
        var change: [Double]
        var precision = QuantizationPrecision.int8
        var clipsOutliers = false
        /// The grid that all rows of its input share, if not each has its own.
        var grid: ActivationGrid?

        /// The precision after the one that it has.
        var nextPrecision: QuantizationPrecision? {
            guard let index = candidate.precisions.firstIndex(of: precision) else {
                return candidate.precisions.first
            }
            return candidate.precisions.dropFirst(index + 1).first
        }

        /// What raising it costs: multiply-adds of a usual request; for a table, its elements, which
        /// is a choice and no measure.
        var cost: Double {
            let work = candidate.multiplyAdds * (candidate.isOfContext ? 1 : usualRowCount)
            return Double(max(work, work == 0 ? candidate.weightCount : 1, 1))
        }

        private var usualRowCount: Int { 64 }
    }

    /// What was found.
    struct Result {
        var program: WeightedGraph
        var operations: [Operation]
        var readings: [QualityGate.Reading]
        var figures: [(ExecutorName, [TaskFigures])]

        /// Operations that the gate wanted more precise than int8.
        var raised: [Operation] { operations.filter { $0.precision != .int8 } }
    }

    let gate: QualityGate
    let rows: QuantizationRows
    /// Whether an operation may return to float; otherwise a broken gate is a refusal.
    let allowsFloat: Bool
    private let floatProgram: WeightedGraph
    private var quantizer: Quantizer
    private var choices = QuantizationChoices()
    /// Of the sample.
    private var floatScores: [[Float]] = []

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
        let worse = try chooseGrids(&operations)
        let float = try rows.measured(floatProgram, .gate)
        while true {
            Terminal.progress(
                "quantize: judging, \(choices.precisions.count) operation(s) raised ...")
            let result = try judged(choices, operations, float)
            let broken = result.readings.filter { !$0.isWithin }
            if broken.isEmpty { return try addingGrids(of: worse, to: result, float) }
            guard allowsFloat, let index = next(operations, for: broken) else {
                throw Failure(.dataError, refusal(broken))
            }
            try raise(&operations[index])
        }
    }

    private mutating func judged(
        _ choices: QuantizationChoices, _ operations: [Operation],
        _ float: (scores: [[Float]], figures: [TaskFigures])
    ) throws -> Result {
        let program = try quantizer.program(choices)
        let int8 = try rows.measured(program, .gate)
        return Result(
            program: program, operations: operations, readings: readings(float, int8),
            figures: [(.float, float.figures), (.int8, int8.figures)])
    }

    /// Gives an operation its next precision, and measures what it still changes.
    private mutating func raise(_ operation: inout Operation) throws {
        guard let precision = operation.nextPrecision else { return }
        let name = operation.candidate.name
        operation.precision = precision
        operation.clipsOutliers = false
        operation.grid = nil
        choices.precisions[name] = precision
        choices.clipped.remove(name)
        choices.grids[name] = nil
        operation.change =
            precision == .float
            ? tasks.map { _ in 0 } : try changes(alone([name], precision))
    }

    private func refusal(_ broken: [QualityGate.Reading]) -> String {
        let remedy =
            allowsFloat
            ? "nothing is left to be raised; widen the limit"
            : "leave out --no-fallback, or widen the limit"
        return "quantize: " + broken.map(\.text).joined(separator: "; ")
            + "; \(remedy); nothing was written"
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

    /// The operation that gives the failing tasks most for its work.
    private func next(_ operations: [Operation], for broken: [QualityGate.Reading]) -> Int? {
        let failing = Set(broken.map(\.task))
        let indices = tasks.indices.filter { failing.contains(tasks[$0]) }
        func gain(_ index: Int) -> Double {
            let change = operations[index].change
            return indices.reduce(0) { $0 + change[$1] * change[$1] } / operations[index].cost
        }
        return operations.indices.filter { operations[$0].nextPrecision != nil }
            .max { gain($0) < gain($1) }
    }

    // MARK: Sensitivity

    private mutating func measuredOperations() throws -> [Operation] {
        floatScores = try rows.measured(floatProgram, .sample).scores
        try smooth()
        choices.moments = try inputMoments()
        if !choices.moments.isEmpty {
            Terminal.progress("quantize: measuring how scores answer to layers ...")
            choices.gradients =
                ScoreGradients(
                    quantizer.source, of: Set(choices.moments.keys), scores: floatScores, rows
                ).moments
        }
        var operations: [Operation] = []
        for (index, candidate) in quantizer.candidates.enumerated() {
            Terminal.progress(
                "quantize: measuring operation \(index + 1) of \(quantizer.candidates.count), "
                    + "\(candidate.name) ...")
            var alone = alone([candidate.name], .int8)
            let plain = try changes(alone)
            var found = Operation(candidate: candidate, sensitivity: plain, change: plain)
            if candidate.input != nil {
                alone.clipped.insert(candidate.name)
                let clipped = try changes(alone)
                if Self.total(clipped) < Self.total(plain) {
                    found.sensitivity = clipped
                    found.change = clipped
                    found.clipsOutliers = true
                    choices.clipped.insert(candidate.name)
                }
            }
            operations.append(found)
        }
        return operations
    }

    // MARK: Grids

    /// A grid for all rows of a value, and what it does to the scores.
    private struct SharedGrid {
        var grid: ActivationGrid
        /// The products that read the value.
        var readers: Set<String>
        /// What it adds to the squared changes, over the elements of a row of the value and of what
        /// its readers make: each saves an instruction.
        var price: Double
    }

    /// One grid for all rows of a value where the products that read it, alone in int8, then change
    /// the scores no more than by a grid a row, whose ends must be looked for.
    ///
    /// - Returns: The other grids.
    private mutating func chooseGrids(_ operations: inout [Operation]) throws -> [SharedGrid] {
        guard rows.areOfManyContexts else { return [] }
        let graph = quantizer.source.graph
        let products = quantizer.candidates.filter { $0.input != nil && !$0.isOfContext }
        let values = Set(products.compactMap(\.input))
            .filter { choices.smoothed[graph[$0].name] == nil }.sorted { $0.index < $1.index }
        guard !values.isEmpty else { return [] }
        let sampled = try rows.sampled(quantizer.source, values)
        var worse: [SharedGrid] = []
        func elementCount(_ id: ValueID) -> Int { graph[id].type.rowElementCount ?? 0 }
        for (index, id) in values.enumerated() {
            Terminal.progress("quantize: measuring grid \(index + 1) of \(values.count) ...")
            guard let grid = ActivationGrid.measured(sampled[index]) else { continue }
            let readers = Set(products.filter { $0.input == id }.map(\.name))
            var perRow = alone(readers, .int8)
            perRow.clipped = choices.clipped.intersection(readers)
            var perTensor = perRow
            for reader in readers { perTensor.grids[reader] = grid }
            let added = Self.total(try changes(perTensor)) - Self.total(try changes(perRow))
            let saving = graph.nodes.filter { readers.contains(graph[$0.output].name) }
                .reduce(elementCount(id)) { $0 + elementCount($1.output) }
            let shared = SharedGrid(
                grid: grid, readers: readers, price: added / Double(max(saving, 1)))
            if added > 0 {
                worse.append(shared)
            } else {
                Self.add([shared], to: &choices, &operations)
            }
        }
        return worse
    }

    private static func add(
        _ grids: some Sequence<SharedGrid>, to choices: inout QuantizationChoices,
        _ operations: inout [Operation]
    ) {
        for shared in grids {
            for reader in shared.readers { choices.grids[reader] = shared.grid }
            for index in operations.indices
            where shared.readers.contains(operations[index].candidate.name) {
                operations[index].grid = shared.grid
            }
        }
    }

    /// As many more grids as half of what the gate leaves pays for, cheapest first, by bisection.
    ///
    /// The other half is for rows that nobody saw yet: nothing here needs it, as a raised precision
    /// would.
    private mutating func addingGrids(
        of worse: [SharedGrid], to found: Result,
        _ float: (scores: [[Float]], figures: [TaskFigures])
    ) throws -> Result {
        let grids = worse.filter { $0.readers.allSatisfy { choices.precision(of: $0) == .int8 } }
            .sorted { $0.price < $1.price }
        var (best, few, many) = (found, 0, grids.count + 1)
        // All of them first.
        var next = grids.count
        while few + 1 < many {
            Terminal.progress("quantize: judging, \(next) of \(grids.count) shared grid(s) ...")
            var (choices, operations) = (choices, found.operations)
            Self.add(grids[..<next], to: &choices, &operations)
            let result = try judged(choices, operations, float)
            let isPaidFor = zip(found.readings, result.readings).allSatisfy { before, after in
                after.value <= (before.value + before.limit) / 2
            }
            if isPaidFor {
                (best, few) = (result, next)
            } else {
                many = next
            }
            next = (few + many) / 2
        }
        return best
    }

    /// Choices by which some operations have a precision, and all others are float.
    private func alone(
        _ names: Set<String>, _ precision: QuantizationPrecision
    ) -> QuantizationChoices {
        var alone = QuantizationChoices(keptFloat: quantizer.candidates.map(\.name))
        for name in names { alone.precisions[name] = precision }
        alone.moments = choices.moments
        alone.gradients = choices.gradients
        alone.smoothed = choices.smoothed
        return alone
    }

    /// Smooths the columns of layer norms where their readers, alone in int8, then change less.
    private mutating func smooth() throws {
        let values = quantizer.smoothable
        guard !values.isEmpty else { return }
        let powers = try fourthPowers(of: values)
        let kept = QuantizationChoices(keptFloat: quantizer.candidates.map(\.name))
        for (index, id) in values.enumerated() {
            Terminal.progress("quantize: smoothing layer norm \(index + 1) of \(values.count) ...")
            var plain = kept
            for reader in quantizer.candidates where reader.input == id {
                plain.precisions[reader.name] = nil
            }
            let name = quantizer.source.graph[id].name
            let factors = quantizer.smoothingFactors(id, fourthPowers: powers[index])
            var smoothed = plain
            smoothed.smoothed[name] = factors
            if Self.total(try changes(smoothed)) < Self.total(try changes(plain)) {
                choices.smoothed[name] = factors
            }
        }
    }

    private static func total(_ changes: [Double]) -> Double {
        changes.reduce(0) { $0 + $1 * $1 }
    }

    /// Each task's change on the sample, in a unit that tasks of all kinds share: the root mean
    /// square over the standard deviation of float's scores.
    private mutating func changes(_ choices: QuantizationChoices) throws -> [Double] {
        let scores = try rows.measured(try quantizer.program(choices), .sample).scores
        return zip(floatScores, scores).map { before, after in
            let squares = zip(before, after).reduce(0.0) {
                let gap = Double($1.0) - Double($1.1)
                return $0 + gap * gap
            }
            let spread = Self.variance(before) * Double(before.count)
            return (spread > 0 ? squares / spread : squares).squareRoot()
        }
    }

    static func variance(_ values: [Float]) -> Double {
        let count = Double(max(values.count, 1))
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        return values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    }

    /// What the inputs of products are, by the products' names.
    ///
    /// Nothing is learnt from rows of a few requests: by moments of one, scores of others were off
    /// by half as much again. Of the context's layers, which have one input a request, only how large
    /// each element is.
    private func inputMoments() throws -> [String: SecondMoments] {
        guard rows.areOfManyContexts else { return [:] }
        let products = quantizer.candidates.filter { $0.input != nil }
        let values = Array(Set(products.compactMap(\.input))).sorted { $0.index < $1.index }
        guard !values.isEmpty else { return [:] }
        let graph = quantizer.source.graph
        let sampled = try rows.sampled(quantizer.source, values)
        var moments: [ValueID: SecondMoments] = [:]
        for (id, elements) in zip(values, sampled) {
            let width = graph[id].type.fixedSizes?.last ?? 1
            var elements = elements
            if let factors = choices.smoothed[graph[id].name] {
                for index in elements.indices { elements[index] *= factors[index % width] }
            }
            moments[id] = SecondMoments(
                samples: elements, width: width,
                ofEachAlone: graph[id].type.rows != .candidate)
        }
        return Dictionary(
            uniqueKeysWithValues: products.compactMap { product in
                product.input.flatMap { moments[$0] }.map { (product.name, $0) }
            })
    }

    /// The mean fourth power of each column of some values in the sample.
    private func fourthPowers(of values: [ValueID]) throws -> [[Float]] {
        let graph = quantizer.source.graph
        return zip(values, try rows.sampled(quantizer.source, values)).map { id, elements in
            let width = graph[id].type.fixedSizes?.last ?? 1
            var sums = [Double](repeating: 0, count: width)
            for (index, element) in elements.enumerated() {
                let square = Double(element) * Double(element)
                sums[index % width] += square * square
            }
            let count = Double(max(elements.count / max(width, 1), 1))
            return sums.map { Float($0 / count) }
        }
    }
}
