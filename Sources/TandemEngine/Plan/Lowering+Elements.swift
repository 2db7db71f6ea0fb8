import CTandemKernels
import TandemGraph

extension Lowering {
    /// Queues the step of an operation on each element.
    func lowerElements(_ node: Node) throws(EngineError) {
        switch node.operation {
        case .unary(let function) where graph[node.output].type.dtype == .float32:
            queue(node, reads: node.inputs) { lowering in
                UnaryStep(
                    function: function.kernel,
                    input: lowering.location(node.inputs[0], for: node),
                    output: lowering.location(node.output, for: node))
            }
        case .affine(let scale, let offset):
            queue(node, reads: node.inputs) { lowering in
                AffineStep(
                    scale: scale, offset: offset,
                    input: lowering.location(node.inputs[0], for: node),
                    output: lowering.location(node.output, for: node))
            }
        case .unary(let function): try lowerInteger(node, function)
        case .not: map(node) { (x: UInt8) -> UInt8 in x == 0 ? 1 : 0 }
        case .cast(let dtype): try lowerCast(node, to: dtype)
        case .select: lowerSelect(node)
        case .logical(let function):
            switch function {
            case .and: zip(node) { (a: UInt8, b: UInt8) in a & b }
            case .or: zip(node) { (a: UInt8, b: UInt8) in a | b }
            case .xor: zip(node) { (a: UInt8, b: UInt8) in a ^ b }
            }
        case .compare(let comparison): try lowerComparison(node, comparison)
        case .binary(let function): try lowerBinary(node, function)
        default: throw unsupported(node, "it is no operation on elements")
        }
    }

    /// The loops over operands that broadcast to the result.
    private func walk(_ node: Node, _ locations: [Location], _ output: Location) -> Walk {
        let result = sizes(node.output)
        let operands = node.inputs.map { Walk.broadcast(sizes($0), to: result) }
        return Walk(
            result, rows: (locations + [output]).map(\.stride),
            operands: operands + [Walk.dense(result)])
    }

    private func map<Input, Output>(
        _ node: Node, _ function: @escaping @Sendable (Input) -> Output
    ) {
        queue(node, reads: node.inputs) { lowering in
            MapStep(
                function: function, input: lowering.location(node.inputs[0], for: node),
                output: lowering.location(node.output, for: node))
        }
    }

    private func zip<Input, Output>(
        _ node: Node, _ function: @escaping @Sendable (Input, Input) -> Output
    ) {
        queue(node, reads: node.inputs) { lowering in
            let operands = node.inputs.map { lowering.location($0, for: node) }
            let output = lowering.location(node.output, for: node)
            return ZipStep(
                function: function, left: operands[0], right: operands[1], output: output,
                walk: lowering.walk(node, operands, output))
        }
    }

    private func lowerSelect(_ node: Node) {
        queue(node, reads: node.inputs) { lowering in
            let operands = node.inputs.map { lowering.location($0, for: node) }
            let output = lowering.location(node.output, for: node)
            return SelectStep(
                condition: operands[0], left: operands[1], right: operands[2], output: output,
                walk: lowering.walk(node, operands, output))
        }
    }

    private func lowerBinary(_ node: Node, _ function: BinaryFunction) throws(EngineError) {
        switch graph[node.output].type.dtype {
        case .float32:
            guard let kernel = function.kernel else {
                throw unsupported(node, "it has no kernel that is the same on every processor")
            }
            queue(node, reads: node.inputs) { lowering in
                let operands = node.inputs.map { lowering.location($0, for: node) }
                let output = lowering.location(node.output, for: node)
                return BinaryStep(
                    function: kernel, left: operands[0], right: operands[1], output: output,
                    walk: lowering.walk(node, operands, output))
            }
        case .int32: try lowerWhole(node, function, Int32.self)
        case .int64: try lowerWhole(node, function, Int64.self)
        case .bool, .int8, .uint8:
            throw unsupported(node, "numbers of 8 bits are not computed with; cast them first")
        }
    }

