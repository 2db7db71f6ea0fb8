// Design: a number's loop is cut across the rows, not along them.
//
// Values are taken in chunks of 128 doubles on the stack: loaded from whatever type they have, then
// each step of the transform runs over the whole chunk, then they are rounded and stored. So the
// choice of type and step is made once a chunk, and the loops are plain enough to be vectorised.
// A missing value travels as NaN, which no present value can be: they are checked to be finite, and
// no step makes NaN of a number.

/// Writes a number feature's rows.
struct NumberRows {
    private static let chunkCount = 128

    private let base: UnsafeMutablePointer<Float>
    private let stride: Int
    private let column: Int
    private let missingColumn: Int?
    private let width: Int

    init(_ input: EncodedInput, _ feature: Feature) {
        base = input.base.assumingMemoryBound(to: Float.self)
        stride = input.rowStride
        column = feature.slot.column
        missingColumn = feature.slot.missingColumn
        width = feature.width
    }

    /// Encodes the block's rows, whose present values are finite.
    func encode(
        _ block: RowBlock, _ encoding: NumberEncoding, _ position: inout ValuePosition,
        _ counts: inout FeatureCounts
    ) {
        if let missingColumn {
            for row in 0..<block.count {
                base[row * stride + missingColumn] = block.isPresent(row) ? 0 : 1
            }
        }
        guard let raw = block.column else {
            for row in 0..<block.count {
                for element in 0..<width {
                    base[row * stride + column + element] = encoding.missingValue
                }
            }
            return
        }
        encode(raw.values, block, encoding, position.value, &counts)
        position.value += block.count * width
    }

    private func encode(
        _ values: RawColumn.Values, _ block: RowBlock, _ encoding: NumberEncoding, _ first: Int,
        _ counts: inout FeatureCounts
    ) {
        let hasMissing = block.column?.presence != nil
        let end = block.count * width
        var clipped = 0
        var missing = 0
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.chunkCount) { chunk in
            var start = 0
            while start < end {
                let count = min(Self.chunkCount, end - start)
                let numbers = UnsafeMutableBufferPointer(rebasing: chunk[..<count])
                load(values, first + start, numbers)
                if hasMissing { missing += mask(numbers, block, firstValue: start) }
                for step in 0..<encoding.transforms.count {
                    clipped += encoding.transforms[step].apply(numbers)
                }
                store(numbers, firstValue: start, missingValue: encoding.missingValue)
                start += count
            }
        }
        counts.values += end - missing
        counts.clippedValues += clipped
    }

    private func load(
        _ values: RawColumn.Values, _ first: Int, _ numbers: UnsafeMutableBufferPointer<Double>
    ) {
        switch values {
        case .float32(let values):
            for index in 0..<numbers.count { numbers[index] = Double(values[first + index]) }
        case .int64(let values):
            for index in 0..<numbers.count { numbers[index] = Double(values[first + index]) }
        case .int32(let values):
            for index in 0..<numbers.count { numbers[index] = Double(values[first + index]) }
        case .text: preconditionFailure("a text column was checked not to be a number's")
        }
    }

    /// Makes NaN of the values of missing rows, and counts them.
    private func mask(
        _ numbers: UnsafeMutableBufferPointer<Double>, _ block: RowBlock, firstValue: Int
    ) -> Int {
        var missing = 0
        for index in 0..<numbers.count {
            let value = firstValue + index
            if block.isPresent(width == 1 ? value : value / width) { continue }
            numbers[index] = .nan
            missing += 1
        }
        return missing
    }

    /// Writes numbers to their rows' columns, `missingValue` for NaN.
    private func store(
        _ numbers: UnsafeMutableBufferPointer<Double>, firstValue: Int, missingValue: Float
    ) {
        var element = firstValue % width
        var row = base + firstValue / width * stride + column
        for index in 0..<numbers.count {
            let number = numbers[index]
            row[element] = number.isNaN ? missingValue : Self.rounded(number)
            element += 1
            if element == width {
                element = 0
                row += stride
            }
        }
    }

    /// The nearest f32; the largest finite one for what lies beyond.
    @inline(__always)
    static func rounded(_ number: Double) -> Float {
        let most = Double(Float.greatestFiniteMagnitude)
        return Float(min(max(number, -most), most))
    }
}

extension NumberTransform {
    /// Applies the step to each number; NaN stays.
    ///
    /// - Returns: How many numbers a clip limited.
    func apply(_ numbers: UnsafeMutableBufferPointer<Double>) -> Int {
        var clipped = 0
        switch self {
        case .signedLog1p:
            for index in 0..<numbers.count { numbers[index] = Logarithm.signed1p(numbers[index]) }
        case .clip(let minimum, let maximum):
            let low = Double(minimum)
            let high = Double(maximum)
            for index in 0..<numbers.count {
                let number = numbers[index]
                if number < low || number > high {
                    numbers[index] = number < low ? low : high
                    clipped += 1
                }
            }
        case .standardize(let mean, let deviation):
            let center = Double(mean)
            let scale = Double(deviation)
            for index in 0..<numbers.count { numbers[index] = (numbers[index] - center) / scale }
        }
        return clipped
    }
}
