package import TandemEngine
package import TandemFeatures
package import TandemGraph
import TandemNotation
package import TandemWire

/// One version of a model as requests meet it: what they are checked against and computed by.
///
/// Immutable; shared by all loops. Making one cannot be left half done: whatever could fail at a
/// request for the model's own sake (an output that no task names, a formula that does not parse)
/// fails here, when the model is loaded.
package final class ServableModel: Sendable {
    /// The model's name.
    package let name: String
    /// The version, from 1.
    package let version: UInt64
    /// What it takes and answers.
    package let signature: Signature
    /// The program that runs: `int8` or `float`.
    package let executor: String
    /// The plan that runs.
    package let plan: Plan

    let encoder: FeatureEncoder
    /// Position in `plan.outputs`, by task and then by gate.
    let outputs: [Int]
    /// The gates whose weights can be asked for.
    package let gates: [GateAnswer]
    /// Floats a row, by task and then by gate.
    let widths: [Int]
    /// Its tasks by name.
    package let tasks: TaskTable
    let contextFeatures: [Int]
    let candidateFeatures: [Int]
    let taskAnswers: [TaskAnswer]
    private let formulaNames: Vocabulary
    private let formulas: [ScoreProgram]

    /// Makes a model from a plan and what its package says.
    ///
    /// - Parameters:
    ///   - name: The model's name.
    ///   - version: The version, from 1.
    ///   - signature: What it takes and answers.
    ///   - executor: The program's name.
    ///   - graph: The program's graph.
    ///   - plan: The graph, lowered; one that answers its gates has them to offer.
    /// - Throws: `RequestError.loadFailed` when signature, graph and plan do not fit together.
    package init(
        name: String, version: UInt64, signature: Signature, executor: String, graph: Graph,
        plan: Plan
    ) throws(RequestError) {
        self.name = name
        self.version = version
        self.signature = signature
        self.executor = executor
        self.plan = plan
        do {
            encoder = try FeatureEncoder(signature: signature, graph: graph)
            tasks = try TaskTable(signature.tasks)
            formulaNames = try Vocabulary(names: signature.formulas.map(\.name))
        } catch { throw Self.misfit(name, error.description) }
        var outputs: [Int] = []
        for task in signature.tasks {
            guard
                let output = plan.outputs.firstIndex(where: { $0.name == task.name }),
                plan.outputs[output].width == task.kind.width
            else {
                throw Self.misfit(
                    name,
                    "task '\(task.name)' is no output of the graph with \(task.kind.width) "
                        + "columns")
            }
            outputs.append(output)
        }
        var gates: [GateAnswer] = []
        for gate in graph.gates {
            guard let output = plan.outputs.firstIndex(where: { $0.name == gate.output }) else {
                continue
            }
            outputs.append(output)
            gates.append(GateAnswer(gate.name, experts: gate.expertCount))
        }
        self.outputs = outputs
        self.gates = gates
        widths = tasks.widths + gates.map(\.experts)
        contextFeatures = signature.features.indices
            .filter { signature.features[$0].side == .context }
        candidateFeatures = signature.features.indices
            .filter { signature.features[$0].side != .context }
        taskAnswers = signature.tasks.map {
            TaskAnswer($0.name, $0.kind.wireKind, width: $0.kind.width, given: $0.given ?? "")
        }
        formulas = try Self.compile(signature, tasks)
    }

    /// A formula of the package.
    func formula(named name: UnsafeRawBufferPointer) throws(RequestError) -> ScoreProgram {
        if let index = formulaNames.position(of: name) { return formulas[index] }
        let text = String(decoding: name, as: UTF8.self)
        throw RequestError(
            .formulaUnknown,
            "model '\(self.name)' has no formula '\(text)'; "
                + NearestName.remedy(text, among: signature.formulas.map(\.name)),
            model: self.name, given: text)
    }

    private static func compile(
        _ signature: Signature, _ tasks: TaskTable
    ) throws(RequestError) -> [ScoreProgram] {
        var programs: [ScoreProgram] = []
        for formula in signature.formulas {
            do throws(RequestError) {
                programs.append(try ScoreProgram(formula.expression, tasks))
            } catch {
                throw RequestError(
                    .loadFailed, "formula '\(formula.name)': \(error.message)", given: formula.name,
                    offset: error.offset)
            }
        }
        return programs
    }

    private static func misfit(_ name: String, _ message: String) -> RequestError {
        RequestError(
            .loadFailed, "model '\(name)' does not fit together: \(message)", model: name)
    }
}

extension TaskKind {
    /// The kind as the wire has it.
    package var wireKind: ScoreKind {
        switch self {
        case .binary: .binary
        case .multiclass: .multiclass
        case .regression: .regression
        case .vector: .vector
        }
    }
}
