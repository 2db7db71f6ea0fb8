package import TandemFeatures
package import TandemGraph
import TandemNotation

// Design: what a model does not say, it shows.
//
// Inputs that no feature of the file writes become features that pass their values through. What a
// task is follows from the operation that makes it, unless the file says it: a sigmoid gives a
// probability, a softmax gives classes, and so does a product of probabilities; else one number is a
// regression and several are a vector.

/// Makes the signature of an imported model.
package struct SignatureBinding {
    private let graph: Graph
    private let file: FeatureFile?
    private var problems: [ImportProblem] = []
    private var features: [Feature] = []
    private var nextColumns: [String: Int] = [:]

    /// The signature of a graph.
    ///
    /// - Parameters:
    ///   - graph: The graph of one row; inputs have row axes.
    ///   - file: What is said of features and tasks, if anything is.
    /// - Returns: A signature that fits the graph.
    /// - Throws: `ImportError` with everything that does not fit, or `FeatureError`'s reason in it.
    package static func signature(
        of graph: Graph, _ file: FeatureFile? = nil
    ) throws(ImportError) -> Signature {
        var binding = SignatureBinding(graph: graph, file: file)
        return try binding.signature()
    }

    private init(graph: Graph, file: FeatureFile?) {
        self.graph = graph
        self.file = file
    }

    private mutating func signature() throws(ImportError) -> Signature {
        for entry in file?.entries ?? [] { bind(entry) }
        let written = Set(file?.entries.map(\.input) ?? [])
        for id in graph.inputs
        where !written.contains(graph[id].name) && file?.isBeside(graph[id].name) != true {
            passThrough(graph[id])
        }
        let tasks = makeTasks()
        if let error = ImportError(problems: problems, file: file?.path ?? "") { throw error }
        return try settled(
            Signature(features: features, tasks: tasks, formulas: file?.formulas ?? []))
    }

    /// The signature with ranges for ids that are passed through: what every table has.
    ///
    /// The signature's own check says by how much a feature's ids go beyond a table, whatever was
    /// added to them on the way; so they are lowered by that until it says nothing.
    private func settled(_ signature: Signature) throws(ImportError) -> Signature {
        var signature = signature
        for _ in 0...4 * signature.features.count {
            do throws(FeatureError) {
                try signature.validate(against: graph)
                return signature
            } catch {
                let isSettled = Self.lower(&signature, error)
                guard !isSettled else { continue }
                throw ImportError(
                    .invalidFeatures, "'\(error.subject)': \(error.message)",
                    file: file?.path ?? "")
            }
        }
        throw ImportError(.invalidFeatures, "no range of ids fits all tables")
    }

    /// Lowers the range of the feature that an error is about; false if that cannot mend it.
    private static func lower(_ signature: inout Signature, _ error: FeatureError) -> Bool {
        guard error.code == .identifierOutOfRange, let limit = error.limit,
            let actual = error.actual, actual > limit,
            let index = signature.features.firstIndex(where: { $0.name == error.subject }),
            case .identity(var encoding) = signature.features[index].encoding,
            encoding.idCount > actual - limit
        else { return false }
        encoding.idCount -= actual - limit
        signature.features[index].encoding = .identity(encoding)
        return true
    }

    // MARK: Features

    private mutating func bind(_ entry: FeatureFile.Entry) {
        guard let id = graph.value(named: entry.input), graph.inputs.contains(id) else {
            let names = graph.inputs.map { graph[$0].name }
            return refuse(
                entry.line,
                "the feature '\(entry.name)' writes the input '\(entry.input)', "
                    + "which the model does not have",
                NearestName.remedy(entry.input, among: names))
        }
        let type = graph[id].type
        if let side = entry.side, side != type.rows {
            return refuse(
                entry.line,
                "the feature '\(entry.name)' is of the \(side.name), its input '\(entry.input)' of "
                    + "the \(type.rows.name)",
                "say side = \"\(type.rows.name)\", or give a context of its own an input of its own"
            )
        }
        guard let encoding = entry.encoding ?? Self.passingThrough(type.dtype) else {
            return refuse(
                entry.line, "the input '\(entry.input)' is \(type), which no caller can give")
        }
        let column = entry.column ?? nextColumns[entry.input] ?? 0
        var length = entry.listLengthMax
        if case .tokens = encoding { length = length ?? type.rowElementCount }
        let feature = Feature(
            name: entry.name, side: type.rows,
            rawType: entry.rawType ?? Self.rawType(type.dtype), width: entry.width,
            listLengthMax: length, isRequired: entry.isRequired, encoding: encoding,
            slot: FeatureSlot(
                input: entry.input, column: column, missingColumn: entry.missingColumn,
                lengthInput: entry.lengthInput, maskInput: entry.maskInput,
                segmentInput: entry.segmentInput))
        let last = max(column + feature.columnCount - 1, entry.missingColumn ?? 0)
        nextColumns[entry.input] = last + 1
        features.append(feature)
    }

    private mutating func passThrough(_ input: Value) {
        guard let count = input.type.rowElementCount else {
            problems.append(
                ImportProblem(
                    .dynamicShape, "the input is \(input.type): its size is not known",
                    remedy: "give named dimensions a size by --dim", tensor: input.name))
            return
        }
        guard let encoding = Self.passingThrough(input.type.dtype) else {
            problems.append(
                ImportProblem(
                    .unsupportedType, "the input is \(input.type), which no caller can give",
                    remedy: "export with float, int or bool inputs", tensor: input.name))
            return
        }
        features.append(
            Feature(
                name: input.name, side: input.type.rows, rawType: Self.rawType(input.type.dtype),
                width: count, isRequired: true, encoding: encoding,
                slot: FeatureSlot(input: input.name)))
    }

    private static func passingThrough(_ dtype: DataType) -> FeatureEncoding? {
        switch dtype {
        case .float32: .number(NumberEncoding(transforms: []))
        case .int32: .identity(IdentityEncoding(idCount: FeatureLimits.idCountMax))
        default: nil
        }
    }

    private static func rawType(_ dtype: DataType) -> RawType {
        dtype == .float32 ? .float32 : .int64
    }

    // MARK: Tasks

    private mutating func makeTasks() -> [Task] {
        var tasks: [Task] = []
        for id in graph.outputs {
            let name = graph[id].name
            guard let width = graph[id].type.rowElementCount, width > 0 else {
                problems.append(
                    ImportProblem(
                        .dynamicShape, "the output is \(graph[id].type): its size is not known",
                        remedy: "give named dimensions a size by --dim", tensor: name))
                continue
            }
            let entry = file?.tasks.first { $0.output == name }
            let kind = entry?.kind.map { Self.kind($0, width) } ?? TaskGuess(graph).kind(of: id)
            tasks.append(Task(name, kind, labels: entry?.labels ?? [], given: entry?.given))
        }
        let names = graph.outputs.map { graph[$0].name }
        for entry in file?.tasks ?? [] where !names.contains(entry.output) {
            refuse(
                entry.line, "the model has no output '\(entry.output)'",
                NearestName.remedy(entry.output, among: names))
        }
        return tasks
    }

    private static func kind(_ name: String, _ width: Int) -> TaskKind {
        switch name {
        case "binary": .binary
        case "multiclass": .multiclass(classCount: width)
        case "regression": .regression
        default: .vector(width: width)
        }
    }

    private mutating func refuse(_ line: Int?, _ message: String, _ remedy: String = "") {
        var problem = ImportProblem(.invalidFeatures, message, remedy: remedy)
        problem.line = line
        problems.append(problem)
    }
}

