/// Takes attributes by name and insists that each is used once.
struct AttributeReader {
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

    mutating func flag(_ name: String) throws(GraphError) -> Bool {
        guard case .integer(let value) = try take(name), value == 0 || value == 1 else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be 0 or 1")
        }
        return value == 1
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(GraphError) -> Word where Word.RawValue == String {
        guard case .text(let text) = try take(name), let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be one of \(words)")
        }
        return word
    }

    mutating func dtype(_ name: String) throws(GraphError) -> DataType {
        guard case .text(let text) = try take(name), let dtype = DataType(name: text) else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must name a dtype")
        }
        return dtype
    }

    /// A size, with or without names.
    mutating func dimension(_ name: String) throws(GraphError) -> Dimension {
        switch try take(name) {
        case .integer(let value) where value >= 0 && value <= Int64(Int32.max):
            return .fixed(Int(value))
        case .text(let text):
            if let dimension = Dimension(text: text) { return dimension }
        default: break
        }
        throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be a size")
    }

    /// A shape, with or without names.
    mutating func dimensions(_ name: String) throws(GraphError) -> [Dimension] {
        guard let index = remaining.firstIndex(where: { $0.name == name }),
            case .text(let text) = remaining[index].value
        else { return try sizes(name).map(Dimension.fixed) }
        remaining.remove(at: index)
        let body = text.dropFirst().dropLast()
        let words = body.split(separator: ",", omittingEmptySubsequences: false)
        var shape: [Dimension] = []
        for word in words {
            let trimmed = word.drop { $0 == " " }
            guard let dimension = Dimension(text: String(trimmed)) else { break }
            shape.append(dimension)
        }
        guard text.hasPrefix("["), text.hasSuffix("]"), shape.count == words.count,
            shape.count <= TensorType.rankMax
        else {
            throw GraphError(.invalidAttribute, node, "attribute '\(name)' must be a shape")
        }
        return shape
    }

    func finish() throws(GraphError) {
        if let extra = remaining.first {
            throw GraphError(.invalidAttribute, node, "attribute '\(extra.name)' is not known here")
        }
    }
}
