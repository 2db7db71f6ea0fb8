internal import CProtobufC
internal import CTandemProto
internal import TandemGraph

extension Manifest {
    static func message(_ program: Program, _ arena: MessageArena) -> ProgramMessage {
        var message = ProgramMessage()
        tandem__package__v1__program__init(&message)
        message.name = arena.data(program.name)
        message.graph = arena.message(Self.message(program.graph, arena))
        message.numerics_version = program.numericsVersion
        message.tolerance = program.tolerance
        return message
    }

    private static func message(_ graph: Graph, _ arena: MessageArena) -> GraphMessage {
        var message = GraphMessage()
        tandem__package__v1__graph__init(&message)
        message.name = arena.data(graph.name)
        (message.n_inputs, message.inputs) = arena.messages(graph.inputs.map { graph[$0] }) {
            var input = GraphInputMessage()
            tandem__package__v1__graph_input__init(&input)
            input.name = arena.data($0.name)
            input.data_type = stored($0.type.dtype)
            input.rows = stored($0.type.rows)
            (input.n_shape, input.shape) = arena.messages($0.type.shape) {
                Self.message($0, arena)
            }
            return input
        }
        (message.n_parameters, message.parameters) = arena.messages(
            graph.parameters.map { graph[$0] }
        ) {
            var parameter = GraphParameterMessage()
            tandem__package__v1__graph_parameter__init(&parameter)
            parameter.name = arena.data($0.name)
            parameter.data_type = stored($0.type.dtype)
            (parameter.n_shape, parameter.shape) = arena.numbers(
                ($0.type.fixedSizes ?? []).map(UInt64.init(clamping:)))
            return parameter
        }
        (message.n_nodes, message.nodes) = arena.messages(graph.nodes) {
            var node = NodeMessage()
            tandem__package__v1__node__init(&node)
            node.output = arena.data(graph[$0.output].name)
            node.operation = arena.data($0.operation.name)
            (node.n_inputs, node.inputs) = arena.texts($0.inputs.map { graph[$0].name })
            (node.n_attributes, node.attributes) = arena.messages($0.operation.attributes) {
                Self.message($0, arena)
            }
            return node
        }
        (message.n_outputs, message.outputs) = arena.texts(graph.outputs.map { graph[$0].name })
        return message
    }

    private static func message(
        _ dimension: Dimension, _ arena: MessageArena
    ) -> DimensionMessage {
        var message = DimensionMessage()
        tandem__package__v1__dimension__init(&message)
        if let size = dimension.fixedSize {
            message.kind_case = TANDEM__PACKAGE__V1__DIMENSION__KIND_SIZE
            message.size = UInt64(clamping: size)
        } else {
            message.kind_case = TANDEM__PACKAGE__V1__DIMENSION__KIND_SYMBOL
            message.symbol = arena.data(dimension.description)
        }
        return message
    }

    private static func message(
        _ attribute: Attribute, _ arena: MessageArena
    ) -> AttributeMessage {
        var message = AttributeMessage()
        tandem__package__v1__attribute__init(&message)
        message.name = arena.data(attribute.name)
        switch attribute.value {
        case .integer(let value):
            message.value_case = TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_INTEGER
            message.integer = value
        case .float(let value):
            message.value_case = TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_REAL
            message.real = value
        case .text(let value):
            message.value_case = TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_TEXT
            message.text = arena.data(value)
        case .integers(let values):
            message.value_case = TANDEM__PACKAGE__V1__ATTRIBUTE__VALUE_INTEGERS
            var list = Tandem__Package__V1__IntegerList()
            tandem__package__v1__integer_list__init(&list)
            (list.n_values, list.values) = arena.numbers(values)
            message.integers = arena.message(list)
        }
        return message
    }

    static func stored(_ dtype: DataType) -> Tandem__Package__V1__DataType {
        Tandem__Package__V1__DataType(rawValue: UInt32(dtype.rawValue))
    }

    /// One higher than `RowAxis.rawValue`, since 0 is never written.
    static func stored(_ axis: RowAxis) -> Tandem__Package__V1__RowAxis {
        Tandem__Package__V1__RowAxis(rawValue: UInt32(axis.rawValue) + 1)
    }
}
