import TandemEngine
import TandemGraph
import TandemImport
import TandemTestSupport
import TandemTraining

/// The table of `Operations.md`, asked of the consumers themselves.
struct OperationTable {
    static let header = [
        "| operation | element types | engine | int8 program | trainer | imported | batch taken out |",
        "|---|---|---|---|---|---|---|",
    ]

    /// Names of operations in the graphs of the example models, before and after their layers are
    /// recognised.
    let imported: Set<String>

    /// One line of the table.
    func row(_ name: String) throws -> String {
        var options = RandomGraphOptions()
        options.symbols = []
        let specimens = try Specimen.all(name, options)
        let cells = [
            "`\(name)`", Self.dtypes(specimens) { _ in true },
            Self.dtypes(specimens, Self.isPlanned), try Self.quantized(specimens),
            Self.dtypes(specimens, Self.isTrained), imported.contains(name) ? "yes" : "-",
            try Self.isFreed(name) ? "yes" : "-",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    /// The dtypes of which something is true of all specimens, or, with a star, of some.
    private static func dtypes(
        _ specimens: [Specimen], _ isTaken: (Specimen) -> Bool
    ) -> String {
        let words = DataType.allCases.compactMap { dtype -> String? in
            let own = specimens.filter { $0.dtype == dtype }
            let count = own.count(where: isTaken)
            return count == 0 ? nil : dtype.name + (count == own.count ? "" : "*")
        }
        return words.isEmpty ? "-" : words.joined(separator: " ")
    }

    private static func isPlanned(_ specimen: Specimen) -> Bool {
        guard let model = try? specimen.served() else { return false }
        return (try? Plan(model.graph, model.tensors)) != nil
    }

    /// What stands for the operation in an int8 program.
    private static func quantized(_ specimens: [Specimen]) throws -> String {
        guard let specimen = specimens.first else { return "-" }
        let before = try specimen.served(thenRelu: true)
        let after = try Quantization.applied(to: before)
        let name = after.graph.nodes.first { after.graph[$0.output].name == "result" }?
            .operation.name
        return name == specimen.operation.name ? "as it is" : "`\(name ?? "")`"
    }

    private static func isTrained(_ specimen: Specimen) -> Bool {
        guard let model = try? specimen.served(), let head = model.graph.outputs.first,
            let parameters = try? ParameterStore(model.graph, model.tensors)
        else { return false }
        return
            (try? GradientPlan(
                model.graph, parameters: parameters, heads: [head], differentiates: false)) != nil
    }

    /// Whether there is a graph of all rows with the operation of which one row can be taken.
    private static func isFreed(_ name: String) throws -> Bool {
        var options = RandomGraphOptions()
        options.symbols = []
        options.rows = [.none]
        options.batch = "rows"
        for specimen in try Specimen.all(name, options) {
            let extraction = RowExtraction(batch: .symbol("rows"))
            guard let model = try specimen.batched(),
                let rows = try extraction.outcome(for: model).model
            else { continue }
            if rows.graph.nodes.contains(where: { $0.operation.name == name }) { return true }
        }
        return false
    }
}

extension Specimen {
    /// The operation in a graph without rows, if an input of it has the batch.
    fileprivate func batched() throws -> WeightedGraph? {
        var builder = try GraphBuilder(name: "specimen")
        var tensors: TensorSet = [:]
        var ids: [ValueID] = []
        for (index, input) in inputs.enumerated() {
            if let tensor = input.tensor {
                tensors["w\(index)"] = tensor
                ids.append(try builder.parameter("w\(index)", tensor.dtype, tensor.shape))
            } else {
                ids.append(try builder.input("x\(index)", input.type))
            }
        }
        var value = try builder.node("result", operation, ids)
        let hasBatch = result.shape.contains { $0.symbols.contains("rows") }
        if inputs.isEmpty, !hasBatch {
            let rows = try builder.input("rows", TensorType(.float32, .none, [.symbol("rows"), 1]))
            value = try builder.node("float", .cast(.float32), [value])
            value = try builder.node("sum", .binary(.add), [value, rows])
        } else if !hasBatch {
            return nil
        }
        try builder.output(value)
        return WeightedGraph(builder.finished(), tensors)
    }
}
