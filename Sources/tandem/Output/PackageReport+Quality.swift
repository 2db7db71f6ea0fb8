import TandemGraph
import TandemPackage

extension PackageReport {
    /// For people: each task's figures, float beside int8, and what the quantiser decided.
    var qualityText: String {
        var table = TextTable(["task", "figure", "float", "int8", "int8 - float", "rows", "of"])
        var seen: Set<String> = []
        for figure in model.quality {
            let key = "\(figure.task) \(figure.metric) \(figure.split)"
            guard seen.insert(key).inserted else { continue }
            let values = [Program.float, Program.int8].map { program in
                model.quality.first {
                    $0.program == program && $0.task == figure.task && $0.metric == figure.metric
                        && $0.split == figure.split
                }?.value
            }
            let both = values.compactMap(\.self)
            table.add([
                figure.task, figure.metric,
                values[0].map { Readable.fixed($0, 6) } ?? "",
                values[1].map { Readable.fixed($0, 6) } ?? "",
                both.count == 2 ? Readable.fixed(both[1] - both[0], 6) : "",
                Readable.grouped(figure.rowCount), figure.split,
            ])
        }
        if model.quality.isEmpty {
            return
                "no figures were measured when this was written; tandem quantize measures some\n"
        }
        return model.choices.isEmpty ? table.text : table.text + "\n" + choiceTable
    }

    private var choiceTable: String {
        var table = TextTable(["sensitivity", "precision", "scales", "inputs", "operation"])
        var inputs: [String: String] = [:]
        if let graph = model.program(named: Program.int8)?.graph {
            for node in graph.nodes where node.operation.isQuantizedLinear {
                let isShared = node.operation.activationGrid != nil
                inputs[graph[node.output].name] = isShared ? "a tensor" : "a row"
            }
        }
        for choice in model.choices.sorted(by: { $0.sensitivity > $1.sensitivity }) {
            table.add([
                Readable.fixed(choice.sensitivity, 6), choice.precision.rawValue,
                choice.clipsOutliers ? "clipped" : "largest",
                inputs[choice.operation] ?? "", choice.operation,
            ])
        }
        return table.text
    }
}
