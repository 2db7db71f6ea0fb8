import TandemEngine
import TandemGraph
import TandemPackage

/// How a program came to be, and what it becomes on this machine.
struct PlanReport {
    private let executor: ExecutorName
    private let floatPasses: [String]
    private let int8Passes: PassTrace
    private let plan: Plan
    private let printsGraphs: Bool

    /// Loads a program and makes its plan; the int8 passes are run again on the stored float program.
    ///
    /// - Throws: `PackageError`, `EngineError`, `Failure`.
    init(_ path: String, _ executor: ExecutorName, printsGraphs: Bool) throws {
        let program = try LoadedProgram(path: path, executor: executor)
        self.executor = executor
        self.printsGraphs = printsGraphs
        let model = program.package.model
        floatPasses = PassTrace.remembered(model)
        var trace = PassTrace()
        if executor == .int8, model.program(named: Program.float) != nil {
            let float = try LoadedProgram(path: path, executor: .float)
            _ = try ProgramCompiler.applied(
                ProgramCompiler.int8Passes(QuantizationChoices(model.choices)), to: float.weights
            ) { trace.add($0, $1, $2) }
        }
        int8Passes = trace
        plan = try Plan(program.weights.graph, program.weights.tensors)
    }

    /// For people.
    var text: String {
        var parts = [section("passes from the model to the float program", floatPasses)]
        if executor == .int8 {
            parts.append(
                section(
                    "passes from the float program to int8", int8Passes.entries.map(\.summary)))
        }
        if printsGraphs {
            parts += int8Passes.entries.map { "after: \($0.name)\n\n\($0.text)" }
        }
        parts.append("steps, those of a request before those of a block:\n\n\(plan.text)")
        parts.append("memory:\n\n\(plan.memoryText)")
        return parts.joined(separator: "\n")
    }

    private func section(_ title: String, _ lines: [String]) -> String {
        let body = lines.isEmpty ? ["not recorded in this package"] : lines
        return "\(title):\n\n" + body.map { "  \($0)\n" }.joined()
    }
}

extension QuantizationChoices {
    /// The precisions that a package says were chosen; how scales were is in its tensors alone.
    fileprivate init(_ choices: [OperationChoice]) {
        self.init(
            precisions: Dictionary(
                choices.compactMap { choice in
                    QuantizationPrecision(rawValue: choice.precision.rawValue)
                        .map { (choice.operation, $0) }
                }, uniquingKeysWith: { first, _ in first }))
    }
}
