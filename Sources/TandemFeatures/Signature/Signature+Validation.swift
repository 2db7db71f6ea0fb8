package import TandemGraph

// Design: what is checked here is what the encoder and the kernels rely on afterwards.
//
// A signature comes from a file, so nothing in it is believed: after `validate` every encoding has
// parameters in range, every column of every graph input is written by exactly one feature, and no
// feature can make an id that a table does not have. The last is followed through the graph, see
// `IdentifierBounds`, because the kernels read tables without a check of their own.

extension Signature {
    /// Checks the signature in itself and against the graph that it feeds and names.
    ///
    /// - Throws: `FeatureError`, naming the feature, input, task or formula at fault.
    /// - Complexity: O(features + columns + nodes).
    package func validate(against graph: Graph) throws(FeatureError) {
        try checkNames()
        for feature in features { try feature.checkEncoding() }
        try checkSlots(graph)
        try IdentifierBounds.check(self, graph)
        try checkTasks(graph)
        try checkFormulas()
    }

    // MARK: Names

    private func checkNames() throws(FeatureError) {
        try Self.checkNames(
            "feature", features.map(\.name), countMax: FeatureLimits.featureCountMax)
        try Self.checkNames("task", tasks.map(\.name), countMax: FeatureLimits.taskCountMax)
        try Self.checkNames(
            "formula", formulas.map(\.name), countMax: FeatureLimits.formulaCountMax)
    }

    private static func checkNames(
        _ kind: String, _ names: [String], countMax: Int
    ) throws(FeatureError) {
        guard names.count <= countMax else {
            throw FeatureError(
                .limitExceeded, "signature",
                "has \(names.count) \(kind)s, at most \(countMax) are allowed", limit: countMax,
                actual: names.count)
        }
        var seen: Set<String> = []
        for name in names {
            try checkName(kind, name)
            guard seen.insert(name).inserted else {
                throw FeatureError(.duplicateName, name, "another \(kind) has this name")
            }
        }
    }

    /// Refuses a name that is empty, too long or has control characters.
    static func checkName(_ kind: String, _ name: String) throws(FeatureError) {
        let byteCount = name.utf8.count
        let limit = FeatureLimits.nameByteCountMax
        guard (1...limit).contains(byteCount) else {
            throw FeatureError(
                .invalidName, String(name.prefix(40)),
                "a \(kind)'s name has 1 to \(limit) bytes, this one \(byteCount)", limit: limit,
                actual: byteCount)
        }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            let plain = name.utf8.map { $0 >= 0x20 && $0 != 0x7F ? $0 : UInt8(ascii: "?") }
            throw FeatureError(
                .invalidName, String(decoding: plain, as: UTF8.self),
                "a \(kind)'s name has no control characters")
        }
    }

    // MARK: Slots

    private func checkSlots(_ graph: Graph) throws(FeatureError) {
        var coverages: [String: InputCoverage] = [:]
        for id in graph.inputs {
            coverages[graph[id].name] = try InputCoverage(graph[id])
        }
        for feature in features {
            let slot = feature.slot
            let dtype: DataType = feature.encoding.idCount == nil ? .float32 : .int32
            try Self.take(
                slot.input, feature, dtype, from: slot.column, feature.columnCount, &coverages)
            if let missingColumn = slot.missingColumn {
                try Self.take(slot.input, feature, dtype, from: missingColumn, 1, &coverages)
            }
            if let lengthInput = slot.lengthInput {
                try Self.take(lengthInput, feature, .int32, from: 0, 1, &coverages)
                guard coverages[lengthInput]?.owners.count == 1 else {
                    throw FeatureError(
                        .wrongInput, feature.name,
                        "its length goes to '\(lengthInput)', which is wider than one number")
                }
            }
            for input in [slot.maskInput, slot.segmentInput].compactMap({ $0 }) {
                try Self.take(input, feature, .int32, from: 0, feature.columnCount, &coverages)
            }
        }
        for id in graph.inputs {
            guard let coverage = coverages[graph[id].name],
                let column = coverage.owners.firstIndex(of: nil)
            else { continue }
            throw FeatureError(
                .uncoveredInput, graph[id].name,
                "no feature writes column \(column) of this graph input", actual: column)
        }
    }

    private static func take(
        _ input: String, _ feature: Feature, _ dtype: DataType, from first: Int, _ count: Int,
        _ coverages: inout [String: InputCoverage]
    ) throws(FeatureError) {
        guard coverages[input] != nil else {
            throw FeatureError(
                .unknownInput, feature.name, "goes to '\(input)', which is no input of the graph")
        }
        try coverages[input]?.take(input, feature, dtype, from: first, count)
    }

    // MARK: Tasks and formulas

    private func checkTasks(_ graph: Graph) throws(FeatureError) {
        guard tasks.count == graph.outputs.count else {
            throw FeatureError(
                .wrongTask, "signature",
                "has \(tasks.count) tasks, the graph \(graph.outputs.count) outputs",
                limit: graph.outputs.count, actual: tasks.count)
        }
        guard !tasks.isEmpty else {
            throw FeatureError(.wrongTask, "signature", "has no task; a model answers at least one")
        }
        for (task, output) in zip(tasks, graph.outputs) {
            try task.check(against: graph[output])
        }
        try checkConditions()
    }

    /// Every task's condition is another task, and no chain of conditions comes back.
    private func checkConditions() throws(FeatureError) {
        let given = Dictionary(uniqueKeysWithValues: tasks.map { ($0.name, $0.given) })
        for task in tasks {
            var current = task.given
            var steps = 0
            while let name = current {
                guard let next = given[name] else {
                    throw FeatureError(
                        .wrongTask, task.name, "is conditional on '\(name)', which is no task")
                }
                steps += 1
                guard steps < tasks.count else {
                    throw FeatureError(
                        .wrongTask, task.name, "is conditional on itself, by way of '\(name)'")
                }
                current = next
            }
        }
    }

    private func checkFormulas() throws(FeatureError) {
        let limit = FeatureLimits.formulaByteCountMax
        for formula in formulas {
            let byteCount = formula.expression.utf8.count
            guard (1...limit).contains(byteCount) else {
                throw FeatureError(
                    .wrongFormula, formula.name,
                    "a formula has 1 to \(limit) bytes, this one \(byteCount)", limit: limit,
                    actual: byteCount)
            }
        }
    }
}

