import TandemGraph

// Design: for serving, what was quantised becomes float again.
//
// A quantised file says two things: weights in 8 bits, and where activations were rounded. The
// first is kept, as float weights with the values that the file has. The second belongs to the
// engine that the file was made for; ours rounds activations in its own way, by row. So activations
// are left as they are, and what comes out is a plain float model that passes understand.
//
// One thing of the rounding is arithmetic: quantisers drop a ReLU where the range behind it begins
// at 0, since rounding into that range cuts off what is below. There a ReLU is put back.
//
// This is done on the nodes of the file, before they are lowered; a model that is imported as it is
// (the conformance cases are) does not pass through here.

/// Takes the rounding of activations out of a quantised model.
package struct QuantizationRemoval {
    private var model: ONNXModel
    /// Values that were quantised activations, and now hold floats.
    private var floats: Set<String> = []
    /// Scales of activations that are not quantised any more: 1.
    private var unitScales: Set<String> = []
    private var makers: [String: ONNXNode] = [:]
    private var readers: [String: [ONNXNode]] = [:]
    private var constants: [String: ONNXTensor] = [:]
    private var passedOver: Set<String> = []
    private var nodes: [ONNXNode] = []

    private init(_ model: ONNXModel) {
        self.model = model
        for tensor in model.graph.initializers { constants[tensor.name] = tensor }
        for node in model.graph.nodes {
            for output in node.outputs where !output.isEmpty { makers[output] = node }
            for input in Set(node.inputs) { readers[input, default: []].append(node) }
            if node.operator == "Constant", let output = node.outputs.first,
                case .tensor(let tensor)? = node.attributes.first?.content
            {
                constants[output] = tensor
            }
        }
    }

    /// The model in float: weights as the file has them, activations not rounded.
    ///
    /// - Parameter model: What `ONNXModel.checked()` gave.
    /// - Returns: The model over floats; itself if it has no quantised operator.
    package static func applied(to model: ONNXModel) -> ONNXModel {
        var removal = QuantizationRemoval(model)
        for node in model.graph.nodes { removal.visit(node) }
        removal.model.graph.nodes = removal.nodes
        return removal.model
    }

    private mutating func visit(_ node: ONNXNode) {
        if passedOver.contains(node.name) { return }
        switch node.operator {
        case "QuantizeLinear": quantize(node)
        case "DynamicQuantizeLinear": quantizeDynamically(node)
        case "DequantizeLinear" where floats.contains(node.inputs[0]):
            replace(node, "Identity", [node.inputs[0]])
        case "MatMulInteger" where floats.contains(node.inputs[0]): multiply(node)
        case "ConvInteger" where floats.contains(node.inputs[0]):
            let weight = dequantized(node, node.inputs[1], "", input(node, 3), axis: 0)
            replace(node, "Conv", [node.inputs[0], weight], attributes: node.attributes)
        default:
            if !visitFused(node) { move(node) }
        }
    }

    // MARK: Activations

    private mutating func quantize(_ node: ONNXNode) {
        let x = node.inputs[0]
        if constants[x] != nil {
            nodes.append(node)
            return
        }
        floats.insert(node.outputs[0])
        let isCut = isLowest(input(node, 2)) && !isNeverNegative(x)
        replace(node, isCut ? "Relu" : "Identity", [x])
    }

    private mutating func quantizeDynamically(_ node: ONNXNode) {
        floats.insert(node.outputs[0])
        replace(node, "Identity", [node.inputs[0]], outputs: [node.outputs[0]])
        for (index, value) in [Float(1), 0].enumerated() {
            guard let name = node.outputs.dropFirst(index + 1).first, !name.isEmpty else {
                continue
            }
            if index == 0 { unitScales.insert(name) }
            let attribute = ONNXAttribute(name: "value_float", content: .float(value))
            add(node, "Constant", [], name, attributes: [attribute])
        }
    }

    /// Whether a zero point is its type's lowest value, so that nothing below 0 was kept.
    private func isLowest(_ zero: String) -> Bool {
        if zero.isEmpty { return true }
        guard let tensor = try? constants[zero]?.tensor() else { return false }
        return withExtendedLifetime(tensor) {
            switch tensor.dtype {
            case .uint8: tensor.elements(as: UInt8.self).allSatisfy { $0 == 0 }
            case .int8: tensor.elements(as: Int8.self).allSatisfy { $0 == -128 }
            default: false
            }
        }
    }

    private static let positive: Set<String> = [
        "Relu", "Sigmoid", "Softmax", "HardSigmoid", "Abs", "Exp", "Softplus", "Sqrt", "ReduceL1",
        "ReduceL2", "ReduceSumSquare",
    ]

    private static let moving: Set<String> = [
        "Concat", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "Split",
        "Squeeze", "Tile", "Transpose", "Unsqueeze",
    ]

    private func isNeverNegative(_ value: String) -> Bool {
        var value = value
        for _ in 0..<64 {
            guard let maker = makers[value] else { return false }
            if Self.positive.contains(maker.operator) { return true }
            let isPassed =
                maker.operator == "QuantizeLinear" || maker.operator == "DequantizeLinear"
                || (Self.moving.contains(maker.operator) && maker.operator != "Concat")
            guard isPassed, let source = maker.inputs.first else { return false }
            value = source
        }
        return false
    }

    /// A node that keeps its operator; what only moves elements moves floats then.
    private mutating func move(_ node: ONNXNode) {
        if Self.moving.contains(node.operator), node.inputs.contains(where: floats.contains) {
            floats.formUnion(node.outputs)
        }
        nodes.append(node)
    }

    // MARK: Products

    /// `MatMulInteger`, and the cast and the scale behind it where they stand as quantisers write.
    private mutating func multiply(_ node: ONNXNode) {
        let a = node.inputs[0]
        let b = node.inputs[1]
        if floats.contains(b) {
            replace(node, "MatMul", [a, b])
            return
        }
        if let (cast, product, scale) = scaling(behind: node) {
            passedOver.formUnion([cast.name, product.name])
            let weight = dequantized(node, b, scale, input(node, 3), axis: -1)
            replace(node, "MatMul", [a, weight], outputs: product.outputs)
            return
        }
        let weight = dequantized(node, b, "", input(node, 3), axis: -1)
        replace(node, "MatMul", [a, weight])
    }

    /// The `Cast` and the `Mul` that alone read a product, and the weight's scale in them.
    private func scaling(behind node: ONNXNode) -> (ONNXNode, ONNXNode, String)? {
        guard let cast = onlyReader(of: node.outputs[0]), cast.operator == "Cast",
            let product = onlyReader(of: cast.outputs[0]), product.operator == "Mul",
            let other = product.inputs.first(where: { $0 != cast.outputs[0] }),
            let scales = makers[other], scales.operator == "Mul", scales.inputs.count == 2
        else { return nil }
        let weightScale = scales.inputs.filter { !unitScales.contains($0) }
        guard weightScale.count == 1, constants[weightScale[0]] != nil else { return nil }
        return (cast, product, weightScale[0])
    }

    private func onlyReader(of value: String) -> ONNXNode? {
        guard let found = readers[value], found.count == 1,
            !model.graph.outputs.contains(where: { $0.name == value })
        else { return nil }
        return found[0]
    }

    /// Operators that quantisers write whole; false for any other.
    private mutating func visitFused(_ node: ONNXNode) -> Bool {
        let inputs = node.inputs
        switch node.operator {
        case "DynamicQuantizeMatMul":
            let weight = dequantized(node, inputs[1], inputs[2], input(node, 3), axis: -1)
            product(node, inputs[0], weight, bias: input(node, 4))
        case "MatMulIntegerToFloat" where floats.contains(inputs[0]):
            let weight = dequantized(node, inputs[1], inputs[3], input(node, 5), axis: -1)
            product(node, inputs[0], weight, bias: input(node, 6))
        case "QAttention":
            let x = operand(node, 0, scale: 3, zero: 6)
            let weight = dequantized(node, inputs[1], inputs[4], input(node, 7), axis: -1)
            replace(
                node, "Attention", [x, weight, inputs[2], input(node, 5)], domain: node.domain,
                attributes: node.attributes)
        case "QLinearMatMul":
            let a = operand(node, 0, scale: 1, zero: 2)
            finish(node, "MatMul", [a, operand(node, 3, scale: 4, zero: 5, axis: -1)], zero: 7)
        case "QLinearConv":
            let x = operand(node, 0, scale: 1, zero: 2)
            let weight = dequantized(node, inputs[3], inputs[4], input(node, 5), axis: 0)
            let bias = summed(node, input(node, 8), inputs[1], inputs[4])
            finish(node, "Conv", [x, weight] + bias, zero: 7, attributes: node.attributes)
        case "QGemm":
            let isTransposed = node.attributes.contains {
                if case .int(1) = $0.content { $0.name == "transB" } else { false }
            }
            let a = operand(node, 0, scale: 1, zero: 2)
            let b = operand(node, 3, scale: 4, zero: 5, axis: isTransposed ? 0 : -1)
            let bias = summed(node, input(node, 6), inputs[1], inputs[4])
            finish(node, "Gemm", [a, b] + bias, zero: 8, attributes: node.attributes)
        case "QLinearAdd", "QLinearMul":
            let pair = [operand(node, 0, scale: 1, zero: 2), operand(node, 3, scale: 4, zero: 5)]
            finish(node, String(node.operator.dropFirst(7)), pair, zero: 7)
        case "QLinearSigmoid", "QLinearLeakyRelu":
            let x = operand(node, 0, scale: 1, zero: 2)
            finish(
                node, String(node.operator.dropFirst(7)), [x], zero: 4, attributes: node.attributes)
        default: return false
        }
        return true
    }

    private mutating func product(_ node: ONNXNode, _ a: String, _ b: String, bias: String) {
        guard !bias.isEmpty else {
            replace(node, "MatMul", [a, b])
            return
        }
        let product = add(node, "MatMul", [a, b], "\(node.outputs[0]).product")
        replace(node, "Add", [product, bias])
    }

    /// An operator in place of a quantised one, cut below 0 where its range was.
    private mutating func finish(
        _ node: ONNXNode, _ name: String, _ inputs: [String], zero: Int,
        attributes: [ONNXAttribute] = []
    ) {
        let isCut =
            !Self.positive.contains(name) && node.inputs.indices.contains(zero)
            && isLowest(node.inputs[zero])
        floats.insert(node.outputs[0])
        guard isCut else {
            replace(node, name, inputs, attributes: attributes)
            return
        }
        let result = add(
            node, name, inputs, "\(node.outputs[0]).uncut", attributes: attributes)
        replace(node, "Relu", [result])
    }

    /// An operand as floats: itself if it is, dequantised if not.
    private mutating func operand(
        _ node: ONNXNode, _ index: Int, scale: Int, zero: Int, axis: Int = -1
    ) -> String {
        let value = node.inputs[index]
        if floats.contains(value) { return value }
        return dequantized(node, value, input(node, scale), input(node, zero), axis: axis)
    }

    /// A bias of whole numbers, whose scale is the product of two.
    private mutating func summed(
        _ node: ONNXNode, _ bias: String, _ first: String, _ second: String
    ) -> [String] {
        if bias.isEmpty { return [] }
        let scale = add(node, "Mul", [first, second], "\(node.outputs[0]).scale")
        return [dequantized(node, bias, scale, "", axis: 0)]
    }

    // MARK: Nodes

    private func input(_ node: ONNXNode, _ index: Int) -> String {
        node.inputs.indices.contains(index) ? node.inputs[index] : ""
    }

    /// A weight as floats; without a scale, in steps of 1.
    private mutating func dequantized(
        _ node: ONNXNode, _ value: String, _ scale: String, _ zero: String, axis: Int
    ) -> String {
        var scale = scale
        if scale.isEmpty {
            let one = ONNXAttribute(name: "value_float", content: .float(1))
            scale = add(node, "Constant", [], "\(node.outputs[0]).one", attributes: [one])
        }
        let attribute = ONNXAttribute(name: "axis", content: .int(Int64(axis)))
        return add(
            node, "DequantizeLinear", [value, scale] + (zero.isEmpty ? [] : [zero]),
            "\(node.outputs[0]).\(value)", attributes: [attribute])
    }

    private mutating func replace(
        _ node: ONNXNode, _ name: String, _ inputs: [String], outputs: [String]? = nil,
        domain: String = "", attributes: [ONNXAttribute] = []
    ) {
        nodes.append(
            ONNXNode(
                name: node.name, operator: name, domain: domain, inputs: inputs,
                outputs: outputs ?? node.outputs, attributes: attributes,
                opset: model.opsets[domain]))
    }

    /// One more node beside the one that is replaced; gives back its output.
    @discardableResult private mutating func add(
        _ node: ONNXNode, _ name: String, _ inputs: [String], _ output: String,
        attributes: [ONNXAttribute] = []
    ) -> String {
        nodes.append(
            ONNXNode(
                name: output, operator: name, inputs: inputs, outputs: [output],
                attributes: attributes, opset: model.opsets[""]))
        return output
    }
}
