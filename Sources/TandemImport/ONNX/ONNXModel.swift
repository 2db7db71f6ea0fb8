/// An ONNX model as its file says it, before anything is lowered (`ModelProto`).
package struct ONNXModel: Sendable {
    /// The file it was read from; empty if it came from memory.
    package var path = ""
    /// The version of the file format.
    package var irVersion: Int64 = 0
    /// Versions of the operator sets, by domain; ONNX's own domain is the empty text.
    package var opsets: [String: Int] = [:]
    /// What wrote the file, with its version where it says one.
    package var producer = ""
    /// The model's graph.
    package var graph = ONNXGraph(name: "")
    /// Operators that the model defines itself.
    package var functions: [ONNXFunction] = []
    /// Free text by key.
    package var metadata: [String: String] = [:]
    /// The files that tensors lie in: the model's own, and external ones.
    package var files: [MappedFile] = []

    /// Makes an empty model.
    package init() {}
}

extension ONNXModel {
    /// Reads a model's structure, checks it, and brings it into the form that lowering takes.
    ///
    /// Functions are inlined, nodes have unique names and stand in an order in which each reads
    /// only what stands before it. Weights are not touched.
    ///
    /// - Throws: `ImportError` with everything that is wrong.
    package static func load(_ path: String) throws(ImportError) -> ONNXModel {
        try ONNXModel(MappedFile(path: path)).checked()
    }

    /// Reads a model's structure from a mapped file; nothing is checked but the format.
    ///
    /// - Throws: `ImportError` `notONNX`, `cutFile`, `malformed` or `limitExceeded`, with the
    ///   offset.
    package init(_ file: MappedFile) throws(ImportError) {
        do throws(ImportError) {
            path = file.path
            try Self.checkStart(file)
            let files = ExternalFiles(model: file.path)
            var reader = ProtobufReader(file)
            var producerVersion = ""
            while let field = try reader.next() {
                if field.number == 3 { producerVersion = try field.text() }
                try read(field, files)
            }
            self.files = [file] + files.mapped
            if !producerVersion.isEmpty { producer += " \(producerVersion)" }
            guard !graph.nodes.isEmpty || !graph.outputs.isEmpty, !opsets.isEmpty else {
                throw ImportError(
                    .cutFile, "there is no whole graph with its operator set in it",
                    remedy: "fetch or export the file again", offset: file.byteCount)
            }
            for index in graph.nodes.indices { graph.nodes[index].resolveOpset(opsets) }
        } catch {
            var located = error
            if located.file.isEmpty { located.file = file.path }
            throw located
        }
    }

    /// Looks at the first field: every writer starts with the format's version, a small number.
    private static func checkStart(_ file: MappedFile) throws(ImportError) {
        let bytes = file.bytes
        guard bytes.count >= 2, bytes[0] == 0x08, bytes[1] > 0, bytes[1] < 0x80 else {
            throw ImportError(
                .notONNX,
                bytes.isEmpty ? "the file is empty" : "does not start as an ONNX model does",
                remedy: "give the .onnx file that torch.onnx.export, tf2onnx or onnx.save wrote",
                offset: 0)
        }
    }

    private mutating func read(
        _ field: ProtobufField, _ files: ExternalFiles
    ) throws(ImportError) {
        switch field.number {
        case 1: irVersion = try field.integer()
        case 2: producer = try field.text()
        case 7: graph = try ONNXGraph(try field.message(), files)
        case 8: try Self.readOpset(try field.message(), into: &opsets)
        case 14: try readMetadata(try field.message())
        case 25:
            let function = try ONNXFunction(try field.message(), files)
            try functions.append(
                function, upTo: ImportLimits.itemCountMax, "functions", at: field.offset)
        default: break
        }
    }

    /// Reads an `OperatorSetIdProto`.
    static func readOpset(
        _ reader: ProtobufReader, into opsets: inout [String: Int]
    ) throws(ImportError) {
        var reader = reader
        var domain = ""
        var version: Int64 = 0
        while let field = try reader.next() {
            if field.number == 1 { domain = ONNXNode.canonicalDomain(try field.text()) }
            if field.number == 2 { version = try field.integer() }
        }
        opsets[domain] = Int(version)
    }

    private mutating func readMetadata(_ reader: ProtobufReader) throws(ImportError) {
        var reader = reader
        var key = ""
        var value = ""
        while let field = try reader.next() {
            if field.number == 1 { key = try field.text() }
            if field.number == 2 { value = try field.text() }
        }
        metadata[key] = value
    }
}

extension ONNXNode {
    /// Notes the version of the node's operator set, in subgraphs too.
    mutating func resolveOpset(_ opsets: [String: Int]) {
        opset = opsets[domain]
        for index in attributes.indices {
            guard case .graph(var graph) = attributes[index].content else { continue }
            for position in graph.nodes.indices { graph.nodes[position].resolveOpset(opsets) }
            attributes[index].content = .graph(graph)
        }
    }
}