/// What an output seems to be, by the operation that makes it.
private struct TaskGuess {
    private let graph: Graph
    private let makers: [ValueID: Node]

    init(_ graph: Graph) {
        self.graph = graph
        makers = Dictionary(graph.nodes.map { ($0.output, $0) }) { first, _ in first }
    }

    func kind(of output: ValueID) -> TaskKind {
        let width = graph[output].type.rowElementCount ?? 1
        let maker = maker(of: output)
        if width == 1 { return isProbability(output, depth: 0) ? .binary : .regression }
        return maker?.operation == .softmax ? .multiclass(classCount: width) : .vector(width: width)
    }

    /// The operation that computes a value, past those that only give it another shape.
    private func maker(of value: ValueID) -> Node? {
        var node = makers[value]
        while let current = node, let next = current.inputs.first {
            switch current.operation {
            case .reshape, .transpose, .expand: node = makers[next]
            default: return current
            }
        }
        return node
    }

    /// Whether a value is a sigmoid, a product of such, or the share of one class.
    private func isProbability(_ value: ValueID, depth: Int) -> Bool {
        guard depth < 8, let node = maker(of: value) else { return false }
        switch node.operation {
        case .unary(.sigmoid), .softmax: return true
        case .slice, .gather:
            return maker(of: node.inputs[0])?.operation == .softmax
        case .binary(.multiply):
            return node.inputs.allSatisfy { isProbability($0, depth: depth + 1) }
        default: return false
        }
    }
}
