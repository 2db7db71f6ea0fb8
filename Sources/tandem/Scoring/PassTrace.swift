import TandemEngine
import TandemGraph
import TandemPackage

/// What passes did to a graph, in order.
struct PassTrace {
    /// One pass.
    struct Entry {
        var name: String
        var operationsBefore: Int
        var operationsAfter: Int
        /// The graph after it, as graphs are printed.
        var text: String

        /// For people.
        var summary: String {
            "\(name): \(operationsBefore) to \(operationsAfter) operations"
        }
    }

    private static let key = "pass."
    private(set) var entries: [Entry] = []

    /// Adds a pass; what a compiler's observer calls.
    mutating func add(
        _ pass: ProgramCompiler.Pass, _ before: WeightedGraph, _ after: WeightedGraph
    ) {
        entries.append(
            Entry(
                name: pass.name, operationsBefore: before.graph.nodes.count,
                operationsAfter: after.graph.nodes.count, text: after.graph.text))
    }

    /// As a package remembers them, since it does not keep the graph before.
    var provenance: [ProvenanceEntry] {
        entries.enumerated().map { ProvenanceEntry("\(Self.key)\($0 + 1)", $1.summary) }
    }

    /// The summaries that a package remembers.
    static func remembered(_ model: PackagedModel) -> [String] {
        model.provenance.filter { $0.key.hasPrefix(key) }.map(\.value)
    }
}
