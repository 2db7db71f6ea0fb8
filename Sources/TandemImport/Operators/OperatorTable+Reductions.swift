import TandemGraph

// Reductions, running sums and the softmax family.

extension OperatorTable {
    private static let reductionAttributes: Set<String> = [
        "axes", "keepdims", "noop_with_empty_axes",
    ]

    static let reductions: [OperatorEntry] =
        [
            reduction("ReduceSum") { context, x, axes throws(ImportError) in
                try context.reducedAnyDtype(.sum, x, axes)
            },
            reduction("ReduceProd") { context, x, axes throws(ImportError) in
                try context.reducedAnyDtype(.product, x, axes)
            },
            reduction("ReduceMax") { context, x, axes throws(ImportError) in
                try context.reducedAnyDtype(.maximum, x, axes)
            },
            reduction("ReduceMin") { context, x, axes throws(ImportError) in
                try context.reducedAnyDtype(.minimum, x, axes)
            },
            reduction("ReduceMean") { context, x, axes throws(ImportError) in
                if x.dtype == .float32 { return try context.reduce(.mean, x, axes: axes) }
                let sum = try context.reducedAnyDtype(.sum, x, axes)
                let count = try context.product(axes.map { x.shape[$0] })
                let divisor = try context.reshape(context.sizesConstant([count]), [])
                return try context.divide(sum, try context.cast(divisor, to: sum.dtype))
            },
            reduction("ReduceL1") { context, x, axes throws(ImportError) in
                try context.reduce(.sum, try context.unary(.abs, x), axes: axes)
            },
            reduction("ReduceSumSquare") { context, x, axes throws(ImportError) in
                try context.reduce(.sum, try context.multiply(x, x), axes: axes)
            },
            reduction("ReduceL2") { context, x, axes throws(ImportError) in
                let sum = try context.reduce(.sum, try context.multiply(x, x), axes: axes)
                return try context.unary(.sqrt, sum)
            },
            reduction("ReduceLogSum") { context, x, axes throws(ImportError) in
                try context.unary(.log, try context.reduce(.sum, x, axes: axes))
            },
            reduction("ReduceLogSumExp") { context, x, axes throws(ImportError) in
                let most = try context.reduce(.maximum, x, axes: axes, keepsAxes: true)
                let powers = try context.unary(.exp, try context.subtract(x, most))
                let sum = try context.unary(.log, try context.reduce(.sum, powers, axes: axes))
                return try context.add(sum, try context.reshape(most, sum.shape))
            },
            OperatorEntry(
                "ArgMax", inputs: 1...1, attributes: ["axis", "keepdims", "select_last_index"]
            ) { context in [try context.extremeIndex(.maximum)] },
            OperatorEntry(
                "ArgMin", inputs: 1...1, attributes: ["axis", "keepdims", "select_last_index"]
            ) { context in [try context.extremeIndex(.minimum)] },
            OperatorEntry("CumSum", inputs: 2...2, attributes: ["exclusive", "reverse"]) {
                context in [try context.runningSum()]
            },
            OperatorEntry("Softmax", inputs: 1...1, attributes: ["axis"]) { context in
                [
                    try context.alongClassAxis { x throws(ImportError) in
                        try context.emit(.softmax, x)
                    }
                ]
            },
            OperatorEntry("LogSoftmax", inputs: 1...1, attributes: ["axis"]) { context in
                let result = try context.alongClassAxis { x throws(ImportError) in
                    let last = [x.rank - 1]
                    let most = try context.reduce(.maximum, x, axes: last, keepsAxes: true)
                    let shifted = try context.subtract(x, most)
                    let sum = try context.reduce(
                        .sum, try context.unary(.exp, shifted), axes: last, keepsAxes: true)
                    return try context.subtract(shifted, try context.unary(.log, sum))
                }
                return [result]
            },
            OperatorEntry("Hardmax", inputs: 1...1, attributes: ["axis"]) { context in
                let result = try context.alongClassAxis { x throws(ImportError) in
                    let index = try context.extremeIndex(
                        .maximum, of: x, axis: x.rank - 1, isLast: false)
                    let places = try context.counting(x.shape[x.rank - 1])
                    let isChosen = try context.isEqual(
                        places, try context.reshape(index, x.shape.dropLast() + [1]))
                    return try context.cast(isChosen, to: .float32)
                }
                return [result]
            },
        ]

