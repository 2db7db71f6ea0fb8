/// Operations that move elements without changing them.
extension ReferenceEvaluation {
    func concatenated(_ axis: Int) -> ReferenceTensor {
        let outer = shape[..<axis].reduce(1, *)
        let sizes = inputs.map { $0.shape[axis...].reduce(1, *) }
        var bases = [0]
        for input in inputs { bases.append((bases.last ?? 0) + input.elements.count) }
        var copy = RunCopy()
        for row in 0..<rowCount {
            for block in 0..<outer {
                for (index, size) in sizes.enumerated() {
                    let start = bases[index] + start(index, row) + block * size
                    copy.runs.append(start..<start + size)
                }
            }
        }
        let all = inputs[0].elements.joined(with: inputs.dropFirst().map(\.elements))
        return result(all.moved(by: copy))
    }

    func sliced(_ axis: Int, _ range: Range<Int>) -> ReferenceTensor {
        let source = [rowCount] + inputs[0].shape
        return result(
            inputs[0].elements.moved(by: StridedRead(slicing: source, axis: axis + 1, range)))
    }

    func transposed(_ permutation: [Int]) -> ReferenceTensor {
        let read = StridedRead(
            transposing: [rowCount] + inputs[0].shape, by: [0] + permutation.map { $0 + 1 })
        return result(inputs[0].elements.moved(by: read))
    }

    func expanded() -> ReferenceTensor { result(broadcast(0, to: shape)) }

    func gathered(_ axis: Int) throws(GraphError) -> ReferenceTensor {
        let source = inputs[0].shape
        let inner = source[(axis + 1)...].reduce(1, *)
        let outer = source[..<axis].reduce(1, *)
        let indices = try positions(in: source[axis])
        let indexCount = inputs[1].rowElementCount
        var copy = RunCopy()
        for row in 0..<rowCount {
            let first = start(1, row)
            for block in 0..<outer {
                let base = start(0, row) + block * source[axis] * inner
                for index in indices[first..<first + indexCount] {
                    copy.runs.append(base + index * inner..<base + (index + 1) * inner)
                }
            }
        }
        return result(inputs[0].elements.moved(by: copy))
    }

    func takenAlong(_ axis: Int) throws(GraphError) -> ReferenceTensor {
        let source = inputs[0].shape
        let inner = source[(axis + 1)...].reduce(1, *)
        let outer = source[..<axis].reduce(1, *)
        let indices = try positions(in: source[axis])
        var copy = RunCopy()
        for row in 0..<rowCount {
            var next = start(1, row)
            for block in 0..<outer {
                let base = start(0, row) + block * source[axis] * inner
                for _ in 0..<shape[axis] {
                    for element in 0..<inner {
                        let picked = base + indices[next] * inner + element
                        copy.runs.append(picked..<picked + 1)
                        next += 1
                    }
                }
            }
        }
        return result(inputs[0].elements.moved(by: copy))
    }

    /// The second input's indices, negative ones counted from the end.
    private func positions(in size: Int) throws(GraphError) -> [Int] {
        var indices = inputs[1].integers
        for position in indices.indices {
            let index = indices[position]
            guard index >= -size, index < size else {
                throw GraphError(
                    .indexOutOfRange, name, "index \(index) is outside \(size) elements")
            }
            if index < 0 { indices[position] = index + size }
        }
        return indices
    }
}
