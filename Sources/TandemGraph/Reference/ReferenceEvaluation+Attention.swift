/// Attention, one sequence and one head at a time, in double precision up to the result.
extension ReferenceEvaluation {
    func attended(_ heads: Int, _ scale: Float) -> ReferenceTensor {
        let query = Sequences(floats(0), inputs[0].shape)
        let key = Sequences(floats(1), inputs[1].shape)
        let value = Sequences(floats(2), inputs[2].shape)
        let scores = shape.dropLast(2) + [heads, query.length, key.length]
        let mask =
            inputs.count > 3 ? Float.values(of: broadcast(3, to: Array(scores))) ?? [] : nil
        var values = [Float](repeating: 0, count: rowCount * rowElementCount)
        let depth = query.width / heads
        let width = value.width / heads
        for sequence in 0..<rowCount * shape.dropLast(2).reduce(1, *) {
            for head in 0..<heads {
                var weights = InnerProducts.all(
                    query.head(head, of: heads, sequence).map { Double($0) },
                    key.head(head, of: heads, sequence)[...], rows: query.length,
                    columns: key.length, depth: depth)
                let first = (sequence * heads + head) * weights.count
                for index in weights.indices {
                    weights[index] *= Double(scale)
                    if let mask { weights[index] += Double(mask[first + index]) }
                }
                softmax(&weights, width: key.length)
                let columns = StridedRead(transposing: [key.length, width], by: [1, 0])(
                    value.head(head, of: heads, sequence))
                let sums = InnerProducts.all(
                    weights, columns[...], rows: query.length, columns: width, depth: key.length)
                for (index, sum) in sums.enumerated() {
                    let position = sequence * query.length + index / width
                    values[position * value.width + head * width + index % width] = Float(sum)
                }
            }
        }
        return result(.float32(values))
    }

    private func softmax(_ rows: inout [Double], width: Int) {
        rows.withUnsafeMutableBufferPointer { rows in
            for start in stride(from: 0, to: rows.count, by: max(width, 1)) {
                ReferenceScalar.softmax(
                    UnsafeMutableBufferPointer(rebasing: rows[start..<start + width]))
            }
        }
    }
}

/// Sequences of vectors, `[..., length, width]`, whose heads lie side by side in the width.
private struct Sequences {
    let elements: [Float]
    let length: Int
    let width: Int

    init(_ elements: [Float], _ shape: [Int]) {
        self.elements = elements
        length = shape[shape.count - 2]
        width = shape[shape.count - 1]
    }

    /// One head of one sequence, `[length, width / heads]`.
    func head(_ head: Int, of heads: Int, _ sequence: Int) -> [Float] {
        let share = width / heads
        var runs = RunCopy()
        for position in 0..<length {
            let start = (sequence * length + position) * width + head * share
            runs.runs.append(start..<start + share)
        }
        return runs(elements)
    }
}
