import TandemGraph

/// A row's shape around one axis: `outer` blocks of `length` runs of `inner` elements.
struct AxisView {
    var outer: Int
    var length: Int
    var inner: Int

    init(_ sizes: [Int], axis: Int) {
        outer = sizes[..<axis].reduce(1, *)
        length = sizes[axis]
        inner = sizes[(axis + 1)...].reduce(1, *)
    }
}

/// Sum, mean, largest, smallest or product of floats along an axis.
///
/// Along the last axis there are sixteen partial results, element j going to result j mod 16, which
/// are then halved together: result s takes s + 8, s + 4, s + 2, s + 1. Along others the elements
/// are taken in order.
struct FloatReduceStep: Step {
    var reduction: Reduction
    var view: AxisView
    var input: Location
    var output: Location

    func run(_ frame: Frame) {
        switch reduction {
        case .sum: reduce(frame, from: 0) { $0 + $1 }
        case .mean:
            reduce(frame, from: 0) { $0 + $1 }
            divide(frame)
        case .maximum:
            reduce(frame, from: -.infinity) { a, b in
                var larger = a
                larger.replace(with: b, where: (b .> a) .| (b .!= b))
                return larger
            }
        case .minimum:
            reduce(frame, from: .infinity) { a, b in
                var smaller = a
                smaller.replace(with: b, where: (b .< a) .| (b .!= b))
                return smaller
            }
        case .product: reduce(frame, from: 1) { $0 * $1 }
        }
    }

    private typealias Lanes = SIMD16<Float>

    @inline(__always)
    private func reduce(
        _ frame: Frame, from neutral: Float, _ combine: (Lanes, Lanes) -> Lanes
    ) {
        for row in 0..<frame.rowCount {
            let x = frame.floats(input) + row * input.stride
            let y = frame.floats(output) + row * output.stride
            for block in 0..<view.outer {
                let from = x + block * view.length * view.inner
                let to = y + block * view.inner
                if view.inner == 1 {
                    to[0] = along(from, neutral, combine)
                } else {
                    across(from, to, neutral, combine)
                }
            }
        }
    }

    @inline(__always)
    private func along(
        _ x: UnsafePointer<Float>, _ neutral: Float, _ combine: (Lanes, Lanes) -> Lanes
    ) -> Float {
        var lanes = Lanes(repeating: neutral)
        var index = 0
        while index < view.length {
            lanes = combine(
                lanes, Self.load(x + index, min(16, view.length - index), neutral))
            index += 16
        }
        for half in [8, 4, 2, 1] as [Int] {
            var other = Lanes(repeating: neutral)
            for lane in 0..<half { other[lane] = lanes[lane + half] }
            lanes = combine(lanes, other)
        }
        return lanes[0]
    }

    @inline(__always)
    private func across(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ neutral: Float,
        _ combine: (Lanes, Lanes) -> Lanes
    ) {
        var column = 0
        while column < view.inner {
            let count = min(16, view.inner - column)
            var lanes = Lanes(repeating: neutral)
            for position in 0..<view.length {
                lanes = combine(
                    lanes, Self.load(x + position * view.inner + column, count, neutral))
            }
            for lane in 0..<count { y[column + lane] = lanes[lane] }
            column += 16
        }
    }

    @inline(__always)
    private static func load(
        _ x: UnsafePointer<Float>, _ count: Int, _ neutral: Float
    ) -> Lanes {
        if count == 16 { return UnsafeRawPointer(x).loadUnaligned(as: Lanes.self) }
        var lanes = Lanes(repeating: neutral)
        for lane in 0..<count { lanes[lane] = x[lane] }
        return lanes
    }

    private func divide(_ frame: Frame) {
        let count = Float(view.length)
        for row in 0..<frame.rowCount {
            let y = frame.floats(output) + row * output.stride
            for index in 0..<output.width { y[index] /= count }
        }
    }
}

/// Sum, largest, smallest or product of whole numbers along an axis, wrapping around.
struct IntegerReduceStep<Number: FixedWidthInteger & Sendable>: Step {
    var reduction: Reduction
    var view: AxisView
    var input: Location
    var output: Location

    private func combine(_ a: Number, _ b: Number) -> Number {
        switch reduction {
        case .sum, .mean: a &+ b
        case .maximum: max(a, b)
        case .minimum: min(a, b)
        case .product: a &* b
        }
    }

    private var neutral: Number {
        switch reduction {
        case .sum, .mean: 0
        case .maximum: .min
        case .minimum: .max
        case .product: 1
        }
    }

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let x = frame.elements(input, as: Number.self) + row * input.stride
            let y = frame.elements(output, as: Number.self) + row * output.stride
            for index in 0..<view.outer * view.inner {
                let from =
                    x + index / view.inner * view.length * view.inner + index % view.inner
                var result = neutral
                for position in 0..<view.length {
                    result = combine(result, from[position * view.inner])
                }
                y[index] = result
            }
        }
    }
}

/// Running sums along an axis, in order; whole numbers wrap around.
struct CumulativeSumStep<Number: Numeric & Sendable>: Step {
    var view: AxisView
    var input: Location
    var output: Location
    var add: @Sendable (Number, Number) -> Number

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let x = frame.elements(input, as: Number.self) + row * input.stride
            let y = frame.elements(output, as: Number.self) + row * output.stride
            for index in 0..<view.outer * view.inner {
                let start = index / view.inner * view.length * view.inner + index % view.inner
                var sum: Number = 0
                for position in 0..<view.length {
                    sum = add(sum, x[start + position * view.inner])
                    y[start + position * view.inner] = sum
                }
            }
        }
    }
}
