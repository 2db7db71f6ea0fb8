import Glibc

/// Operations on each element, after their inputs are repeated to one shape.
extension ReferenceEvaluation {
    func element(_ operation: Operation) throws(GraphError) -> ReferenceTensor {
        switch operation {
        case .unary(let function): return result(unary(function))
        case .binary(let function): return result(try binary(function))
        case .compare(let comparison): return result(compared(comparison))
        case .logical(let function):
            let (a, b) = operands(Bool.self)
            return switch function {
            case .and: result(.bool(Self.combined(a, b) { $0 && $1 }))
            case .or: result(.bool(Self.combined(a, b) { $0 || $1 }))
            case .xor: result(.bool(Self.combined(a, b) { $0 != $1 }))
            }
        case .not: return result(.bool((Bool.values(of: inputs[0].elements) ?? []).map { !$0 }))
        case .select: return result(selected())
        case .cast(let dtype): return result(inputs[0].elements.cast(to: dtype))
        case .affine(let scale, let offset):
            return result(.float32(inputs[0].floats.map { offset.addingProduct($0, scale) }))
        default: throw GraphError(.unknownOperation, name, "is not an operation on elements")
        }
    }

    private static func combined<Element, Result>(
        _ a: [Element], _ b: [Element], _ function: (Element, Element) -> Result
    ) -> [Result] {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                [Result](unsafeUninitializedCapacity: a.count) { target, count in
                    for index in a.indices {
                        target.initializeElement(at: index, to: function(a[index], b[index]))
                    }
                    count = a.count
                }
            }
        }
    }

    private func operands<Element: ReferenceElement>(
        _ type: Element.Type
    ) -> (a: [Element], b: [Element]) {
        (
            Element.values(of: broadcast(0, to: shape)) ?? [],
            Element.values(of: broadcast(1, to: shape)) ?? []
        )
    }

    // MARK: One input

    private func unary(_ function: UnaryFunction) -> ReferenceTensor.Elements {
        switch inputs[0].elements {
        case .float32(let values):
            .float32(values.map { ReferenceScalar.value(of: function, Double($0)) })
        case .int32(let values): .int32(Self.whole(function, values))
        case .int64(let values): .int64(Self.whole(function, values))
        case .int8(let values): .int8(Self.whole(function, values))
        case .uint8(let values): .uint8(Self.whole(function, values))
        case .bool(let values): .bool(values)
        }
    }

    /// Negation, absolute value and sign; they wrap around where the result does not fit.
    private static func whole<Element: FixedWidthInteger>(
        _ function: UnaryFunction, _ values: [Element]
    ) -> [Element] {
        switch function {
        case .negate: values.map { 0 &- $0 }
        case .abs: values.map { $0 < 0 ? 0 &- $0 : $0 }
        case .sign: values.map { $0 > 0 ? 1 : $0 == 0 ? 0 : 0 &- 1 }
        default: values
        }
    }

    // MARK: Two inputs

    private func binary(_ function: BinaryFunction) throws(GraphError) -> ReferenceTensor.Elements {
        switch inputs[0].dtype {
        case .float32: return floatBinary(function)
        case .int32: return try wholeBinary(function, Int32.self)
        case .int64: return try wholeBinary(function, Int64.self)
        case .int8: return try wholeBinary(function, Int8.self)
        case .uint8: return try wholeBinary(function, UInt8.self)
        case .bool: throw GraphError(.wrongType, name, "\(function.rawValue) takes no bools")
        }
    }

    private func floatBinary(_ function: BinaryFunction) -> ReferenceTensor.Elements {
        let (a, b) = operands(Float.self)
        let values =
            switch function {
            case .add: Self.combined(a, b) { $0 + $1 }
            case .subtract: Self.combined(a, b) { $0 - $1 }
            case .multiply: Self.combined(a, b) { $0 * $1 }
            case .divide: Self.combined(a, b) { $0 / $1 }
            case .minimum: Self.combined(a, b, ReferenceScalar.minimum)
            case .maximum: Self.combined(a, b, ReferenceScalar.maximum)
            case .power: Self.combined(a, b) { Float(Glibc.pow(Double($0), Double($1))) }
            case .remainder: Self.combined(a, b) { Glibc.fmodf($0, $1) }
            case .modulo: Self.combined(a, b, ReferenceScalar.modulo)
            }
        return .float32(values)
    }

    private func wholeBinary<Element: ReferenceElement & FixedWidthInteger>(
        _ function: BinaryFunction, _ type: Element.Type
    ) throws(GraphError) -> ReferenceTensor.Elements {
        let (a, b) = operands(type)
        if [.divide, .remainder, .modulo].contains(function), let index = b.firstIndex(of: 0) {
            throw GraphError(
                .divisionByZero, name, "\(function.rawValue) divides \(a[index]) by 0")
        }
        let values: [Element]
        switch function {
        case .add: values = Self.combined(a, b, &+)
        case .subtract: values = Self.combined(a, b, &-)
        case .multiply: values = Self.combined(a, b, &*)
        // The lowest number over -1 does not fit and wraps around to itself, with nothing left.
        case .divide: values = Self.combined(a, b) { $0.dividedReportingOverflow(by: $1).0 }
        case .remainder:
            values = Self.combined(a, b) { $0.remainderReportingOverflow(dividingBy: $1).0 }
        case .modulo:
            values = Self.combined(a, b) {
                let rest = $0.remainderReportingOverflow(dividingBy: $1).0
                return rest != 0 && (rest < 0) != ($1 < 0) ? rest + $1 : rest
            }
        case .minimum: values = Self.combined(a, b) { Swift.min($0, $1) }
        case .maximum: values = Self.combined(a, b) { Swift.max($0, $1) }
        case .power: throw GraphError(.wrongType, name, "power takes f32")
        }
        return Element.elements(values)
    }

    private func compared(_ comparison: Comparison) -> ReferenceTensor.Elements {
        switch inputs[0].dtype {
        case .float32: Self.compared(comparison, operands(Float.self))
        case .int32: Self.compared(comparison, operands(Int32.self))
        case .int64: Self.compared(comparison, operands(Int64.self))
        case .int8: Self.compared(comparison, operands(Int8.self))
        case .uint8: Self.compared(comparison, operands(UInt8.self))
        case .bool:
            Self.compared(
                comparison,
                (
                    operands(Bool.self).a.map { $0 ? 1 : 0 },
                    operands(Bool.self).b.map { $0 ? 1 : 0 }
                ))
        }
    }

    private static func compared<Element: Comparable>(
        _ comparison: Comparison, _ operands: (a: [Element], b: [Element])
    ) -> ReferenceTensor.Elements {
        switch comparison {
        case .equal: .bool(combined(operands.a, operands.b) { $0 == $1 })
        case .less: .bool(combined(operands.a, operands.b) { $0 < $1 })
        case .lessOrEqual: .bool(combined(operands.a, operands.b) { $0 <= $1 })
        }
    }

    /// Picks from both branches, joined one behind the other.
    private func selected() -> ReferenceTensor.Elements {
        let condition = Bool.values(of: broadcast(0, to: shape)) ?? []
        let both = broadcast(1, to: shape).joined(with: [broadcast(2, to: shape)])
        let runs = condition.indices.map { index in
            let picked = condition[index] ? index : condition.count + index
            return picked..<picked + 1
        }
        return both.moved(by: RunCopy(runs: runs))
    }
}