    private static func reduction(
        _ name: String,
        _ lower:
            @escaping @Sendable (OperatorContext, ImportedValue, [Int]) throws(ImportError)
            -> ImportedValue
    ) -> OperatorEntry {
        OperatorEntry(name, inputs: 1...2, attributes: reductionAttributes) { context in
            let x = try context.input(0)
            let listed = try context.integers(attribute: "axes", orInput: 1) ?? []
            if listed.isEmpty, try context.flag("noop_with_empty_axes", default: false) {
                // Only the reduction is left out: L1 of nothing reduced is still |x|.
                return [try lower(context, x, [])]
            }
            var axes: [Int] = []
            for axis in listed {
                let place = try context.axis(axis, rank: x.rank)
                if !axes.contains(place) { axes.append(place) }
            }
            if listed.isEmpty { axes = Array(0..<x.rank) }
            let result = try lower(context, x, axes)
            guard try context.flag("keepdims", default: true) else { return [result] }
            var shape = x.shape
            for axis in axes { shape[axis] = 1 }
            return [try context.reshape(result, shape)]
        }
    }
}

extension OperatorContext {
    /// A reduction of dtypes that the graph does not reduce, by way of i32.
    func reducedAnyDtype(
        _ reduction: Reduction, _ x: ImportedValue, _ axes: [Int]
    ) throws(ImportError) -> ImportedValue {
        switch x.dtype {
        case .float32, .int32, .int64: return try reduce(reduction, x, axes: axes)
        case .bool, .int8, .uint8:
            let wide = try reduce(reduction, try cast(x, to: .int32), axes: axes)
            return try cast(wide, to: x.dtype)
        }
    }

    fileprivate func extremeIndex(_ reduction: Reduction) throws(ImportError) -> ImportedValue {
        let x = try input(0)
        let axis = try axis(default: 0, rank: x.rank)
        let isLast = try flag("select_last_index", default: false)
        let index = try extremeIndex(reduction, of: x, axis: axis, isLast: isLast)
        guard try flag("keepdims", default: true) else { return index }
        return try unsqueeze(index, axes: [axis])
    }

    /// The first or last place of the extreme value: the extreme of the places that have it.
    func extremeIndex(
        _ reduction: Reduction, of value: ImportedValue, axis: Int, isLast: Bool
    ) throws(ImportError) -> ImportedValue {
        var x = value
        if x.dtype == .int8 || x.dtype == .uint8 { x = try cast(x, to: .int32) }
        let extreme = try reduce(reduction, x, axes: [axis], keepsAxes: true)
        let size = x.shape[axis]
        var places = try counting(size)
        var shape = [Dimension](repeating: 1, count: x.rank)
        shape[axis] = size
        places = try reshape(places, shape)
        let other = isLast ? constant([-1]) : sizesConstant([size])
        let candidates = try select(try isEqual(x, extreme), places, other)
        return try reduce(isLast ? .maximum : .minimum, candidates, axes: [axis])
    }

    fileprivate func runningSum() throws(ImportError) -> ImportedValue {
        var x = try input(0)
        let axes = try integers(try input(1), "the axis")
        guard axes.count == 1 else { throw failure(.wrongShape, "the axis must be one number") }
        let axis = try axis(axes[0], rank: x.rank)
        let isReversed = try flag("reverse", default: false)
        if isReversed { x = try flipped(x, axis: axis) }
        if try flag("exclusive", default: false) {
            guard let last = x.shape[axis].subtracting(1) else {
                throw failure(.overflow, "the size does not fit")
            }
            var shape = x.shape
            shape[axis] = 1
            let kept = try slice(x, axis: axis, 0, last)
            x = try concat([try filled(0, x.dtype, shape), kept], axis: axis)
        }
        let sum = try emit(.cumulativeSum(axis: axis), x)
        return isReversed ? try flipped(sum, axis: axis) : sum
    }

    /// Applies a function of the last axis to the softmax family's axis.
    ///
    /// Since version 13 it is one axis; before, all axes from it on together are one.
    fileprivate func alongClassAxis(
        _ function: (ImportedValue) throws(ImportError) -> ImportedValue
    ) throws(ImportError) -> ImportedValue {
        let x = try float(try input(0))
        if opset >= 13 {
            return try alongLast(x, axis: try axis(default: -1, rank: x.rank), function)
        }
        let axis = try axis(default: 1, rank: x.rank)
        if axis == x.rank - 1 { return try function(x) }
        let flat = [try product(x.shape[..<axis]), try product(x.shape[axis...])]
        return try reshape(try function(try reshape(x, flat)), x.shape)
    }
}
