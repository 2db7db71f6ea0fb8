// An operation's stored form: a name and attributes. Graph text, the package's manifest and the
// content hash all use this one form, so that they cannot drift apart. Names are stored in packages
// and never change meaning.

/// One attribute's value.
package enum AttributeValue: Hashable, Sendable, CustomStringConvertible {
    /// A whole number.
    case integer(Int64)
    /// A float32.
    case float(Float)
    /// A word.
    case text(String)
    /// Whole numbers, in order.
    case integers([Int64])

    package var description: String {
        switch self {
        case .integer(let value): String(value)
        case .float(let value): value.description
        case .text(let value): value
        case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
        }
    }
}

/// A named attribute of an operation.
package struct Attribute: Hashable, Sendable {
    /// The attribute's name, unique within its operation.
    package var name: String
    /// Its value.
    package var value: AttributeValue

    /// Makes an attribute.
    package init(_ name: String, _ value: AttributeValue) {
        self.name = name
        self.value = value
    }
}

extension Operation {
    /// The stored name, such as `linear`.
    package var name: String {
        switch self {
        case .unary(let function): function.rawValue
        case .binary(let function): function.rawValue
        case .compare(let comparison): comparison.rawValue
        case .logical(let function): function.rawValue
        case .not: "not"
        case .select: "select"
        case .cast: "cast"
        case .affine: "affine"
        case .linear: "linear"
        case .concat: "concat"
        case .slice: "slice"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .expand: "expand"
        case .gather: "gather"
        case .takeAlong: "take_along"
        case .range: "range"
        case .size: "size"
        case .softmax: "softmax"
        case .layerNorm: "layer_norm"
        case .reduce(let reduction, _): "reduce_\(reduction.rawValue)"
        case .cumulativeSum: "cumulative_sum"
        case .matmul: "matmul"
        case .convolution: "convolution"
        case .embedding: "embedding"
        case .embeddingPool(let reduction): "embedding_\(reduction.rawValue)"
        case .mixture: "mixture"
        case .attention: "attention"
        case .recurrent(let recurrence): recurrence.cell.name
        case .quantizedLinear: "quantized_linear"
        case .quantizationResidual: "quantization_residual"
        case .staticQuantizedLinear: "static_quantized_linear"
        case .quantizedRecurrent(let recurrence): "quantized_\(recurrence.cell.name)"
        case .quantizedEmbedding: "quantized_embedding"
        case .quantizedEmbeddingPool(let reduction): "quantized_embedding_\(reduction.rawValue)"
        }
    }

    /// The stored attributes, in a fixed order.
    package var attributes: [Attribute] {
        switch self {
        case .affine(let scale, let offset):
            [Attribute("scale", .float(scale)), Attribute("offset", .float(offset))]
        case .cast(let dtype): [Attribute("to", .text(dtype.name))]
        case .slice(let axis, let start, let end):
            [
                Attribute("axis", .integer(Int64(axis))),
                Attribute("start", dimension: start), Attribute("end", dimension: end),
            ]
        case .reshape(let shape), .expand(let shape): [Attribute("shape", dimensions: shape)]
        case .transpose(let permutation): [Attribute("permutation", sizes: permutation)]
        case .range(let count): [Attribute("count", dimension: count)]
        case .size(let size): [Attribute("of", dimension: size)]
        case .layerNorm(let epsilon): [Attribute("epsilon", .float(epsilon))]
        case .concat(let axis), .reduce(_, let axis), .gather(let axis), .takeAlong(let axis),
            .cumulativeSum(let axis):
            [Attribute("axis", .integer(Int64(axis)))]
        case .convolution(let convolution): convolution.attributes
        case .attention(let heads, let scale):
            [Attribute("heads", .integer(Int64(heads))), Attribute("scale", .float(scale))]
        case .recurrent(let recurrence), .quantizedRecurrent(let recurrence):
            recurrence.attributes
        case .staticQuantizedLinear(let grid):
            [
                Attribute("scale", .float(grid.scale)),
                Attribute("steps_below", .integer(Int64(grid.stepsBelow))),
            ]
        case .unary, .binary, .compare, .logical, .not, .select, .linear, .softmax, .embedding,
            .embeddingPool, .matmul, .mixture, .quantizedLinear, .quantizedEmbedding,
            .quantizedEmbeddingPool, .quantizationResidual:
            []
        }
    }
}

extension Attribute {
    /// A size: a whole number, or the text of one with names.
    fileprivate init(_ name: String, dimension: Dimension) {
        let size = dimension.fixedSize.map { AttributeValue.integer(Int64($0)) }
        self.init(name, size ?? .text(dimension.description))
    }

    /// A shape: whole numbers, or text when a size has names.
    fileprivate init(_ name: String, dimensions: [Dimension]) {
        let sizes = dimensions.compactMap(\.fixedSize)
        if sizes.count == dimensions.count {
            self.init(name, sizes: sizes)
        } else {
            let words = dimensions.map(\.description).joined(separator: ", ")
            self.init(name, .text("[\(words)]"))
        }
    }

    fileprivate init(_ name: String, sizes: [Int]) {
        self.init(name, .integers(sizes.map(Int64.init)))
    }

    fileprivate init(_ name: String, flag: Bool) { self.init(name, .integer(flag ? 1 : 0)) }
}

extension Convolution {
    fileprivate var attributes: [Attribute] {
        [
            Attribute("strides", sizes: strides), Attribute("dilations", sizes: dilations),
            Attribute("padding_before", sizes: paddingBefore),
            Attribute("padding_after", sizes: paddingAfter),
            Attribute("groups", .integer(Int64(groups))),
        ]
    }
}

extension Recurrence.Cell {
    fileprivate var name: String {
        switch self {
        case .lstm: "lstm"
        case .gru: "gru"
        case .plain: "rnn"
        }
    }
}

extension Recurrence {
    fileprivate var attributes: [Attribute] {
        var attributes = [
            Attribute("result", .text(result.rawValue)), Attribute("reversed", flag: isReversed),
            Attribute("length", flag: hasLength), Attribute("state", flag: hasInitialState),
        ]
        switch cell {
        case .lstm:
            attributes.append(Attribute("cell", flag: hasInitialCell))
            attributes.append(Attribute("peepholes", flag: hasPeepholes))
        case .gru(let resetsAfter):
            attributes.append(Attribute("resets_after", flag: resetsAfter))
        case .plain: break
        }
        return attributes
    }
}
