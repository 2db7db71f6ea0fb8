import TandemNotation

/// How the files are written, as `[data]` says.
package struct SourceSpec: Hashable, Sendable {
    /// Delimiter, header, names and blanks.
    package let dialect: CSVDialect
    /// The texts that stand for "no value" besides the empty one.
    package let missing: [String]
    /// Which rows to use; nil for all.
    package let filter: ColumnExpression?

    init(_ table: SpecTable) throws(TrainingError) {
        let hasHeader = try table.truth("header") ?? true
        let names = try table.texts("columns")
        guard hasHeader == (names == nil) else {
            throw table.error(
                hasHeader ? .wrongValue : .missingKey, hasHeader ? "columns" : "header",
                hasHeader ? "stands beside a header" : "is false and the columns have no names",
                remedy: hasHeader ? "write header = false, or drop it" : "list them in 'columns'")
        }
        if let names, let twice = names.firstRepeated {
            throw table.error(
                .duplicateName, "columns", "names '\(twice.cutShort)' twice",
                remedy: "give each column a name of its own"
            ).with(\.text, twice.cutShort)
        }
        dialect = CSVDialect(
            delimiter: try Self.delimiter(table), hasHeader: hasHeader, columnNames: names ?? [],
            trimsBlanks: try table.truth("trim") ?? false)
        missing = try table.texts("missing") ?? []
        filter = try table.expression("filter")
        try table.finish()
    }

    private static func delimiter(_ table: SpecTable) throws(TrainingError) -> UInt8 {
        let text = try table.text("delimiter") ?? ","
        if text == "tab" { return UInt8(ascii: "\t") }
        guard text.utf8.count == 1, let byte = text.utf8.first, !"\"\r\n".utf8.contains(byte) else {
            throw table.error(
                .wrongValue, "delimiter", "'\(text.cutShort)' cannot stand between fields",
                remedy: "use one character such as \",\" or \";\", or \"tab\"")
        }
        return byte
    }
}

extension Array where Element: Hashable {
    /// The first element that stood before.
    var firstRepeated: Element? {
        var seen: Set<Element> = []
        return first { !seen.insert($0).inserted }
    }
}
