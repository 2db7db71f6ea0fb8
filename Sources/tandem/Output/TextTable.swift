import Glibc

/// A table for people: columns as wide as their widest cell, numbers to the right.
struct TextTable {
    private var rows: [[String]]
    private let columnCount: Int

    /// Starts a table with its heads.
    init(_ heads: [String]) {
        rows = [heads]
        columnCount = heads.count
    }

    /// Adds a row; missing cells are empty.
    mutating func add(_ cells: [String]) {
        rows.append(cells + Array(repeating: "", count: max(0, columnCount - cells.count)))
    }

    /// The table, a line a row, with a line below the heads.
    var text: String {
        let widths = (0..<columnCount).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let numeric = (0..<columnCount).map { column in
            rows.dropFirst().allSatisfy { Self.isNumeric($0[column]) }
        }
        var lines = rows.map { row in
            (0..<columnCount).map { Self.padded(row[$0], widths[$0], toRight: numeric[$0]) }
                .joined(separator: "  ").trimmingEnd
        }
        lines.insert(
            widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isNumeric(_ cell: String) -> Bool {
        cell.allSatisfy { $0.isNumber || ".,-+e%x ".contains($0) }
    }

    private static func padded(_ text: String, _ width: Int, toRight: Bool) -> String {
        let blanks = String(repeating: " ", count: max(0, width - text.count))
        return toRight ? blanks + text : text + blanks
    }
}

extension String {
    /// The text without blanks at its end.
    fileprivate var trimmingEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

/// Numbers as people read them.
enum Readable {
    /// A number with so many places after the point.
    static func fixed(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "-" : "\(value)" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 1e18 else { return "\(value)" }
        let whole = Int64(scaled)
        let divisor = Int64(scale)
        let sign = value < 0 && whole > 0 ? "-" : ""
        if places == 0 { return "\(sign)\(whole)" }
        let fraction = String(whole % divisor)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(whole / divisor).\(zeros)\(fraction)"
    }

    /// A number that may be small: six places after the point, or two digits and a power of ten.
    static func small(_ value: Double) -> String {
        guard value.isFinite, value != 0, value.magnitude < 5e-5 else { return fixed(value, 6) }
        let exponent = log10(value.magnitude).rounded(.down)
        return "\(fixed(value / pow(10, exponent), 1))e\(Int(exponent))"
    }

    /// A whole number with commas between thousands.
    static func grouped(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// Names for one cell: those that fit, and how many there are where that is not all.
    static func listed(_ names: [String], within width: Int = 60) -> String {
        let all = names.joined(separator: ", ")
        guard all.count > width else { return all }
        var text = ""
        for name in names {
            guard text.count + name.count + 2 <= width else { break }
            text += "\(name), "
        }
        return text + "... (\(names.count))"
    }

    /// A number of bytes with a binary unit.
    static func bytes(_ count: Int) -> String {
        if count < 1024 { return "\(count) B" }
        var value = Double(count) / 1024
        for unit in ["KiB", "MiB", "GiB"] {
            if value < 1024 || unit == "GiB" { return "\(fixed(value, 1)) \(unit)" }
            value /= 1024
        }
        return "\(count) B"
    }
}
