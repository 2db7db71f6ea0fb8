/// Nodes and the values that go in and out (`GraphProto`).
package struct ONNXGraph: Sendable {
    /// The graph's name.
    package var name: String
    /// The nodes, each reading earlier results once the structure is checked.
    package var nodes: [ONNXNode]
    /// The weights.
    package var initializers: [ONNXTensor]
    /// Names of sparse weights, which are refused.
    package var sparseInitializers: [String]
    /// What a request brings; weights that old files list here too are taken out.
    package var inputs: [ONNXValueInfo]
    /// What is answered.
    package var outputs: [ONNXValueInfo]
    /// Declared types of values in between; hints, not relied on.
    package var valueInfo: [ONNXValueInfo]

    /// Makes a graph.
    package init(
        name: String, nodes: [ONNXNode] = [], initializers: [ONNXTensor] = [],
        sparseInitializers: [String] = [], inputs: [ONNXValueInfo] = [],
        outputs: [ONNXValueInfo] = [], valueInfo: [ONNXValueInfo] = []
    ) {
        self.name = name
        self.nodes = nodes
        self.initializers = initializers
        self.sparseInitializers = sparseInitializers
        self.inputs = inputs
        self.outputs = outputs
        self.valueInfo = valueInfo
    }

    /// Names that this graph makes itself: inputs, weights and results of its nodes.
    package var definitions: Set<String> {
        var names = Set(inputs.map(\.name)).union(initializers.map(\.name))
        for node in nodes { names.formUnion(node.outputs) }
        return names
    }

    /// Names that this graph reads from the one around it.
    package var captures: [String] {
        let own = definitions
        var captures: [String] = []
        for node in nodes { captures += node.reads.filter { !own.contains($0) } }
        captures += outputs.map(\.name).filter { !own.contains($0) }
        return captures
    }
}

extension ONNXGraph {
    /// Reads a `GraphProto`.
    init(_ reader: ProtobufReader, _ files: ExternalFiles) throws(ImportError) {
        var reader = reader
        self.init(name: "")
        while let field = try reader.next() { try read(field, files) }
        let weights = Set(initializers.map(\.name))
        inputs.removeAll { weights.contains($0.name) }
    }

    private mutating func read(
        _ field: ProtobufField, _ files: ExternalFiles
    ) throws(ImportError) {
        let limit = ImportLimits.itemCountMax
        switch field.number {
        case 1:
            let node = try ONNXNode(try field.message(), files)
            try nodes.append(node, upTo: ImportLimits.nodeCountMax, "nodes", at: field.offset)
        case 2: name = try field.text()
        case 5:
            let tensor = try ONNXTensor(try field.message(), files)
            try initializers.append(tensor, upTo: limit, "weights", at: field.offset)
        case 11:
            let info = try ONNXValueInfo(try field.message())
            try inputs.append(info, upTo: limit, "inputs", at: field.offset)
        case 12:
            let info = try ONNXValueInfo(try field.message())
            try outputs.append(info, upTo: limit, "outputs", at: field.offset)
        case 13:
            let info = try ONNXValueInfo(try field.message())
            try valueInfo.append(info, upTo: limit, "declarations", at: field.offset)
        case 15:
            let name = try Self.sparseName(try field.message())
            try sparseInitializers.append(name, upTo: limit, "weights", at: field.offset)
        default: break
        }
    }

    /// The name of a `SparseTensorProto`: that of its values.
    private static func sparseName(_ reader: ProtobufReader) throws(ImportError) -> String {
        var reader = reader
        while let field = try reader.next() {
            guard field.number == 1 else { continue }
            var inner = try field.message()
            while let part = try inner.next() {
                if part.number == 8 { return try part.text() }
            }
        }
        return ""
    }
}