    /// Arithmetic of whole numbers; dividing by 0 gives 0, since no request may end the program.
    private func lowerWhole<Number: FixedWidthInteger & SignedInteger & Sendable>(
        _ node: Node, _ function: BinaryFunction, _ type: Number.Type
    ) throws(EngineError) {
        switch function {
        case .add: zip(node) { (a: Number, b: Number) -> Number in a &+ b }
        case .subtract: zip(node) { (a: Number, b: Number) -> Number in a &- b }
        case .multiply: zip(node) { (a: Number, b: Number) -> Number in a &* b }
        case .minimum: zip(node) { (a: Number, b: Number) -> Number in min(a, b) }
        case .maximum: zip(node) { (a: Number, b: Number) -> Number in max(a, b) }
        case .divide:
            zip(node) { (a: Number, b: Number) -> Number in
                b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
            }
        case .remainder:
            zip(node) { (a: Number, b: Number) -> Number in
                b == 0 ? 0 : a.remainderReportingOverflow(dividingBy: b).partialValue
            }
        case .modulo:
            zip(node) { (a: Number, b: Number) -> Number in
                guard b != 0 else { return 0 }
                let rest = a.remainderReportingOverflow(dividingBy: b).partialValue
                return rest != 0 && (rest < 0) != (b < 0) ? rest &+ b : rest
            }
        case .power: throw unsupported(node, "powers are of floats")
        }
    }

    private func lowerInteger(_ node: Node, _ function: UnaryFunction) throws(EngineError) {
        guard graph[node.output].type.dtype == .int32 else {
            throw unsupported(node, "of whole numbers only 32-bit ones are computed with")
        }
        switch function {
        case .negate: map(node) { (x: Int32) in 0 &- x }
        case .abs: map(node) { (x: Int32) in x < 0 ? 0 &- x : x }
        case .sign: map(node) { (x: Int32) in x.signum() }
        default: throw unsupported(node, "it is a function of floats")
        }
    }

    private func lowerComparison(
        _ node: Node, _ comparison: Comparison
    ) throws(EngineError) {
        switch graph[node.inputs[0]].type.dtype {
        case .float32: compare(node, comparison, Float.self)
        case .int32: compare(node, comparison, Int32.self)
        case .int64: compare(node, comparison, Int64.self)
        case .bool, .uint8: compare(node, comparison, UInt8.self)
        case .int8: compare(node, comparison, Int8.self)
        }
    }

    private func compare<Number: Comparable & Sendable>(
        _ node: Node, _ comparison: Comparison, _ type: Number.Type
    ) {
        switch comparison {
        case .equal: zip(node) { (a: Number, b: Number) -> UInt8 in a == b ? 1 : 0 }
        case .less: zip(node) { (a: Number, b: Number) -> UInt8 in a < b ? 1 : 0 }
        case .lessOrEqual: zip(node) { (a: Number, b: Number) -> UInt8 in a <= b ? 1 : 0 }
        }
    }

    // MARK: Casts

    private func lowerCast(_ node: Node, to dtype: DataType) throws(EngineError) {
        switch graph[node.inputs[0]].type.dtype {
        case .float32:
            switch dtype {
            case .float32: map(node) { (x: Float) in x }
            case .int32: map(node) { (x: Float) -> Int32 in Self.whole(x) }
            case .int64: map(node) { (x: Float) -> Int64 in Self.whole(x) }
            case .bool: map(node) { (x: Float) -> UInt8 in x != 0 ? 1 : 0 }
            case .int8: map(node) { (x: Float) -> Int8 in Self.whole(x) }
            case .uint8: map(node) { (x: Float) -> UInt8 in Self.whole(x) }
            }
        case .int32: cast(node, Int32.self, to: dtype)
        case .int64: cast(node, Int64.self, to: dtype)
        case .bool, .uint8: cast(node, UInt8.self, to: dtype)
        case .int8: cast(node, Int8.self, to: dtype)
        }
    }

    private func cast<Number: FixedWidthInteger & Sendable>(
        _ node: Node, _ type: Number.Type, to dtype: DataType
    ) {
        switch dtype {
        case .float32: map(node) { (x: Number) in Float(x) }
        case .int32: map(node) { (x: Number) in Int32(truncatingIfNeeded: x) }
        case .int64: map(node) { (x: Number) in Int64(truncatingIfNeeded: x) }
        case .bool: map(node) { (x: Number) -> UInt8 in x != 0 ? 1 : 0 }
        case .int8: map(node) { (x: Number) in Int8(truncatingIfNeeded: x) }
        case .uint8: map(node) { (x: Number) in UInt8(truncatingIfNeeded: x) }
        }
    }

    /// Towards zero, at most as far as the type reaches; 0 for NaN.
    private static func whole<Number: FixedWidthInteger>(_ x: Float) -> Number {
        if x.isNaN { return 0 }
        return Number(exactly: x.rounded(.towardZero)) ?? (x < 0 ? .min : .max)
    }
}
