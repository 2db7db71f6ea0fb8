/// A table while a document is being read: later lines may still add to it.
final class TOMLTable {
    /// How the table came about, which decides who may add to it.
    enum Origin {
        /// By a header below it, such as `[a.b]` for `a`: a header of its own may follow.
        case implied
        /// By its own header.
        case header
        /// By a dotted key: only dotted keys of the same table add to it.
        case dotted
        /// In braces: complete.
        case inline
    }

    enum Entry {
        case value(NotationNode)
        case table(TOMLTable)
        case tables([TOMLTable])
    }

    var origin: Origin
    let line: Int
    var entries: [String: Entry] = [:]

    init(_ origin: Origin, line: Int) {
        self.origin = origin
        self.line = line
    }

    /// The finished table.
    var node: NotationNode {
        var members: [String: NotationNode] = [:]
        for (key, entry) in entries {
            switch entry {
            case .value(let node): members[key] = node
            case .table(let table): members[key] = table.node
            case .tables(let tables):
                let line = tables.first?.line ?? line
                members[key] = NotationNode(value: .array(tables.map(\.node)), line: line)
            }
        }
        return NotationNode(value: .table(members), line: line)
    }
}
