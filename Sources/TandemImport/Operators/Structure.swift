import TandemGraph

extension OperatorTable {
    /// Operators that move elements.
    static let structure: [OperatorEntry] = [
        OperatorEntry("Concat", inputs: 1...Int.max, attributes: ["axis"]) { context in
            let inputs = try context.allInputs()
            let axis = try context.axis(
                try context.requiredInt("axis"), rank: inputs.first?.rank ?? 0)
            return [try context.emit(.concat(axis: axis), inputs)]
        },
        OperatorEntry("Gather", inputs: 2...2, attributes: ["axis"]) { context in
            let x = try context.input(0)
            let axis = try context.axis(default: 0, rank: x.rank)
            return [try context.emit(.gather(axis: axis), x, context.input(1))]
        },
        OperatorEntry("Transpose", inputs: 1...1, attributes: ["perm"]) { context in
            let x = try context.input(0)
            let permutation = try context.ints("perm") ?? Array((0..<x.rank).reversed())
            return [try context.transpose(x, permutation)]
        },
        OperatorEntry("Reshape", inputs: 2...2, attributes: ["allowzero"]) { context in
            let x = try context.input(0)
            let wanted = try context.sizes(try context.input(1), "the shape")
            let keepsZero = try context.flag("allowzero", default: false)
            let shape = try context.resolvedShape(of: x, wanted, keepsZero: keepsZero)
            return [try context.reshape(x, shape)]
        },
        OperatorEntry("Unsqueeze", inputs: 1...2, attributes: ["axes"]) { context in
            guard let axes = try context.integers(attribute: "axes", orInput: 1) else {
                throw context.failure(.invalidAttribute, "the axes are missing")
            }
            return [try context.unsqueeze(try context.input(0), axes: axes)]
        },
        OperatorEntry("Squeeze", inputs: 1...2, attributes: ["axes"]) { context in
            let x = try context.input(0)
            let axes = try context.integers(attribute: "axes", orInput: 1)
            return [
                try context.squeeze(x, axes: axes ?? x.shape.indices.filter { x.shape[$0] == 1 })
            ]
        },
        OperatorEntry("Flatten", inputs: 1...1, attributes: ["axis"]) { context in
            let x = try context.input(0)
            var axis = try context.int("axis", default: 1)
            if axis != x.rank { axis = try context.axis(axis, rank: x.rank) }
            let shape = [
                try context.product(x.shape[..<axis]), try context.product(x.shape[axis...]),
            ]
            return [try context.reshape(x, shape)]
        },
    ]
}

extension OperatorContext {
    /// A shape with 0 ("as it is") and -1 ("what is left") resolved.
    func resolvedShape(
        of x: ImportedValue, _ wanted: [Dimension], keepsZero: Bool
    ) throws(ImportError) -> [Dimension] {
        var shape = wanted
        for (axis, size) in wanted.enumerated() where size == 0 && !keepsZero {
            guard x.shape.indices.contains(axis) else {
                throw failure(.wrongShape, "size \(axis) is copied from \(x.type), which lacks it")
            }
            shape[axis] = x.shape[axis]
        }
        let open = wanted.indices.filter { wanted[$0] == .fixed(-1) }
        guard let place = open.first else { return shape }
        guard open.count == 1 else {
            throw failure(.wrongShape, "more than one size of \(wanted) is -1")
        }
        shape[place] = 1
        let rest = try product(shape)
        guard let size = try product(x.shape).divided(exactlyBy: rest) else {
            throw failure(
                .wrongShape, "\(x.type) does not divide into \(wanted)",
                "give named dimensions a size by --dim")
        }
        shape[place] = size
        return shape
    }
}
