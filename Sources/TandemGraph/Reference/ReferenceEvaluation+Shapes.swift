extension ReferenceEvaluation {
    /// Where a row of an input starts; what exists once is repeated.
    func start(_ input: Int, _ row: Int) -> Int {
        inputs[input].rowCount == 1 ? 0 : row * inputs[input].rowElementCount
    }

    func concatenated(_ axis: Int) -> ReferenceTensor {
        var shape = inputs[0].shape
        shape[axis] = inputs.reduce(0) { $0 + $1.shape[axis] }
        let outer = shape[..<axis].reduce(1, *)
        let rows = inputs.map(\.rowCount).max() ?? 1
        var picks: [(input: Int, element: Int)] = []
        for row in 0..<rows {
            for block in 0..<outer {
                for input in inputs.indices {
                    let size = inputs[input].shape[axis...].reduce(1, *)
                    let base = start(input, row) + block * size
                    for element in base..<base + size { picks.append((input, element)) }
                }
            }
        }
        return ReferenceTensor(rowCount: rows, shape: shape, gathered(picks))
    }

    func sliced(_ axis: Int, _ start: Int, _ end: Int) -> ReferenceTensor {
        var shape = inputs[0].shape
        let size = shape[axis]
        shape[axis] = end - start
        let inner = shape[(axis + 1)...].reduce(1, *)
        let outer = inputs[0].rowCount * shape[..<axis].reduce(1, *)
        var picks: [(input: Int, element: Int)] = []
        for block in 0..<outer {
            let base = block * size * inner
            for element in base + start * inner..<base + end * inner { picks.append((0, element)) }
        }
        return ReferenceTensor(rowCount: inputs[0].rowCount, shape: shape, gathered(picks))
    }

    func reduced(_ reduction: Reduction, _ axis: Int) -> ReferenceTensor {
        var shape = inputs[0].shape
        let size = shape.remove(at: axis)
        let inner = shape[axis...].reduce(1, *)
        let outer = inputs[0].rowCount * shape[..<axis].reduce(1, *)
        let values = inputs[0].floats
        var result: [Float] = []
        for block in 0..<outer {
            for element in 0..<inner {
                var sum = 0.0
                for position in 0..<size {
                    sum += Double(values[(block * size + position) * inner + element])
                }
                result.append(Float(reduction == .mean && size > 0 ? sum / Double(size) : sum))
            }
        }
        return ReferenceTensor(rowCount: inputs[0].rowCount, shape: shape, .float32(result))
    }

    static func broadcast(_ left: [Int], _ right: [Int]) -> [Int] {
        let rank = max(left.count, right.count)
        let a = [Int](repeating: 1, count: rank - left.count) + left
        let b = [Int](repeating: 1, count: rank - right.count) + right
        return zip(a, b).map { $0 == 1 ? $1 : $0 }
    }

    /// For each element of `shape`, the element of a tensor of `source` that broadcasting reads.
    static func indices(of source: [Int], in shape: [Int]) -> [Int] {
        let padded = [Int](repeating: 1, count: shape.count - source.count) + source
        var strides = [Int](repeating: 0, count: shape.count)
        var step = 1
        for axis in shape.indices.reversed() {
            strides[axis] = padded[axis] == 1 ? 0 : step
            step *= padded[axis]
        }
        var result = [0]
        for axis in shape.indices {
            result = result.flatMap { base in
                (0..<shape[axis]).map { base + $0 * strides[axis] }
            }
        }
        return result
    }

    private func gathered(_ picks: [(input: Int, element: Int)]) -> ReferenceTensor.Elements {
        switch inputs[0].elements {
        case .float32:
            let sources = inputs.map(\.floats)
            return .float32(picks.map { sources[$0.input][$0.element] })
        case .int32:
            let sources = inputs.map(\.integers)
            return .int32(picks.map { sources[$0.input][$0.element] })
        case .int8:
            let sources = inputs.map(\.bytes)
            return .int8(picks.map { sources[$0.input][$0.element] })
        }
    }
}
