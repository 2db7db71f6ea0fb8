/// An operator that the model itself defines by other operators (`FunctionProto`).
package struct ONNXFunction: Sendable {
    /// What a call names: domain, name and overload.
    package struct Key: Hashable, Sendable {
        /// The domain; empty for ONNX's own.
        package var domain: String
        /// The operator's name.
        package var name: String
        /// The overload; mostly empty.
        package var overload: String

        /// Makes a key.
        package init(domain: String, name: String, overload: String) {
            self.domain = domain
            self.name = name
            self.overload = overload
        }
    }

    /// What a call names.
    package var key = Key(domain: "", name: "", overload: "")
    /// Names of the inputs inside the body.
    package var inputs: [String] = []
    /// Names of the outputs inside the body.
    package var outputs: [String] = []
    /// Attributes that a call may leave out, with what they are then.
    package var defaults: [ONNXAttribute] = []
    /// The body.
    package var nodes: [ONNXNode] = []
    /// Versions of the operator sets that the body uses, by domain.
    package var opsets: [String: Int] = [:]
}

extension ONNXFunction {
    /// Reads a `FunctionProto`.
    init(_ reader: ProtobufReader, _ files: ExternalFiles) throws(ImportError) {
        var reader = reader
        let limit = ImportLimits.nodeItemCountMax
        self.init()
        while let field = try reader.next() {
            let offset = field.offset
            switch field.number {
            case 1: key.name = try field.text()
            case 4: try inputs.append(try field.text(), upTo: limit, "inputs", at: offset)
            case 5: try outputs.append(try field.text(), upTo: limit, "outputs", at: offset)
            case 7:
                let node = try ONNXNode(try field.message(), files)
                try nodes.append(node, upTo: ImportLimits.nodeCountMax, "nodes", at: offset)
            case 9: try ONNXModel.readOpset(try field.message(), into: &opsets)
            case 10: key.domain = ONNXNode.canonicalDomain(try field.text())
            case 11:
                let attribute = try ONNXAttribute(try field.message(), files)
                try defaults.append(attribute, upTo: limit, "attributes", at: offset)
            case 13: key.overload = try field.text()
            default: break
            }
        }
        for index in nodes.indices { nodes[index].resolveOpset(opsets) }
    }
}
