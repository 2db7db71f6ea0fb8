/// Operations that sum along one axis, in double precision, rounded once.
extension ReferenceEvaluation {
    func summed(_ operation: Operation) -> ReferenceTensor {
        switch operation {
        case .softmax: return alongLastAxis { ReferenceScalar.softmax($0) }
        case .layerNorm(let epsilon): return layerNorm(epsilon)
        case .reduce(let reduction, let axis): return reduced(reduction, axis)
        case .cumulativeSum(let axis): return accumulated(axis)
        default: return mixture()
        }
    }

    private func alongLastAxis(
        _ function: (UnsafeMutableBufferPointer<Double>) -> Void
    ) -> ReferenceTensor {
        let width = shape.last ?? 1
        var values = inputs[0].floats.map { Double($0) }
        values.withUnsafeMutableBufferPointer { values in
            for start in stride(from: 0, to: values.count, by: max(width, 1)) {
                function(UnsafeMutableBufferPointer(rebasing: values[start..<start + width]))
            }
        }
        return result(.float32(values.map { Float($0) }))
    }

    private func layerNorm(_ epsilon: Float) -> ReferenceTensor {
        let gamma = inputs[1].floats
        let beta = inputs[2].floats
        return alongLastAxis { row in
            ReferenceScalar.normalize(row, epsilon)
            for index in row.indices {
                row[index] = row[index] * Double(gamma[index]) + Double(beta[index])
            }
        }
    }

    private func mixture() -> ReferenceTensor {
        let width = shape[0]
        let gates = inputs[0].floats
        let experts = inputs.map(\.floats)
        var sums = [Double](repeating: 0, count: rowCount * width)
        for row in 0..<rowCount {
            for expert in 1..<inputs.count {
                let gate = Double(gates[start(0, row) + expert - 1])
                let values = experts[expert][start(expert, row)...].prefix(width)
                for (column, value) in values.enumerated() {
                    sums[row * width + column] += gate * Double(value)
                }
            }
        }
        return result(.float32(sums.map { Float($0) }))
    }

    // MARK: Reductions

    private func reduced(_ reduction: Reduction, _ axis: Int) -> ReferenceTensor {
        switch inputs[0].elements {
        case .int32(let values): return result(.int32(whole(reduction, values, axis)))
        case .int64(let values): return result(.int64(whole(reduction, values, axis)))
        default: break
        }
        let size = Double(inputs[0].shape[axis])
        let values = inputs[0].floats.map { Double($0) }
        let found =
            switch reduction {
            case .sum: folded(values, axis, 0, +)
            case .mean: folded(values, axis, 0, +).map { $0 / size }
            case .product: folded(values, axis, 1, *)
            case .maximum:
                folded(values, axis, -.infinity) {
                    $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1)
                }
            case .minimum:
                folded(values, axis, .infinity) {
                    $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1)
                }
            }
        return result(.float32(found.map { Float($0) }))
    }

    private func whole<Element: FixedWidthInteger>(
        _ reduction: Reduction, _ values: [Element], _ axis: Int
    ) -> [Element] {
        switch reduction {
        case .sum, .mean: folded(values, axis, 0, &+)
        case .product: folded(values, axis, 1, &*)
        case .maximum: folded(values, axis, .min) { Swift.max($0, $1) }
        case .minimum: folded(values, axis, .max) { Swift.min($0, $1) }
        }
    }

    /// What `step` makes along an axis, from `first` on.
    private func folded<Element>(
        _ values: [Element], _ axis: Int, _ first: Element, _ step: (Element, Element) -> Element
    ) -> [Element] {
        let source = inputs[0].shape
        let inner = source[(axis + 1)...].reduce(1, *)
        let outer = inputs[0].rowCount * source[..<axis].reduce(1, *)
        var results = [Element](repeating: first, count: outer * inner)
        for block in 0..<outer {
            for position in 0..<source[axis] {
                let base = (block * source[axis] + position) * inner
                for element in 0..<inner {
                    let target = block * inner + element
                    results[target] = step(results[target], values[base + element])
                }
            }
        }
        return results
    }

    private func accumulated(_ axis: Int) -> ReferenceTensor {
        switch inputs[0].elements {
        case .int32(let values): return result(.int32(running(values, axis, &+)))
        case .int64(let values): return result(.int64(running(values, axis, &+)))
        default:
            let sums = running(inputs[0].floats.map { Double($0) }, axis, +)
            return result(.float32(sums.map { Float($0) }))
        }
    }

    private func running<Element>(
        _ values: [Element], _ axis: Int, _ add: (Element, Element) -> Element
    ) -> [Element] {
        let inner = shape[(axis + 1)...].reduce(1, *)
        var results = values
        for index in values.indices where index / inner % shape[axis] > 0 {
            results[index] = add(results[index - inner], results[index])
        }
        return results
    }
}
