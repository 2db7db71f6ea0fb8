/// A value of a TOML document and the line on which it, or its key, stands.
package struct TOMLNode: Sendable {
    /// The value.
    package let value: TOMLValue
    /// The physical line, from 1.
    package let line: Int
}

/// A value of a TOML document.
package enum TOMLValue: Sendable {
    /// Keys and their values.
    case table([String: TOMLNode])
    /// Values in order.
    case array([TOMLNode])
    /// A string.
    case text(String)
    /// A whole number.
    case integer(Int)
    /// May be infinite or not a number: TOML has both.
    case number(Double)
    /// True or false.
    case truth(Bool)
    /// A date or time; known as one and not read further, since no key takes one.
    case date

    /// What a person calls it.
    package var kindName: String {
        switch self {
        case .table: "a table"
        case .array: "a list"
        case .text: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .truth: "true or false"
        case .date: "a date"
        }
    }
}

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
        case value(TOMLNode)
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
    var node: TOMLNode {
        var members: [String: TOMLNode] = [:]
        for (key, entry) in entries {
            switch entry {
            case .value(let node): members[key] = node
            case .table(let table): members[key] = table.node
            case .tables(let tables):
                let line = tables.first?.line ?? line
                members[key] = TOMLNode(value: .array(tables.map(\.node)), line: line)
            }
        }
        return TOMLNode(value: .table(members), line: line)
    }
}
