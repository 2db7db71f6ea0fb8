import TandemGraph

// Attributes by type. A getter with a default never says that an attribute is missing; one without
// gives nil; `required...` refuses. An attribute of another type is refused by all.

extension OperatorContext {
    private func content(_ name: String) -> ONNXAttribute.Content? {
        node.attributes.first { $0.name == name }?.content
    }

    private func wrongAttribute(_ name: String, _ wanted: String) -> ImportError {
        failure(.invalidAttribute, "attribute '\(name)' must be \(wanted)")
    }

    /// A whole number, or nil if the attribute is not there.
    func int(_ name: String) throws(ImportError) -> Int? {
        guard let content = content(name) else { return nil }
        guard case .int(let value) = content else { throw wrongAttribute(name, "an INT") }
        return Int(value)
    }

    /// A whole number.
    func int(_ name: String, default value: Int) throws(ImportError) -> Int {
        try int(name) ?? value
    }

    /// A whole number that must be there.
    func requiredInt(_ name: String) throws(ImportError) -> Int {
        guard let value = try int(name) else { throw wrongAttribute(name, "there") }
        return value
    }

    /// A yes or no, written as a whole number.
    func flag(_ name: String, default value: Bool) throws(ImportError) -> Bool {
        try int(name).map { $0 != 0 } ?? value
    }

    /// A number, or nil if the attribute is not there.
    func float(_ name: String) throws(ImportError) -> Float? {
        guard let content = content(name) else { return nil }
        guard case .float(let value) = content else { throw wrongAttribute(name, "a FLOAT") }
        return value
    }

    /// A number.
    func float(_ name: String, default value: Float) throws(ImportError) -> Float {
        try float(name) ?? value
    }

    /// A text, or nil if the attribute is not there.
    func string(_ name: String) throws(ImportError) -> String? {
        guard let content = content(name) else { return nil }
        guard case .string(let value) = content else { throw wrongAttribute(name, "a STRING") }
        return value
    }

    /// A text.
    func string(_ name: String, default value: String) throws(ImportError) -> String {
        try string(name) ?? value
    }

    /// A list of whole numbers, or nil if the attribute is not there.
    func ints(_ name: String) throws(ImportError) -> [Int]? {
        guard let content = content(name) else { return nil }
        guard case .ints(let values) = content else { throw wrongAttribute(name, "INTS") }
        return values.map { Int($0) }
    }

    /// A list of numbers, or nil if the attribute is not there.
    func floats(_ name: String) throws(ImportError) -> [Float]? {
        guard let content = content(name) else { return nil }
        guard case .floats(let values) = content else { throw wrongAttribute(name, "FLOATS") }
        return values
    }

    /// A list of texts, or nil if the attribute is not there.
    func strings(_ name: String) throws(ImportError) -> [String]? {
        guard let content = content(name) else { return nil }
        guard case .strings(let values) = content else { throw wrongAttribute(name, "STRINGS") }
        return values
    }

    /// A tensor with its elements, or nil if the attribute is not there.
    func tensor(_ name: String) throws(ImportError) -> Tensor? {
        guard let content = content(name) else { return nil }
        guard case .tensor(let tensor) = content else { throw wrongAttribute(name, "a TENSOR") }
        do throws(ImportError) {
            return try tensor.tensor()
        } catch {
            let problem = error.problems[0]
            throw failure(problem.code, "attribute '\(name)': \(problem.message)", problem.remedy)
        }
    }

    /// A graph that must be there.
    func requiredGraph(_ name: String) throws(ImportError) -> ONNXGraph {
        guard case .graph(let graph) = content(name) else { throw wrongAttribute(name, "a GRAPH") }
        return graph
    }

    /// An axis counted from the front.
    ///
    /// - Parameters:
    ///   - name: The attribute's name.
    ///   - value: The axis if it is not there.
    ///   - rank: The rank of the tensor that the axis is one of.
    /// - Returns: The axis.
    /// - Throws: `ImportError` `invalidAttribute` when it is outside.
    func axis(
        _ name: String = "axis", default value: Int, rank: Int
    ) throws(ImportError) -> Int {
        try axis(try int(name, default: value), rank: rank)
    }

    /// An element type given by its number (`to`, `dtype`), or nil if the attribute is not there.
    func dtype(_ name: String) throws(ImportError) -> DataType? {
        guard let number = try int(name) else { return nil }
        let type = ONNXElementType(number)
        guard let dtype = type.dtype else {
            throw failure(
                .unsupportedType, "attribute '\(name)' asks for \(type)",
                type.refusal?.remedy ?? "")
        }
        return dtype
    }
}
