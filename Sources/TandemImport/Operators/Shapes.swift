import TandemGraph

extension OperatorTable {
    /// Shapes, constants and changes of dtype.
    static let shapes: [OperatorEntry] = [
        OperatorEntry("Shape", inputs: 1...1, attributes: ["start", "end"]) { context in
            let x = try context.input(0)
            func place(_ name: String, _ value: Int) throws(ImportError) -> Int {
                let place = try context.int(name, default: value)
                return min(max(place < 0 ? place + x.rank : place, 0), x.rank)
            }
            let start = try place("start", 0)
            let end = try place("end", x.rank)
            return [context.sizesConstant(Array(x.shape[min(start, end)..<end]))]
        },
        OperatorEntry("Size", inputs: 1...1) { context in
            let size = try context.product(try context.input(0).shape)
            return [try context.reshape(context.sizesConstant([size]), [])]
        },
        OperatorEntry(
            "Constant", inputs: 0...0,
            attributes: ["value", "value_int", "value_ints", "value_float", "value_floats"]
        ) { [try $0.constantValue()] },
        OperatorEntry("ConstantOfShape", inputs: 1...1, attributes: ["value"]) { context in
            let shape = try context.sizes(try context.input(0), "the shape")
            let value = try context.tensor("value") ?? Tensor(zeros: .float32, shape: [1])
            guard value.elementCount == 1 else {
                throw context.failure(.invalidAttribute, "attribute 'value' is not one element")
            }
            let scalar = try context.reshape(context.constant(value), [])
            return [try context.expand(scalar, shape)]
        },
    ]

    /// Control flow that is decided at import.
    static let control: [OperatorEntry] = [
        OperatorEntry("If", inputs: 1...1, attributes: ["then_branch", "else_branch"]) { context in
            guard let condition = try context.input(0).integers, condition.count == 1 else {
                throw context.failure(
                    .dynamicControlFlow, "the condition is computed from a request",
                    "export with Where (torch.where) in place of if, or with fixed sizes")
            }
            let branch = condition[0] == 0 ? "else_branch" : "then_branch"
            return try context.inlined(try context.requiredGraph(branch))
        }
    ]
}

extension OperatorContext {
    /// The value of a `Constant`, whichever attribute has it.
    func constantValue() throws(ImportError) -> ImportedValue {
        if let value = try tensor("value") { return ImportedValue(value, name: node.name) }
        if let value = try int("value_int") { return constant(value, .int64) }
        if let values = try ints("value_ints") { return constant(values) }
        if let value = try float("value_float") { return constant(value) }
        if let values = try floats("value_floats") {
            return constant(Tensor(.float32, shape: [values.count], values))
        }
        throw failure(.unsupported, "there is no tensor or number in it")
    }
}
