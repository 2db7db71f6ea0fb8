import TandemGraph
import TandemNotation

// Design: a dimension without a size has a name.
//
// Exporters name free dimensions, in any alphabet, or leave them nameless. Each name becomes one of
// the graph's; a nameless first dimension is taken for the batch, which all such inputs share (and a
// note says so), any other nameless one is a dimension of its own. First dimensions whose names
// differ in their digits alone are nameless too: tf2onnx counts `unk__98`, `unk__99`. A size given
// for a name binds it.

/// Gives the dimensions of a model's inputs their sizes or names.
struct InputDimensions {
    private let sizes: [String: Int]
    private var names: [String: String] = [:]
    private var taken: Set<String> = []
    private let batch: String
    /// Names that an exporter counted for first dimensions.
    private let counted: Set<String>
    /// What is wrong with the sizes that were given.
    private(set) var problems: [ImportProblem] = []
    /// What was assumed.
    private(set) var notes: [String] = []

    /// Names for the dimensions of those inputs, some bound to sizes.
    init(_ inputs: [ONNXValueInfo], _ sizes: [String: Int]) {
        self.sizes = sizes
        let shapes = inputs.compactMap { input -> [ONNXDimension]? in
            if case .tensor(_, let shape) = input.kind { shape } else { nil }
        }
        let firsts = Set(shapes.compactMap(\.first))
        let named = firsts.compactMap { first -> String? in
            if case .parameter(let name) = first { name } else { nil }
        }
        let isCounted = named.count > 1 && Set(named.map { $0.filter { !$0.isNumber } }).count == 1
        counted = isCounted ? Set(named) : []
        batch = named.count == 1 ? named[0] : "batch"
        checkSizes(inputs, shapes)
        if isCounted {
            notes.append(
                "first dimensions '\(named.sorted().joined(separator: "', '"))' are taken for one, "
                    + "'\(batch)'")
        } else if firsts.contains(.unknown) {
            notes.append(
                "first dimensions without a name are taken for one, '\(batch)'")
        }
    }

    private mutating func checkSizes(_ inputs: [ONNXValueInfo], _ shapes: [[ONNXDimension]]) {
        var known: Set<String> = []
        for (input, shape) in zip(inputs, shapes) {
            for (axis, dimension) in shape.enumerated() {
                switch dimension {
                case .parameter(let name): known.insert(counted.contains(name) ? batch : name)
                case .unknown: known.insert(axis == 0 ? batch : "\(input.name)_\(axis)")
                case .fixed: break
                }
            }
        }
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
            if !known.contains(name) {
                problems.append(
                    ImportProblem(
                        .unknownInput, "no input has a dimension of the name '\(name)'",
                        remedy: NearestName.remedy(name, among: known.sorted())))
            } else if size < 1 || size > Int(Int32.max) {
                problems.append(
                    ImportProblem(
                        .outOfRange, "the dimension '\(name)' cannot have size \(size)"))
            }
        }
    }

    /// The shape of an input.
    mutating func shape(of input: String, _ shape: [ONNXDimension]) -> [Dimension] {
        shape.enumerated().map { axis, dimension in
            switch dimension {
            case .fixed(let size): .fixed(Int(size))
            case .parameter(let name): named(counted.contains(name) ? batch : name)
            case .unknown: named(axis == 0 ? batch : "\(input)_\(axis)")
            }
        }
    }

    private mutating func named(_ name: String) -> Dimension {
        if let size = sizes[name] { return .fixed(size) }
        if let known = names[name] { return .symbol(known) }
        var plain = String(
            decoding: name.utf8.prefix(80).map { Self.isPlain($0) ? $0 : UInt8(ascii: "_") },
            as: UTF8.self)
        if !Dimension.isName(plain) { plain = "size_" + plain }
        var unique = plain
        var count = 1
        while !taken.insert(unique).inserted {
            count += 1
            unique = "\(plain)_\(count)"
        }
        names[name] = unique
        return .symbol(unique)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
