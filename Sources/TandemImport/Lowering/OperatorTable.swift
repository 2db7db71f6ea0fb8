// Design: to import another operator, write its entry.
//
//   1. Find the group it belongs to: a file in `Operators/` that extends `OperatorTable` with a
//      static array of entries; or start a group, and list it in `groups` below.
//   2. Add an entry: the operator's name, how many inputs it has over all supported versions (the
//      optional ones included), the attributes it may have (any other is refused with its name),
//      and a closure from an `OperatorContext` to the values of its outputs, in ONNX's order:
//
//          OperatorEntry("Softplus", inputs: 1...1) { context in
//              let x = try context.input(0)
//              let power = try context.emit(.unary(.exp), x)
//              let sum = try context.emit(.affine(scale: 1, offset: 1), power)
//              return [try context.emit(.unary(.log), sum)]
//          }
//
//   3. What is more than a few lines is a method in an extension of `OperatorContext` in the
//      group's file, with the operator's specification for its comment.
//
// `emit` checks types, folds constants and sizes, and names nodes; so a lowering never asks whether
// an input is known unless its meaning depends on it (a shape, axes, counts). For these there are
// `context.sizes(_:)`, `context.integers(_:)` and `context.floats(_:)`, which refuse what is only
// known when a request is there. What cannot be lowered: `throw context.failure(code, why, remedy)`.
// An operator with several versions asks `context.opset`. Domains other than ONNX's own are given
// as `domain:`. An output that the node does not want may be left out at the end of the array.

/// How one operator of ONNX is lowered.
struct OperatorEntry: Sendable {
    /// What an entry does: the values of the node's outputs, from its context.
    typealias Lower = @Sendable (OperatorContext) throws -> [ImportedValue]

    /// The operator's domain; empty for ONNX's own.
    let domain: String
    /// The operator's name.
    let name: String
    /// How many inputs it may have.
    let inputs: ClosedRange<Int>
    /// Names of the attributes it may have.
    let attributes: Set<String>
    /// Whether inputs may be sequences of tensors; other operators never see one.
    let takesSequences: Bool
    /// The lowering.
    let lower: Lower

    /// Makes an entry.
    init(
        _ name: String, domain: String = "", inputs: ClosedRange<Int>,
        attributes: Set<String> = [], takesSequences: Bool = false, lower: @escaping Lower
    ) {
        self.name = name
        self.domain = domain
        self.inputs = inputs
        self.attributes = attributes
        self.takesSequences = takesSequences
        self.lower = lower
    }
}

/// All operators that can be imported.
enum OperatorTable {
    /// The groups of entries; one file in `Operators/` each.
    private static let groups: [[OperatorEntry]] = [
        arithmetic, logic, activations, reductions, normalizations, products, sums,
        structure, indexing, windows, recurrences, attentions, quantizations, shapes, control,
        loops, sequences, microsoft, microsoftQuantized,
    ]

    private static let entries: [String: OperatorEntry] = {
        var entries: [String: OperatorEntry] = [:]
        for entry in groups.joined() { entries["\(entry.domain).\(entry.name)"] = entry }
        return entries
    }()

    /// The entry of an operator, or nil.
    static func entry(domain: String, name: String) -> OperatorEntry? {
        entries["\(domain).\(name)"]
    }

    /// Names of all operators of a domain, sorted.
    static func names(domain: String) -> [String] {
        groups.joined().filter { $0.domain == domain }.map(\.name).sorted()
    }
}
