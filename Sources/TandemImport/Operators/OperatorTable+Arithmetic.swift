import TandemGraph

// Arithmetic, comparisons, logic and conversions of single elements.

extension OperatorTable {
    static let arithmetic: [OperatorEntry] =
        [
            binary("Add", .add), binary("Sub", .subtract), binary("Mul", .multiply),
            binary("Div", .divide),
            unary("Neg", .negate), unary("Abs", .abs), unary("Sqrt", .sqrt), unary("Exp", .exp),
            unary("Log", .log), unary("Erf", .erf), unary("Floor", .floor), unary("Ceil", .ceil),
            unary("Round", .round), unary("Sign", .sign), unary("Reciprocal", .reciprocal),
            unary("Sin", .sin), unary("Cos", .cos),
            variadic("Max", .maximum), variadic("Min", .minimum), variadic("Sum", .add),
            OperatorEntry("Mean", inputs: 1...4096) { context in
                let values = try context.allInputs()
                let sum = try context.folded(.add, values)
                return [try context.affine(sum, scale: 1 / Float(values.count))]
            },
            OperatorEntry("Pow", inputs: 2...2) { context in [try context.power()] },
            OperatorEntry("Mod", inputs: 2...2, attributes: ["fmod"]) { context in
                let keepsSign = try context.flag("fmod", default: false)
                let function = keepsSign ? BinaryFunction.remainder : .modulo
                return [
                    try context.emit(
                        .binary(function), try context.input(0), try context.input(1))
                ]
            },
            OperatorEntry("Clip", inputs: 1...3) { context in
                var x = try context.input(0)
                if let lower = context.optional(1) { x = try context.maximum(x, lower) }
                if let upper = context.optional(2) { x = try context.minimum(x, upper) }
                return [x]
            },
            OperatorEntry("Tan", inputs: 1...1) { context in
                let x = try context.input(0)
                return [try context.divide(try context.unary(.sin, x), try context.unary(.cos, x))]
            },
            OperatorEntry("Cosh", inputs: 1...1) { context in
                [try context.hyperbolicCosine(try context.input(0))]
            },
            OperatorEntry("Sinh", inputs: 1...1) { context in
                // Not by exponentials, which cancel near 0.
                let x = try context.input(0)
                let cosine = try context.hyperbolicCosine(x)
                return [try context.multiply(try context.unary(.tanh, x), cosine)]
            },
        ]

    static let logic: [OperatorEntry] = [
        comparison("Equal", .equal), comparison("Less", .less),
        comparison("LessOrEqual", .lessOrEqual), comparison("Greater", .less, isSwapped: true),
        comparison("GreaterOrEqual", .lessOrEqual, isSwapped: true),
        logical("And", .and), logical("Or", .or), logical("Xor", .xor),
        OperatorEntry("Not", inputs: 1...1) { context in
            [try context.emit(.not, try context.input(0))]
        },
        OperatorEntry("Where", inputs: 3...3) { context in
            [try context.emit(.select, try context.allInputs())]
        },
        OperatorEntry("IsNaN", inputs: 1...1) { context in
            let x = try context.float(try context.input(0))
            return [try context.emit(.not, try context.isEqual(x, x))]
        },
        OperatorEntry(
            "IsInf", inputs: 1...1, attributes: ["detect_negative", "detect_positive"]
        ) { context in
            let x = try context.float(try context.input(0))
            let above = try context.flag("detect_positive", default: true)
            let below = try context.flag("detect_negative", default: true)
            let most = context.constant(Float.infinity)
            switch (above, below) {
            case (true, true):
                return [try context.isEqual(try context.unary(.abs, x), most)]
            case (true, false): return [try context.isEqual(x, most)]
            case (false, true):
                return [try context.isEqual(try context.unary(.negate, x), most)]
            case (false, false): return [try context.filled(0, .bool, x.shape)]
            }
        },
        OperatorEntry("Cast", inputs: 1...1, attributes: ["to", "saturate"]) { context in
            guard let dtype = try context.dtype("to") else {
                throw context.failure(.invalidAttribute, "attribute 'to' is missing")
            }
            return [try context.cast(try context.input(0), to: dtype)]
        },
        OperatorEntry("CastLike", inputs: 2...2, attributes: ["saturate"]) { context in
            [try context.cast(try context.input(0), to: try context.input(1).dtype)]
        },
    ]

    private static func binary(_ name: String, _ function: BinaryFunction) -> OperatorEntry {
        OperatorEntry(name, inputs: 2...2) { context in
            [try context.emit(.binary(function), try context.allInputs())]
        }
    }

    private static func unary(_ name: String, _ function: UnaryFunction) -> OperatorEntry {
        OperatorEntry(name, inputs: 1...1) { context in
            [try context.unary(function, try context.input(0))]
        }
    }

    private static func variadic(_ name: String, _ function: BinaryFunction) -> OperatorEntry {
        OperatorEntry(name, inputs: 1...4096) { context in
            [try context.folded(function, try context.allInputs())]
        }
    }

    private static func comparison(
        _ name: String, _ comparison: Comparison, isSwapped: Bool = false
    ) -> OperatorEntry {
        OperatorEntry(name, inputs: 2...2) { context in
            let values = try context.allInputs()
            return [
                try context.emit(.compare(comparison), isSwapped ? values.reversed() : values)
            ]
        }
    }

    private static func logical(_ name: String, _ function: LogicalFunction) -> OperatorEntry {
        OperatorEntry(name, inputs: 2...2) { context in
            [try context.emit(.logical(function), try context.allInputs())]
        }
    }
}

extension OperatorContext {
    /// One value of several, from the left.
    func folded(
        _ function: BinaryFunction, _ values: [ImportedValue]
    ) throws(ImportError) -> ImportedValue {
        var result = values[0]
        for value in values.dropFirst() { result = try emit(.binary(function), result, value) }
        return result
    }

    fileprivate func hyperbolicCosine(_ x: ImportedValue) throws(ImportError) -> ImportedValue {
        let sum = try add(try unary(.exp, x), try unary(.exp, try unary(.negate, x)))
        return try affine(sum, scale: 0.5)
    }

    /// `a` to the power of `b`, in the dtype of `a`.
    fileprivate func power() throws(ImportError) -> ImportedValue {
        let base = try input(0)
        let exponent = try input(1)
        if base.dtype == .float32 {
            if let numbers = exponent.floats, numbers.count == 1, exponent.rank <= base.rank {
                if numbers[0] == 2 { return try multiply(base, base) }
                if numbers[0] == 1 { return base }
                if numbers[0] == 0.5, exponent.rank == 0 { return try unary(.sqrt, base) }
            }
            return try emit(.binary(.power), base, try cast(exponent, to: .float32))
        }
        guard exponent.dtype == .float32 else { return try integerPower(base, exponent) }
        let power = try emit(.binary(.power), try cast(base, to: .float32), exponent)
        return try cast(power, to: base.dtype)
    }

    /// Whole powers by repeated squaring: exact for exponents of 0 to 63.
    private func integerPower(
        _ base: ImportedValue, _ exponent: ImportedValue
    ) throws(ImportError) -> ImportedValue {
        let two = constant(2, exponent.dtype)
        let none = constant(0, exponent.dtype)
        var rest = exponent
        var square = base
        var result = constant(1, base.dtype)
        for bit in 0..<6 {
            let isSet = try emit(.not, isEqual(try emit(.binary(.modulo), rest, two), none))
            result = try multiply(result, try select(isSet, square, constant(1, base.dtype)))
            if bit == 5 { break }
            rest = try divide(rest, two)
            square = try multiply(square, square)
        }
        return result
    }
}
