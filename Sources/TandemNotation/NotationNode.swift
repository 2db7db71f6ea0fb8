/// A value of a document and the line on which it, or its key, stands.
package struct NotationNode: Sendable {
    /// The value.
    package let value: NotationValue
    /// The physical line, from 1.
    package let line: Int

    /// Makes a node.
    package init(value: NotationValue, line: Int) {
        self.value = value
        self.line = line
    }
}

/// A value of a document, TOML or JSON.
package enum NotationValue: Sendable {
    /// Keys and their values.
    case table([String: NotationNode])
    /// Values in order.
    case array([NotationNode])
    /// A string.
    case text(String)
    /// A whole number.
    case integer(Int)
    /// In TOML it may be infinite or not a number.
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
