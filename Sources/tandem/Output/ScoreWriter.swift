/// Writes scores as CSV with a header, or as JSON lines; numbers so that they read back exactly.
struct ScoreWriter {
    private let tasks: [(name: String, width: Int, labels: [String])]
    private let isJSON: Bool
    private var text = ""

    /// Starts with the header, for CSV.
    init(tasks: [(String, Int, [String])], isJSON: Bool) {
        self.tasks = tasks.map { (name: $0.0, width: $0.1, labels: $0.2) }
        self.isJSON = isJSON
        if !isJSON { text = self.tasks.flatMap(Self.heads).joined(separator: ",") + "\n" }
    }

    /// Adds a row; asks for each task's numbers by its position and column.
    mutating func append(_ score: (_ task: Int, _ column: Int) -> Float) {
        if isJSON {
            let members = tasks.enumerated().map { index, task in
                let numbers = (0..<task.width).map { Self.json(score(index, $0)) }
                return (task.name, task.width == 1 ? numbers[0] : .array(numbers))
            }
            text += JSONText.object(members).text
        } else {
            text += tasks.enumerated().flatMap { index, task in
                (0..<task.width).map { "\(score(index, $0))" }
            }.joined(separator: ",")
        }
        text += "\n"
        if text.utf8.count > 1 << 16 { finish() }
    }

    /// Writes what is left.
    mutating func finish() {
        Terminal.write(text)
        text = ""
    }

    private static func json(_ value: Float) -> JSONText {
        value.isFinite ? .raw("\(value)") : .null
    }

    private static func heads(
        _ task: (name: String, width: Int, labels: [String])
    ) -> [String] {
        if task.width == 1 { return [task.name] }
        return (0..<task.width).map { column in
            let label = column < task.labels.count ? task.labels[column] : "\(column)"
            return "\(task.name).\(label)"
        }
    }
}
