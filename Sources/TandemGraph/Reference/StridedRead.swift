// Design: moving elements has two forms.
//
// A strided read visits a source in an order of its own and covers broadcasting, transposing and
// slicing; a copy of runs puts stretches of the source one behind the other and covers joining and
// gathering. Everything that moves elements without changing them is one of the two, for all
// dtypes alike, so that no operation has loops over dtypes or axes of its own.

/// A way to make elements from a source by moving them.
protocol Rearrangement {
    /// The elements that are made.
    func callAsFunction<Element: BitwiseCopyable>(_ source: [Element]) -> [Element]
}

/// Reads a source row-major under sizes and steps of its own.
struct StridedRead: Rearrangement {
    private var sizes: [Int]
    /// How far one step along a dimension moves in the source; 0 repeats.
    private var steps: [Int]
    private var start: Int

    /// The row-major steps of a shape.
    static func steps(of shape: [Int]) -> [Int] {
        var step = 1
        var steps: [Int] = []
        for size in shape.reversed() {
            steps.append(step)
            step *= size
        }
        return steps.reversed()
    }

    /// Repeats what has size 1, as NumPy broadcasts: shapes are aligned at their ends.
    init(broadcasting source: [Int], to sizes: [Int]) {
        let padded = [Int](repeating: 1, count: sizes.count - source.count) + source
        self.sizes = sizes
        steps = zip(padded, Self.steps(of: padded)).map { $0 == 1 ? 0 : $1 }
        start = 0
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of the source.
    init(transposing source: [Int], by permutation: [Int]) {
        let all = Self.steps(of: source)
        sizes = permutation.map { source[$0] }
        steps = permutation.map { all[$0] }
        start = 0
    }

    /// A range along one axis.
    init(slicing source: [Int], axis: Int, _ range: Range<Int>) {
        sizes = source
        steps = Self.steps(of: source)
        sizes[axis] = range.count
        start = range.lowerBound * steps[axis]
    }

    /// Neighbouring dimensions that are walked as one, made one; dimensions of size 1 left out.
    private func merged() -> (sizes: [Int], steps: [Int]) {
        var sizes: [Int] = []
        var steps: [Int] = []
        for (size, step) in zip(self.sizes, self.steps) where size != 1 {
            if let last = sizes.last, steps[steps.count - 1] == step * size {
                sizes[sizes.count - 1] = last * size
                steps[steps.count - 1] = step
            } else {
                sizes.append(size)
                steps.append(step)
            }
        }
        return (sizes, steps)
    }

    func callAsFunction<Element: BitwiseCopyable>(_ source: [Element]) -> [Element] {
        let count = sizes.reduce(1, *)
        guard count > 0 else { return [] }
        var (sizes, steps) = merged()
        let inner = sizes.popLast() ?? 1
        let step = steps.popLast() ?? 0
        return [Element](unsafeUninitializedCapacity: count) { target, written in
            source.withUnsafeBufferPointer { source in
                var position = [Int](repeating: 0, count: sizes.count)
                var base = start
                while written < count {
                    for index in 0..<inner {
                        target.initializeElement(
                            at: written + index, to: source[base + index * step])
                    }
                    written += inner
                    for axis in sizes.indices.reversed() {
                        position[axis] += 1
                        base += steps[axis]
                        if position[axis] < sizes[axis] { break }
                        base -= steps[axis] * sizes[axis]
                        position[axis] = 0
                    }
                }
            }
        }
    }
}

/// Puts stretches of a source one behind the other.
struct RunCopy: Rearrangement {
    /// The stretches, in the result's order.
    var runs: [Range<Int>] = []

    func callAsFunction<Element: BitwiseCopyable>(_ source: [Element]) -> [Element] {
        let count = runs.reduce(0) { $0 + $1.count }
        return [Element](unsafeUninitializedCapacity: count) { target, written in
            source.withUnsafeBufferPointer { source in
                for run in runs {
                    for index in run {
                        target.initializeElement(at: written, to: source[index])
                        written += 1
                    }
                }
            }
        }
    }
}

extension ReferenceTensor.Elements {
    /// The elements moved, whatever their dtype.
    func moved(by move: some Rearrangement) -> ReferenceTensor.Elements {
        switch self {
        case .float32(let values): .float32(move(values))
        case .int32(let values): .int32(move(values))
        case .int64(let values): .int64(move(values))
        case .bool(let values): .bool(move(values))
        case .int8(let values): .int8(move(values))
        case .uint8(let values): .uint8(move(values))
        }
    }

    /// The elements of several tensors of this dtype, one behind the other.
    func joined(with others: [ReferenceTensor.Elements]) -> ReferenceTensor.Elements {
        func all<Element: ReferenceElement>(_ first: [Element]) -> [Element] {
            others.reduce(into: first) { $0 += Element.values(of: $1) ?? [] }
        }
        return switch self {
        case .float32(let values): .float32(all(values))
        case .int32(let values): .int32(all(values))
        case .int64(let values): .int64(all(values))
        case .bool(let values): .bool(all(values))
        case .int8(let values): .int8(all(values))
        case .uint8(let values): .uint8(all(values))
        }
    }
}
