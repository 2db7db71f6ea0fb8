// An operation's stored form: a name and attributes. Graph text, the package's manifest and the
// content hash all use this one form, so that they cannot drift apart. Names are stored in packages
// and never change meaning.

/// One attribute's value.
package enum AttributeValue: Hashable, Sendable, CustomStringConvertible {
    /// A whole number.
    case integer(Int64)
    /// A float32.
    case float(Float)
    /// A word.
    case text(String)
    /// Whole numbers, in order.
    case integers([Int64])

    package var description: String {
        switch self {
        case .integer(let value): String(value)
        case .float(let value): value.description
        case .text(let value): value
        case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
        }
    }
}

/// A named attribute of an operation.
package struct Attribute: Hashable, Sendable {
    /// The attribute's name, unique within its operation.
    package var name: String
    /// Its value.
    package var value: AttributeValue

    /// Makes an attribute.
    package init(_ name: String, _ value: AttributeValue) {
        self.name = name
        self.value = value
    }
}

extension Operation {
    /// The stored name, such as `linear`.
    package var name: String {
        switch self {
        case .unary(let function): function.rawValue
        case .binary(let function): function.rawValue
        case .affine: "affine"
        case .linear: "linear"
        case .concat: "concat"
        case .slice: "slice"
        case .reshape: "reshape"
        case .softmax: "softmax"
        case .layerNorm: "layer_norm"
        case .reduce(let reduction, _): "reduce_\(reduction.rawValue)"
        case .embedding: "embedding"
        case .embeddingPool(let reduction): "embedding_\(reduction.rawValue)"
        case .mixture: "mixture"
        case .quantizedLinear: "quantized_linear"
        case .quantizedEmbedding: "quantized_embedding"
        case .quantizedEmbeddingPool(let reduction): "quantized_embedding_\(reduction.rawValue)"
        }
    }

    /// The stored attributes, in a fixed order.
    package var attributes: [Attribute] {
        switch self {
        case .affine(let scale, let offset):
            [Attribute("scale", .float(scale)), Attribute("offset", .float(offset))]
        case .concat(let axis): [Attribute("axis", .integer(Int64(axis)))]
        case .slice(let axis, let start, let end):
            [
                Attribute("axis", .integer(Int64(axis))),
                Attribute("start", .integer(Int64(start))),
                Attribute("end", .integer(Int64(end))),
            ]
        case .reshape(let sizes): [Attribute("shape", .integers(sizes.map(Int64.init)))]
        case .layerNorm(let epsilon): [Attribute("epsilon", .float(epsilon))]
        case .reduce(_, let axis): [Attribute("axis", .integer(Int64(axis)))]
        case .unary, .binary, .linear, .softmax, .embedding, .embeddingPool, .mixture,
            .quantizedLinear, .quantizedEmbedding, .quantizedEmbeddingPool:
            []
        }
    }

    /// Makes an operation from its stored form.
    ///
    /// - Throws: `GraphError` `unknownOperation` or `invalidAttribute`, naming `node`.
    package init(
        name: String, attributes: [Attribute], node: String
    ) throws(GraphError) {
        var reader = AttributeReader(attributes: attributes, node: node)
        if let operation = Self.withoutAttributes(name) {
            self = operation
        } else {
            switch name {
            case "affine":
                self = .affine(
                    scale: try reader.float("scale"), offset: try reader.float("offset"))
            case "concat": self = .concat(axis: try reader.size("axis"))
            case "slice":
                self = .slice(
                    axis: try reader.size("axis"), start: try reader.size("start"),
                    end: try reader.size("end"))
            case "reshape": self = .reshape(try reader.sizes("shape"))
            case "layer_norm": self = .layerNorm(epsilon: try reader.float("epsilon"))
            case "reduce_sum": self = .reduce(.sum, axis: try reader.size("axis"))
            case "reduce_mean": self = .reduce(.mean, axis: try reader.size("axis"))
            default:
                throw GraphError(
                    .unknownOperation, node,
                    "operation '\(name)' is not known to this version; use a newer one")
            }
        }
        try reader.finish()
    }

    private static func withoutAttributes(_ name: String) -> Operation? {
        if let function = UnaryFunction(rawValue: name) { return .unary(function) }
        if let function = BinaryFunction(rawValue: name) { return .binary(function) }
        let plain: [Operation] = [
            .linear, .softmax, .embedding, .embeddingPool(.sum), .embeddingPool(.mean), .mixture,
            .quantizedLinear, .quantizedEmbedding, .quantizedEmbeddingPool(.sum),
            .quantizedEmbeddingPool(.mean),
        ]
        return plain.first { $0.name == name }
    }
}

/// Takes attributes by name and insists that each is used once.
private struct AttributeReader {
    private var remaining: [Attribute]
    private let node: String

    init(attributes: [Attribute], node: String) {
        remaining = attributes
        self.node = node
    }

    private mutating func take(_ name: String) throws(GraphError) -> AttributeValue {
        guard let index = remaining.firstIndex(where: { $0.name == name }) else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' is missing")
        }
        return remaining.remove(at: index).value
    }

    mutating func float(_ name: String) throws(GraphError) -> Float {
        guard case .float(let value) = try take(name), value.isFinite else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be a finite number")
        }
        return value
    }

    mutating func size(_ name: String) throws(GraphError) -> Int {
        guard case .integer(let value) = try take(name), value >= 0, value <= Int64(Int32.max)
        else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be 0 or more")
        }
        return Int(value)
    }

    mutating func sizes(_ name: String) throws(GraphError) -> [Int] {
        guard case .integers(let values) = try take(name), values.count <= 8,
            values.allSatisfy({ $0 >= 0 && $0 <= Int64(Int32.max) })
        else {
            throw GraphError(
                .invalidAttribute, node, "attribute '\(name)' must be at most 8 sizes of 0 or more")
        }
        return values.map(Int.init)
    }

    func finish() throws(GraphError) {
        if let extra = remaining.first {
            throw GraphError(.invalidAttribute, node, "attribute '\(extra.name)' is not known here")
        }
    }
}
