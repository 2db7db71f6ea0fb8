/// Several tasks' figures, for people and for programs.
package struct FiguresTable: Sendable {
    /// One line of the table.
    package struct Row: Sendable {
        /// What tells lines of one task apart, such as "float" and "int8"; empty for nothing.
        package var label: String
        /// The figures.
        package var figures: TaskFigures

        /// Makes a line.
        package init(label: String = "", figures: TaskFigures) {
            self.label = label
            self.figures = figures
        }
    }

    /// The lines, in order.
    package var rows: [Row]

    /// Makes a table.
    package init(rows: [Row]) { self.rows = rows }

    /// Makes a table of one line a task.
    package init(_ figures: [TaskFigures]) { rows = figures.map { Row(figures: $0) } }

    /// A table with a head, its columns aligned; only the figures that some line has.
    package var text: String {
        let shown = Figure.allCases.filter { figure in
            rows.contains { $0.figures.values[figure] != nil }
        }
        let isLabelled = rows.contains { !$0.label.isEmpty }
        var lines = [["task"] + (isLabelled ? [""] : []) + ["kind", "rows"] + shown.map(\.title)]
        for row in rows {
            var cells = [row.figures.task] + (isLabelled ? [row.label] : [])
            cells += [row.figures.kind, String(row.figures.rowCount)]
            cells += shown.map { row.figures.values[$0].map(Self.rounded) ?? "-" }
            lines.append(cells)
        }
        let leftCount = isLabelled ? 3 : 2
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            let cells = line.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - line[column].count)
                return column < leftCount ? line[column] + padding : padding + line[column]
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// A JSON list with one object a line: `task`, `kind`, `rows`, `label` if any, and the figures
    /// by name; what is undefined is left out.
    package var json: String {
        let objects = rows.map { row in
            var members = ["\"task\": \(Self.quoted(row.figures.task))"]
            if !row.label.isEmpty { members.append("\"label\": \(Self.quoted(row.label))") }
            members.append("\"kind\": \(Self.quoted(row.figures.kind))")
            members.append("\"rows\": \(row.figures.rowCount)")
            for figure in Figure.allCases {
                guard let value = row.figures.values[figure] else { continue }
                members.append("\"\(figure.rawValue)\": \(value.isFinite ? "\(value)" : "null")")
            }
            return "{\(members.joined(separator: ", "))}"
        }
        return "[\(objects.joined(separator: ", "))]"
    }

    /// Four decimals; fewer before many digits.
    private static func rounded(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        let places = abs(value) < 100 ? 4 : abs(value) < 10_000 ? 2 : 0
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let magnitude = (abs(value) * scale).rounded()
        guard magnitude < 1e15 else { return "\(value)" }
        let whole = Int(magnitude / scale)
        let sign = value < 0 && magnitude > 0 ? "-" : ""
        if places == 0 { return "\(sign)\(whole)" }
        let fraction = String(Int(magnitude) - whole * Int(scale))
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(whole).\(zeros)\(fraction)"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
