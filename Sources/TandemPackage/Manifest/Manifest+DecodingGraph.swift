internal import CProtobufC
internal import CTandemProto
internal import TandemFeatures
internal import TandemGraph

extension Manifest {
    static func decodeProgram(_ message: ProgramMessage) throws(PackageError) -> Program {
        let name = try message.name.text("a program's name", 1...Limits.nameBytesMax)
        do throws(PackageError) {
            guard let graph = message.graph else {
                throw PackageError(.invalidGraph, "there is no graph")
            }
            guard message.numerics_version >= 1 else {
                throw PackageError(.invalidGraph, "the numerics version is 0")
            }
            guard message.tolerance.isFinite, message.tolerance >= 0 else {
                throw PackageError(
                    .invalidGraph, "the tolerance is \(message.tolerance), it must be 0 or more")
            }
            return Program(
                name: name, graph: try decodeGraph(graph.pointee),
                numericsVersion: message.numerics_version, tolerance: message.tolerance)
        } catch {
            throw error.within("program \(name)")
        }
    }

    private static func decodeGraph(_ message: GraphMessage) throws(PackageError) -> Graph {
        let inputs = try decodeList(
            message.n_inputs, message.inputs, "graph inputs", max: Graph.valueCountMax,
            decodeInput)
        let parameters = try decodeList(
            message.n_parameters, message.parameters, "parameters", max: Graph.valueCountMax
        ) { (parameter) throws(PackageError) in
            Value(
                name: try decodeGraphName(parameter.name),
                type: TensorType(
                    try decodeDataType(parameter.data_type), .none,
                    sizes: try decodeShape(parameter.n_shape, parameter.shape)))
        }
        let nodes = try decodeList(
            message.n_nodes, message.nodes, "nodes", max: Graph.valueCountMax, decodeNode)
        let outputs = try decodeTexts(
            message.n_outputs, message.outputs, "outputs", max: FeatureLimits.taskCountMax,
            1...GraphName.byteCountMax)
        let name = try decodeGraphName(message.name)
        do throws(GraphError) {
            return try Graph(
                name: name, inputs: inputs, parameters: parameters, nodes: nodes, outputs: outputs)
        } catch {
            throw PackageError(.invalidGraph, error.message, subject: error.subject)
        }
    }

    private static func decodeInput(_ message: GraphInputMessage) throws(PackageError) -> Value {
        let shape = try decodeList(
            message.n_shape, message.shape, "dimensions", max: Limits.dimensionsMax
        ) { (dimension) throws(PackageError) -> Dimension in
            switch dimension.kind_case {
            case TANDEM__PACKAGE__V1__DIMENSION__KIND_SIZE:
                return .fixed(try decodeSize(dimension.size))
            case TANDEM__PACKAGE__V1__DIMENSION__KIND_SYMBOL:
                let text = try dimension.symbol.text("a dimension", 1...400)
                guard let size = Dimension(text: text) else {
                    throw PackageError(
                        .invalidGraph, "'\(text)' is neither a size nor a sum of products of sizes")
                }
                return size
            default: throw PackageError(.invalidGraph, "a dimension is neither size nor symbol")
            }
        }
        return Value(
            name: try decodeGraphName(message.name),
            type: TensorType(
                try decodeDataType(message.data_type), try decodeRowAxis(message.rows), shape))
    }

    private static func decodeNode(
        _ message: NodeMessage
    ) throws(PackageError) -> (operation: Operation, inputs: [String], output: String) {
        let output = try decodeGraphName(message.output)
        let attributes = try decodeList(
            message.n_attributes, message.attributes, "attributes", max: Limits.attributesMax,
            decodeAttribute)
        try checkUnique(attributes.map(\.name), "attributes of \(output)", .invalidGraph)
        let inputs = try decodeTexts(
            message.n_inputs, message.inputs, "inputs of \(output)", max: Limits.nodeInputsMax,
            1...GraphName.byteCountMax)
        let name = try message.operation.text("an operation", 1...Limits.nameBytesMax)
        do throws(GraphError) {
            let operation = try Operation(name: name, attributes: attributes, node: output)
            return (operation, inputs, output)
        } catch {
            throw PackageError(.invalidGraph, error.message, subject: error.subject)
        }
    }

    private static func decodeAttribute(
        _ message: AttributeMessage
    ) throws(PackageError) -> Attribute {
        let name = try message.name.text("an attribute", 1...Limits.nameBytesMax)
        switch message.value_case {
        case TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_INTEGER:
            return Attribute(name, .integer(message.integer))
        case TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_REAL:
            return Attribute(name, .float(message.real))
        case TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_TEXT:
            return Attribute(
                name, .text(try message.text.text("an attribute", 0...Limits.nameBytesMax)))
        case TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_INTEGERS:
            guard let list = message.integers?.pointee else { break }
            try checkCount(
                list.n_values, "numbers in an attribute", max: Limits.attributeIntegersMax)
            return Attribute(
                name,
                .integers(Array(UnsafeBufferPointer(start: list.values, count: list.n_values))))
        default: break
        }
        throw PackageError(.invalidGraph, "the attribute has no value", subject: name)
    }

    static func decodeGraphName(_ data: ProtobufCBinaryData) throws(PackageError) -> String {
        let name = try data.text("a name", 1...GraphName.byteCountMax)
        do throws(GraphError) {
            try GraphName.check(name)
        } catch {
            throw PackageError(.invalidName, error.message, subject: name)
        }
        return name
    }

    static func decodeDataType(
        _ value: Tandem__Package__V1__DataType
    ) throws(PackageError) -> DataType {
        guard let raw = UInt8(exactly: value.rawValue), let dtype = DataType(rawValue: raw) else {
            throw PackageError(
                .invalidTensor, "data type \(value.rawValue) is not known to this version",
                actual: UInt64(value.rawValue))
        }
        return dtype
    }

    /// Stored one higher than `RowAxis.rawValue`, since 0 is never written.
    static func decodeRowAxis(
        _ value: Tandem__Package__V1__RowAxis
    ) throws(PackageError) -> RowAxis {
        guard value.rawValue >= 1, let raw = UInt8(exactly: value.rawValue - 1),
            let axis = RowAxis(rawValue: raw)
        else {
            throw PackageError(
                .invalidGraph, "row axis \(value.rawValue) is not known to this version",
                actual: UInt64(value.rawValue))
        }
        return axis
    }
}
