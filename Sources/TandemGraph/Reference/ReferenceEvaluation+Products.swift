/// Products of matrices: linear layers, `matmul` and convolution.
extension ReferenceEvaluation {
    func linear() -> ReferenceTensor {
        let width = inputs[1].shape[0]
        let depth = inputs[1].shape[1]
        let x = inputs[0].floats.map { Double($0) }
        let sums = InnerProducts.all(
            x, inputs[1].floats[...], rows: depth == 0 ? positionCount(0) : x.count / depth,
            columns: width, depth: depth)
        let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: width)
        var values: [Float] = []
        values.reserveCapacity(rowCount * rowElementCount)
        for row in 0..<rowCount {
            let biasStart = inputs.count > 2 ? start(2, row) : 0
            let first = inputs[0].rowCount == 1 ? 0 : row * rowElementCount
            for index in 0..<rowElementCount {
                let share = Double(bias[biasStart + index % width])
                values.append(Float(sums[first + index] + share))
            }
        }
        return result(.float32(values))
    }

    /// How many vectors along the last axis an input has, in all its rows.
    private func positionCount(_ input: Int) -> Int {
        inputs[input].rowCount * inputs[input].shape.dropLast().reduce(1, *)
    }

    /// By one grid for all rows, or by each row's own.
    func quantizedLinear(by grid: ActivationGrid? = nil) -> ReferenceTensor {
        let width = inputs[1].shape[0]
        let depth = inputs[1].shape[1]
        let weight = Int8.values(of: inputs[1].elements) ?? []
        let scales = inputs[2].floats
        let x = inputs[0].floats
        let outer = inputs[0].shape.dropLast().reduce(1, *)
        let bias = inputs.count > 3 ? inputs[3].floats : [Float](repeating: 0, count: width)
        var values: [Float] = []
        values.reserveCapacity(rowCount * rowElementCount)
        for row in 0..<rowCount {
            let biasStart = inputs.count > 3 ? start(3, row) : 0
            for position in 0..<outer {
                let xStart = start(0, row) + position * depth
                let row = Array(x[xStart..<xStart + depth])
                let (steps, scale) =
                    grid.map { (row.map($0.steps), $0.scale) } ?? ReferenceScalar.quantized(row)
                for column in 0..<width {
                    var sum: Int32 = 0
                    for k in 0..<depth {
                        sum += steps[k] * Int32(weight[column * depth + k])
                    }
                    values.append(
                        bias[biasStart + column].addingProduct(Float(sum), scale * scales[column]))
                }
            }
        }
        return result(.float32(values))
    }

    func quantizationResidual() -> ReferenceTensor {
        let (x, width) = (inputs[0].floats, shape.last ?? 1)
        var values: [Float] = []
        values.reserveCapacity(x.count)
        for start in stride(from: 0, to: x.count, by: max(width, 1)) {
            let row = Array(x[start..<start + width])
            let (steps, scale) = ReferenceScalar.quantized(row)
            values += zip(row, steps).map { $0 - Float($1) * scale }
        }
        return result(.float32(values))
    }

    // MARK: matmul

    func matrixProduct() -> ReferenceTensor {
        let m = shape[shape.count - 2]
        let n = shape[shape.count - 1]
        let k = inputs[0].shape[inputs[0].shape.count - 1]
        let pairs = zip(matrices(0), matrices(1))
        if let a = Int32.values(of: inputs[0].elements),
            let b = Int32.values(of: inputs[1].elements)
        {
            var values = [Int32](repeating: 0, count: rowCount * rowElementCount)
            for (batch, (left, right)) in pairs.enumerated() {
                for row in 0..<m {
                    for inner in 0..<k {
                        let factor = a[(left * m + row) * k + inner]
                        for column in 0..<n {
                            values[(batch * m + row) * n + column] &+=
                                factor &* b[(right * k + inner) * n + column]
                        }
                    }
                }
            }
            return result(.int32(values))
        }
        return result(.float32(floatProducts(Array(pairs), m: m, n: n, k: k)))
    }

    /// Which matrix of an input each matrix of the result reads.
    private func matrices(_ input: Int) -> [Int] {
        let tensor = inputs[input]
        let outer = shape.dropLast(2)
        let own = tensor.shape.dropLast(2)
        let ones = [Int](repeating: 1, count: outer.count - own.count)
        let count = tensor.rowCount * own.reduce(1, *)
        return StridedRead(
            broadcasting: [tensor.rowCount] + ones + own, to: [rowCount] + outer)(
                Array(0..<count))
    }

    /// Neighbouring matrices of a that meet one and the same b are multiplied as one.
    private func floatProducts(
        _ pairs: [(left: Int, right: Int)], m: Int, n: Int, k: Int
    ) -> [Float] {
        let a = inputs[0].floats
        let b = inputs[1].floats
        var values: [Float] = []
        values.reserveCapacity(pairs.count * m * n)
        var next = 0
        while next < pairs.count {
            let (left, right) = pairs[next]
            var count = 1
            while next + count < pairs.count, pairs[next + count] == (left + count, right) {
                count += 1
            }
            let columns = StridedRead(transposing: [k, n], by: [1, 0])(
                Array(b[right * k * n..<(right + 1) * k * n]))
            let rows = a[left * m * k..<(left + count) * m * k].map { Double($0) }
            let sums = InnerProducts.all(
                rows, columns[...], rows: count * m, columns: n, depth: k)
            for sum in sums { values.append(Float(sum)) }
            next += count
        }
        return values
    }

    // MARK: Convolution

    func convolved(_ convolution: Convolution) -> ReferenceTensor {
        let weight = inputs[1].shape
        let kernel = Array(weight[2...])
        let source = Array(inputs[0].shape.suffix(convolution.rank))
        let taps = convolution.taps(
            over: source, kernel: kernel, to: Array(shape.suffix(convolution.rank)))
        let size = source.reduce(1, *)
        let tapCount = kernel.reduce(1, *)
        let positions = taps.count / tapCount
        let depth = weight[1] * tapCount
        let width = weight[0] / convolution.groups
        let x = inputs[0].floats
        let filters = inputs[1].floats.map { Double($0) }
        let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: weight[0])
        var values: [Float] = []
        values.reserveCapacity(rowCount * rowElementCount)
        let images = rowCount * inputs[0].shape.dropLast(convolution.rank + 1).reduce(1, *)
        for image in 0..<images {
            for group in 0..<convolution.groups {
                let base = (image * convolution.groups + group) * weight[1] * size
                var patches: [Float] = []
                patches.reserveCapacity(positions * depth)
                for position in 0..<positions {
                    for channel in 0..<weight[1] {
                        for tap in taps[position * tapCount..<(position + 1) * tapCount] {
                            patches.append(tap < 0 ? 0 : x[base + channel * size + tap])
                        }
                    }
                }
                let own = Array(filters[group * width * depth..<(group + 1) * width * depth])
                let sums = InnerProducts.all(
                    own, patches[...], rows: width, columns: positions, depth: depth)
                for (index, sum) in sums.enumerated() {
                    let share = Double(bias[group * width + index / positions])
                    values.append(Float(sum + share))
                }
            }
        }
        return result(.float32(values))
    }
}

extension Convolution {
    /// For each position of the result and each tap of the kernel, the element of one channel that
    /// is read, or -1 in the padding.
    fileprivate func taps(over source: [Int], kernel: [Int], to result: [Int]) -> [Int] {
        var taps = [0]
        // One dimension after the other: `taps` is [positions so far, taps so far].
        var tapCount = 1
        for dimension in source.indices {
            var longer: [Int] = []
            for position in 0..<taps.count / tapCount {
                for step in 0..<result[dimension] {
                    for tap in taps[position * tapCount..<(position + 1) * tapCount] {
                        for offset in 0..<kernel[dimension] {
                            let place =
                                step * strides[dimension] - paddingBefore[dimension]
                                + offset * dilations[dimension]
                            let isInside = tap >= 0 && place >= 0 && place < source[dimension]
                            longer.append(isInside ? tap * source[dimension] + place : -1)
                        }
                    }
                }
            }
            taps = longer
            tapCount *= kernel[dimension]
        }
        return taps
    }
}
