import TandemClient

/// How an answer came to be, for people: stages, the plan's operations, how features were read.
struct ExplanationText {
    private let explanation: PredictionExplanation
    private let rowCount: Int

    /// Explains the answer to a request of some rows.
    init(_ explanation: PredictionExplanation, rowCount: Int) {
        self.explanation = explanation
        self.rowCount = rowCount
    }

    /// Some tables.
    var text: String {
        let rows = rowCount == 1 ? "1 row" : "\(rowCount) rows"
        var text = "\(rows) by \(explanation.executor) on \(explanation.instructionSet)\n"
        var stages = TextTable(["stage", "us"])
        for stage in explanation.stages { stages.add([stage.name, Self.text(stage.duration)]) }
        text += "\n" + stages.text
        if !explanation.operations.isEmpty {
            var operations = TextTable(["operation", "kind", "us", "multiply-adds"])
            for operation in explanation.operations {
                // One pass may do several operations, a line each.
                let names = operation.name.split(whereSeparator: \.isNewline).map(Self.shortened)
                operations.add([
                    names.first ?? "", operation.kind, Self.text(operation.duration),
                    Readable.grouped(Int(clamping: operation.multiplyAdds)),
                ])
                for name in names.dropFirst() { operations.add([name]) }
            }
            text += "\n" + operations.text
        }
        var features = TextTable([
            "feature", "first row", "present", "missing", "unknown", "clipped",
        ])
        for feature in explanation.features {
            features.add([
                feature.name, feature.firstValue, "\(feature.presentRows)",
                "\(feature.missingRows)",
                "\(feature.unknownValues)", "\(feature.clippedValues)",
            ])
        }
        return text + "\n" + features.text
    }

    private static let operationWidth = 72

    /// What fits beside the figures; `tandem inspect --plan` has it whole.
    private static func shortened(_ operation: Substring) -> String {
        let text = operation.drop { $0 == " " }
        return text.count > operationWidth ? text.prefix(operationWidth - 3) + "..." : String(text)
    }

    private static func text(_ duration: Duration) -> String {
        Readable.fixed(duration / .microseconds(1), 1)
    }
}
