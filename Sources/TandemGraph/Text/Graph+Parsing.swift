// Design: the text says everything, and is checked like everything.
//
// A graph's text is what people read in a diff, keep beside a bug and write in a test, so it reads
// back. One line is one value; a line is cut at its few marks, and what the line says is then put
// through the same builder as any other graph. The type that a node's line declares must be the one
// that follows, so that a reader of the text can rely on it.

extension Graph {
    /// The most bytes of a graph's text.
    package static let textByteCountMax = 64 << 20

    /// Reads a graph from its text.
    ///
    /// - Throws: `GraphError` `invalidText` with the line, or what building the graph throws.
    package init(text: String) throws(GraphError) {
        var reader = try GraphTextReader(text)
        self = try reader.graph()
    }
}

/// Reads a graph's text line by line.
private struct GraphTextReader {
    private let lines: [Substring]
    private var inputs: [Value] = []
    private var parameters: [Value] = []
    private var nodes: [(operation: Operation, inputs: [String], output: String)] = []
    private var outputs: [String] = []
    private var declared: [(type: TensorType, name: String, line: Int)] = []

    init(_ text: String) throws(GraphError) {
        guard text.utf8.count <= Graph.textByteCountMax else {
            throw GraphError(
                .invalidText, "text", "is longer than \(Graph.textByteCountMax) bytes")
        }
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    mutating func graph() throws(GraphError) -> Graph {
        guard let first = lines.first, first.hasPrefix("graph "), first.hasSuffix(" {") else {
            throw failure(1, "a graph begins with 'graph NAME {'")
        }
        let name = String(first.dropFirst(6).dropLast(2))
        var isClosed = false
        for (index, line) in lines.enumerated().dropFirst() {
            let body = line.drop { $0 == " " }
            if body.isEmpty { continue }
            guard !isClosed else { throw failure(index + 1, "the graph has ended before") }
            if body == "}" {
                isClosed = true
            } else {
                try read(body, index + 1)
            }
        }
        guard isClosed else { throw failure(lines.count, "the graph's closing '}' is missing") }
        let graph = try Graph(
            name: name, inputs: inputs, parameters: parameters, nodes: nodes, outputs: outputs)
        try checkTypes(graph)
        return graph
    }

    private func checkTypes(_ graph: Graph) throws(GraphError) {
        for (position, node) in graph.nodes.enumerated() {
            let type = graph[node.output].type
            let said = declared[position]
            guard type == said.type else {
                throw failure(said.line, "'\(said.name)' is \(type), the text says \(said.type)")
            }
        }
    }

    private mutating func read(_ body: Substring, _ line: Int) throws(GraphError) {
        if body.contains(" = ") { return try readNode(body, line) }
        if body.hasPrefix("input ") {
            inputs.append(try value(body.dropFirst(6), line))
        } else if body.hasPrefix("parameter ") {
            parameters.append(try value(body.dropFirst(10), line))
        } else if body.hasPrefix("output ") {
            guard body.utf8.count > 7 else { throw failure(line, "an output has a name") }
            outputs.append(String(body.dropFirst(7)))
        } else {
            throw failure(line, "is neither input, parameter, output nor NAME = OPERATION(...)")
        }
    }

    /// `NAME: TYPE`; a name has no blank, so the first colon before one ends it.
    private func value(_ body: Substring, _ line: Int) throws(GraphError) -> Value {
        let (name, type) = try cut(body, at: ": ", line, "a type follows the name after ': '")
        guard !name.isEmpty else { throw failure(line, "a value has a name") }
        return Value(name: String(name), type: try self.type(type, line))
    }

    private mutating func readNode(_ body: Substring, _ line: Int) throws(GraphError) {
        let (name, rest) = try cut(body, at: " = ", line, "NAME = OPERATION(...)")
        guard !name.isEmpty else { throw failure(line, "a node has a name") }
        guard let from = rest.firstIndex(of: "("), let to = rest.firstIndex(of: ")"),
            from < to
        else { throw failure(line, "an operation has its inputs in ( )") }
        let inputs = rest[rest.index(after: from)..<to]
        let names = inputs.isEmpty ? [] : separated(inputs).map(String.init)
        var tail = rest[rest.index(after: to)...]
        var attributes: [Attribute] = []
        if tail.hasPrefix(" {") {
            guard let end = tail.firstIndex(of: "}") else {
                throw failure(line, "attributes end with '}'")
            }
            let list = tail[tail.index(tail.startIndex, offsetBy: 2)..<end]
            for part in separated(list) { attributes.append(try attribute(part, line)) }
            tail = tail[tail.index(after: end)...]
        }
        guard tail.hasPrefix(": ") else { throw failure(line, "': TYPE' ends a node's line") }
        let operation = try Operation(
            name: String(rest[..<from]), attributes: attributes, node: String(name))
        nodes.append((operation, names, String(name)))
        declared.append((try type(tail.dropFirst(2), line), String(name), line))
    }

    private func attribute(_ text: Substring, _ line: Int) throws(GraphError) -> Attribute {
        let (name, word) = try cut(text, at: "=", line, "an attribute is NAME=VALUE")
        if let integer = Int64(word) { return Attribute(String(name), .integer(integer)) }
        if word.hasPrefix("["), word.hasSuffix("]") {
            let body = word.dropFirst().dropLast()
            let parts = body.isEmpty ? [] : separated(body)
            let integers = parts.compactMap { Int64($0) }
            if integers.count == parts.count { return Attribute(String(name), .integers(integers)) }
        } else if let number = Float(word), isNumber(word) {
            return Attribute(String(name), .float(number))
        }
        return Attribute(String(name), .text(String(word)))
    }

    /// A number begins with a digit or a sign and a digit; `nan` and `inf` are words.
    private func isNumber(_ word: Substring) -> Bool {
        let digits = word.first == "-" ? word.dropFirst() : word
        return digits.utf8.first.map { (0x30...0x39).contains($0) } ?? false
    }

    /// `f32 [..]` or `f32 candidate [..]`.
    private func type(_ text: Substring, _ line: Int) throws(GraphError) -> TensorType {
        guard let open = text.firstIndex(of: "["), text.hasSuffix("]") else {
            throw failure(line, "a type is DTYPE [SIZES] or DTYPE ROWS [SIZES], not '\(text)'")
        }
        let words = text[..<open].split(separator: " ", omittingEmptySubsequences: false)
        guard (2...3).contains(words.count), words.last?.isEmpty == true,
            let dtype = DataType(name: String(words[0])),
            let rows = words.count == 3 ? RowAxis(name: String(words[1])) : RowAxis.none,
            words.count == 2 || rows != .none
        else { throw failure(line, "'\(text)' is no type") }
        let body = text[text.index(after: open)...].dropLast()
        var shape: [Dimension] = []
        for part in body.isEmpty ? [] : separated(body) {
            guard let size = Dimension(text: String(part)), size.isAtLeast(0) != false else {
                throw failure(line, "'\(part)' is no size")
            }
            shape.append(size)
        }
        return TensorType(dtype, rows, shape)
    }

    // MARK: Cutting

    private func cut(
        _ text: Substring, at mark: String, _ line: Int, _ rule: String
    ) throws(GraphError) -> (Substring, Substring) {
        let bytes = Array(mark.utf8)
        let utf8 = text.utf8
        var index = utf8.startIndex
        while index < utf8.endIndex {
            if utf8[index...].starts(with: bytes) {
                let after = utf8.index(index, offsetBy: bytes.count)
                return (Substring(utf8[..<index]), Substring(utf8[after...]))
            }
            index = utf8.index(after: index)
        }
        throw failure(line, rule)
    }

    /// The parts between ', ', brackets kept together.
    private func separated(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var start = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case "[": depth += 1
            case "]": depth -= 1
            case "," where depth == 0:
                let after = text.index(after: index)
                if after < text.endIndex, text[after] == " " {
                    parts.append(text[start..<index])
                    start = text.index(after: after)
                    index = start
                    continue
                }
            default: break
            }
            index = text.index(after: index)
        }
        parts.append(text[start...])
        return parts
    }

    private func failure(_ line: Int, _ message: String) -> GraphError {
        GraphError(.invalidText, "line \(line)", message)
    }
}
