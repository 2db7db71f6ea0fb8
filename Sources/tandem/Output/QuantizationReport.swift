import TandemEngine
import TandemTraining

/// What `tandem quantize` says: by task what the gate read, by operation what was decided.
struct QuantizationReport {
    let result: QuantizationSearch.Result
    let rows: QuantizationRows

    /// For people; operations with the largest sensitivity first.
    func text(path: String?) -> String {
        var gate = TextTable(["task", "figure", "value", "limit"])
        for reading in result.readings {
            gate.add([
                reading.task, reading.metric, Readable.fixed(reading.value, 6),
                Readable.fixed(reading.limit, 6),
            ])
        }
        var operations = TextTable([
            "sensitivity", "precision", "scales", "inputs", "weights", "operation",
        ])
        let sorted = result.operations.sorted { sensitivity($0) > sensitivity($1) }
        for operation in sorted {
            operations.add([
                Readable.fixed(sensitivity(operation), 6), operation.precision.rawValue,
                operation.clipsOutliers ? "clipped" : "largest",
                operation.candidate.input == nil
                    ? "" : operation.grid == nil ? "a row" : "a tensor",
                Readable.grouped(operation.candidate.weightCount), operation.candidate.name,
            ])
        }
        return """
            int8 against float on \(Readable.grouped(rows.rowCount)) \(rows.split) rows:

            \(gate.text)
            \(operations.text)
            \(share)
            \(path.map { "published \($0)" } ?? "nothing was written; --out publishes it")

            """
    }

    private func sensitivity(_ operation: QuantizationSearch.Operation) -> Double {
        operation.sensitivity.max() ?? 0
    }

    private var share: String {
        let int8 = result.operations.filter { $0.precision != .float }
        let weights = result.operations.reduce(0) { $0 + $1.candidate.weightCount }
        let kept = int8.reduce(0) { $0 + $1.candidate.weightCount }
        return "\(int8.count) of \(result.operations.count) operations in int8, with "
            + "\(Readable.grouped(kept)) of \(Readable.grouped(weights)) weights"
    }

    /// For programs.
    func json(path: String?) -> JSONText {
        .object([
            ("package", path.map(JSONText.string) ?? .null), ("split", .string(rows.split)),
            ("rows", .integer(rows.rowCount)),
            (
                "gate",
                .array(
                    result.readings.map {
                        .object([
                            ("task", .string($0.task)), ("figure", .string($0.metric)),
                            ("value", .number($0.value)), ("limit", .number($0.limit)),
                        ])
                    })
            ),
            (
                "operations",
                .array(
                    result.operations.map {
                        .object([
                            ("operation", .string($0.candidate.name)),
                            ("precision", .string($0.precision.rawValue)),
                            ("clips_outliers", .bool($0.clipsOutliers)),
                            ("shares_grid", .bool($0.grid != nil)),
                            ("sensitivity", .number(sensitivity($0))),
                        ])
                    })
            ),
        ])
    }
}
