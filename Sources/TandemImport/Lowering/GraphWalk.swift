import TandemGraph
import TandemNotation

// Design: a problem stops its own node and nothing else.
//
// Nodes are lowered in order. One that fails notes its problem and leaves its results without a
// value; nodes that read such a result are passed over in silence, since what is wrong with them
// cannot be told from what is wrong before them. Operators without a lowering are listed before the
// walk, all of them, so that the list does not end at the first.

/// One walk over a model's nodes, lowering each.
final class GraphWalk {
    private let lowering: Lowering
    private let options: ImportOptions
    private var values: [String: ImportedValue] = [:]
    private var problems: [ImportProblem] = []
    private var notes: [String] = []

    /// A walk that has not started.
    init(_ name: String, _ options: ImportOptions) throws(ImportError) {
        do throws(GraphError) {
            lowering = try Lowering(name: name)
        } catch {
            throw ImportError(.unsupported, error.description)
        }
        self.options = options
    }

    /// Lowers a model's graph.
    func lower(
        _ graph: ONNXGraph, _ progress: (Double) -> Void
    ) throws(ImportError) -> ImportedModel {
        let inputNames = graph.inputs.map { lowering.uniqueName($0.name) }
        let outputNames = graph.outputs.map { lowering.uniqueName($0.name) }
        declareInputs(graph, inputNames)
        readWeights(graph)
        checkOperators(graph.nodes)
        lowerNodes(graph, progress)
        var outputs: [(name: String, value: ImportedValue)] = []
        for (output, name) in zip(graph.outputs, outputNames) {
            guard let value = values[output.name] else { continue }
            outputs.append((name, value))
            if value.sequence != nil {
                problems.append(
                    ImportProblem(
                        .unsupportedType, "the output is a sequence of tensors",
                        remedy: "concatenate it", tensor: output.name))
            }
        }
        try throwProblems()
        do throws(GraphError) {
            let finished = try lowering.finished(outputs)
            return ImportedModel(graph: finished.graph, tensors: finished.tensors, notes: notes)
        } catch {
            throw ImportError(.unsupported, error.description)
        }
    }

    private func throwProblems() throws(ImportError) {
        let limit = ImportLimits.problemCountMax
        if problems.count > limit {
            let rest = problems.count - limit
            problems = Array(problems.prefix(limit))
            problems.append(ImportProblem(.limitExceeded, "and \(rest) more problems"))
        }
        if let error = ImportError(problems: problems) { throw error }
    }

    // MARK: Inputs and weights

    private func declareInputs(_ graph: ONNXGraph, _ names: [String]) {
        for name in options.constants.keys.sorted()
        where !graph.inputs.contains(where: { $0.name == name }) {
            problems.append(
                ImportProblem(
                    .unknownInput, "no input has the name '\(name)'",
                    remedy: NearestName.remedy(name, among: graph.inputs.map(\.name))))
        }
        var dimensions = InputDimensions(graph.inputs, options.sizes)
        for (input, name) in zip(graph.inputs, names) {
            guard case .tensor(let element, let shape?) = input.kind, let dtype = element.dtype
            else { continue }
            let sizes = dimensions.shape(of: input.name, shape)
            if let constant = options.constants[input.name] {
                bind(constant, to: input.name, TensorType(dtype, .none, sizes))
                continue
            }
            do throws(GraphError) {
                let type = TensorType(dtype, .none, sizes)
                values[input.name] = try lowering.input(name, type)
            } catch {
                problems.append(ImportProblem(.wrongShape, error.message, tensor: input.name))
            }
        }
        problems += dimensions.problems
        notes += dimensions.notes
    }

    private func bind(_ constant: Tensor, to input: String, _ type: TensorType) {
        let isFitting =
            constant.dtype == type.dtype && constant.shape.count == type.shape.count
            && zip(constant.shape, type.shape).allSatisfy { ($1.fixedSize ?? $0) == $0 }
        guard isFitting else {
            problems.append(
                ImportProblem(
                    .wrongShape,
                    "the input is \(type), the tensor given is \(constant.dtype.name) "
                        + "\(constant.shape)", tensor: input))
            return
        }
        values[input] = ImportedValue(constant, name: input)
    }