extension Task {
    /// Checks the task in itself and against the graph output that answers it.
    func check(against output: Value) throws(FeatureError) {
        guard name == output.name else {
            throw FeatureError(
                .wrongTask, name, "stands where the graph's output is '\(output.name)'")
        }
        if case .multiclass(let classCount) = kind, classCount < 2 {
            throw FeatureError(
                .wrongTask, name, "has \(classCount) classes, needs at least 2", limit: 2,
                actual: classCount)
        }
        guard output.type.dtype == .float32, output.type.rows != .none,
            output.type.rowElementCount == kind.width, kind.width > 0
        else {
            throw FeatureError(
                .wrongTask, name,
                "is \(kind.name) of width \(kind.width), the graph's output is \(output.type)",
                limit: kind.width, actual: output.type.rowElementCount)
        }
        let labelCount: Int =
            switch kind {
            case .binary: 2
            case .multiclass(let classCount): classCount
            case .regression, .vector: 0
            }
        guard labels.isEmpty || labels.count == labelCount else {
            throw FeatureError(
                .wrongTask, name, "has \(labels.count) labels, \(kind.name) takes \(labelCount)",
                limit: labelCount, actual: labels.count)
        }
    }
}

/// Which feature writes each column of a graph input.
private struct InputCoverage {
    let type: TensorType
    /// The feature's name, by column; nil where none does yet.
    var owners: [String?]

    init(_ input: Value) throws(FeatureError) {
        guard let count = input.type.rowElementCount, count <= Self.columnCountMax else {
            throw FeatureError(
                .wrongInput, input.name,
                "is \(input.type); features need inputs of known size, at most "
                    + "\(Self.columnCountMax) a row")
        }
        type = input.type
        owners = Array(repeating: nil, count: count)
    }

    /// As wide as a graph input may be: the widest feature, as often as there may be features, is
    /// far more than any model has; this bounds what a hostile graph makes us allocate.
    static let columnCountMax = 1 << 20

    mutating func take(
        _ input: String, _ feature: Feature, _ dtype: DataType, from first: Int, _ count: Int
    ) throws(FeatureError) {
        guard type.dtype == dtype, type.rows == feature.side else {
            throw FeatureError(
                .wrongInput, feature.name,
                "makes \(dtype.name) \(feature.side.name) values, its input '\(input)' is \(type)")
        }
        let (end, overflow) = first.addingReportingOverflow(count)
        guard first >= 0, !overflow, end <= owners.count else {
            throw FeatureError(
                .wrongInput, feature.name,
                "takes \(count) columns from \(first) on, its input '\(input)' is \(type)",
                limit: owners.count, actual: overflow ? .max : end)
        }
        for column in first..<end {
            if let owner = owners[column] {
                throw FeatureError(
                    .overlappingColumns, feature.name,
                    "writes column \(column) of '\(input)', as '\(owner)' does", actual: column)
            }
            owners[column] = feature.name
        }
    }
}
