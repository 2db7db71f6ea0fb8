/// One operator applied to values (`NodeProto`).
package struct ONNXNode: Sendable {
    /// The node's name, unique in its graph once the structure is checked.
    package var name: String
    /// The operator's name.
    package var `operator`: String
    /// The operator's domain; empty for ONNX's own (`ai.onnx`).
    package var domain: String
    /// The overload that a function call picks; mostly empty.
    package var overload: String
    /// Names of the inputs; an empty name is an optional input left out.
    package var inputs: [String]
    /// Names of the outputs; an empty name is an output that nobody wants.
    package var outputs: [String]
    /// The attributes, in the order of the file.
    package var attributes: [ONNXAttribute]
    /// The version of the operator set of the node's domain, where it is declared.
    package var opset: Int?

    /// Makes a node.
    package init(
        name: String, operator: String, domain: String = "", overload: String = "",
        inputs: [String], outputs: [String], attributes: [ONNXAttribute] = [], opset: Int? = nil
    ) {
        self.name = name
        self.operator = `operator`
        self.domain = domain
        self.overload = overload
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
        self.opset = opset
    }

    /// The operator with its domain in front, unless it is ONNX's own.
    package var qualifiedOperator: String {
        domain.isEmpty ? `operator` : "\(domain).\(`operator`)"
    }

    /// The node's name, or one made of its operator and first output where it has none.
    package var stableName: String {
        if !name.isEmpty { return name }
        return "\(`operator`)_\(outputs.first { !$0.isEmpty } ?? "unnamed")"
    }

    /// The graphs among the attributes: the branches of control flow.
    package var subgraphs: [ONNXGraph] {
        attributes.compactMap { if case .graph(let graph) = $0.content { graph } else { nil } }
    }

    /// Names of all values that must exist before the node: inputs, and what its subgraphs capture.
    package var reads: [String] {
        var reads = inputs.filter { !$0.isEmpty }
        for graph in subgraphs { reads += graph.captures }
        return reads
    }
}

extension ONNXNode {
    /// Reads a `NodeProto`.
    init(_ reader: ProtobufReader, _ files: ExternalFiles) throws(ImportError) {
        var reader = reader
        let limit = ImportLimits.nodeItemCountMax
        self.init(name: "", operator: "", inputs: [], outputs: [])
        while let field = try reader.next() {
            switch field.number {
            case 1:
                try inputs.append(
                    try field.text(), upTo: limit, "inputs of a node", at: field.offset)
            case 2:
                try outputs.append(
                    try field.text(), upTo: limit, "outputs of a node", at: field.offset)
            case 3: name = try field.text()
            case 4: `operator` = try field.text()
            case 5:
                let attribute = try ONNXAttribute(try field.message(), files)
                try attributes.append(
                    attribute, upTo: limit, "attributes of a node", at: field.offset)
            case 7: domain = Self.canonicalDomain(try field.text())
            case 8: overload = try field.text()
            default: break
            }
        }
    }

    /// The domain, with ONNX's own always as the empty text.
    static func canonicalDomain(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }
}