    private func readWeights(_ graph: ONNXGraph) {
        for weight in graph.initializers {
            do throws(ImportError) {
                values[weight.name] = ImportedValue(try weight.tensor(), name: weight.name)
            } catch {
                problems += error.problems
            }
        }
    }

    // MARK: Nodes

    /// Lists operators without a lowering, and nodes with inputs or attributes that theirs lacks.
    private func checkOperators(_ nodes: [ONNXNode]) {
        for node in nodes {
            guard let entry = OperatorTable.entry(domain: node.domain, name: node.operator) else {
                problems.append(OperatorCheck.unsupported(node))
                continue
            }
            problems += OperatorCheck(node: node, entry: entry).problems
        }
    }

    private func lowerNodes(_ graph: ONNXGraph, _ progress: (Double) -> Void) {
        let lastReads = lastReads(graph)
        for (index, node) in graph.nodes.enumerated() {
            lower(node)
            for name in lastReads[index] ?? [] { values[name] = nil }
            progress(Double(index + 1) / Double(graph.nodes.count))
        }
    }

    /// The values that no node behind an index reads, so that folded weights do not pile up.
    private func lastReads(_ graph: ONNXGraph) -> [Int: [String]] {
        var last: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for name in node.reads { last[name] = index }
        }
        for output in graph.outputs { last[output.name] = nil }
        var names: [Int: [String]] = [:]
        for (name, index) in last { names[index, default: []].append(name) }
        return names
    }

    private func lower(_ node: ONNXNode) {
        guard let entry = OperatorTable.entry(domain: node.domain, name: node.operator),
            OperatorCheck(node: node, entry: entry).problems.isEmpty,
            node.inputs.allSatisfy({ $0.isEmpty || values[$0] != nil })
        else { return }
        let context = OperatorContext(
            node: node, inputs: node.inputs.map { $0.isEmpty ? nil : values[$0] },
            opset: node.opset ?? 1, lowering: lowering,
            lowerSubgraph: { [unowned self] graph, arguments throws(ImportError) in
                try subgraph(graph, arguments)
            })
        do {
            if !entry.takesSequences, context.inputs.contains(where: { $0?.sequence != nil }) {
                throw context.failure(
                    .wrongType, "takes tensors, is given a sequence of them",
                    "concatenate the sequence before the node")
            }
            let results = try entry.lower(context)
            for (index, name) in node.outputs.enumerated() where !name.isEmpty {
                guard results.indices.contains(index) else {
                    throw context.failure(
                        .unsupported, "output \(index) ('\(name)') is not computed",
                        "export without it")
                }
                values[name] = results[index]
            }
        } catch let error as ImportError {
            problems += error.problems
        } catch let error as GraphError {
            problems += context.failure(error).problems
        } catch {
            problems += context.failure(.unsupported, "\(error)").problems
        }
    }

    /// Lowers a subgraph of control flow in place; its names are its own.
    private func subgraph(
        _ graph: ONNXGraph, _ arguments: [ImportedValue]
    ) throws(ImportError) -> [ImportedValue] {
        let outerValues = values
        let outerProblems = problems
        problems = []
        for (input, value) in zip(graph.inputs, arguments) { values[input.name] = value }
        readWeights(graph)
        checkOperators(graph.nodes)
        lowerNodes(graph) { _ in }
        let results = graph.outputs.compactMap { values[$0.name] }
        let found = problems
        values = outerValues
        problems = outerProblems
        if let error = ImportError(problems: found) { throw error }
        guard results.count == graph.outputs.count else {
            throw ImportError(.undefinedValue, "a subgraph reads what could not be imported")
        }
        return results
    }
}
