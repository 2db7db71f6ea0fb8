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
        let end = block.count * width
        withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.chunkCount) { chunk in
            var start = 0
            var row = 0
            var element = 0
            while start < end {
                let count = min(Self.chunkCount, end - start)
                let numbers = UnsafeMutableBufferPointer(rebasing: chunk[..<count])
                load(values, first + start, numbers)
                if block.column?.presence != nil {
                    mask(numbers, block, firstValue: start)
                }
                for step in 0..<encoding.transforms.count {
                    counts.clippedValues += encoding.transforms[step].apply(numbers)
                }
                for index in 0..<count {
                    let number = numbers[index]
                    let isMissing = number.isNaN
                    base[row * stride + column + element] =
                        isMissing ? encoding.missingValue : Self.rounded(number)
                    counts.values += isMissing ? 0 : 1
                    element += 1
                    if element == width {
                        element = 0
                        row += 1
                    }
                }
                start += count
            }
        }
    }

    private func load(
        _ values: RawColumn.Values, _ first: Int, _ numbers: UnsafeMutableBufferPointer<Double>
    ) {
        switch values {
        case .float32(let values):
            for index in numbers.indices { numbers[index] = Double(values[first + index]) }
        case .int64(let values):
            for index in numbers.indices { numbers[index] = Double(values[first + index]) }
        case .int32(let values):
            for index in numbers.indices { numbers[index] = Double(values[first + index]) }
        case .text: preconditionFailure("a text column was checked not to be a number's")
        }
    }

    /// Makes NaN of the values of missing rows.
    private func mask(
        _ numbers: UnsafeMutableBufferPointer<Double>, _ block: RowBlock, firstValue: Int
    ) {
        for index in numbers.indices where !block.isPresent((firstValue + index) / width) {
            numbers[index] = .nan
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
            for index in numbers.indices { numbers[index] = Logarithm.signed1p(numbers[index]) }
        case .clip(let minimum, let maximum):
            let low = Double(minimum)
            let high = Double(maximum)
            for index in numbers.indices {
                let number = numbers[index]
                if number < low || number > high {
                    numbers[index] = number < low ? low : high
                    clipped += 1
                }
            }
        case .standardize(let mean, let deviation):
            let center = Double(mean)
            let scale = Double(deviation)
            for index in numbers.indices { numbers[index] = (numbers[index] - center) / scale }
        }
        return clipped
    }
}
