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
        case .sum: reduce(frame, Sum.self)
        case .mean:
            reduce(frame, Sum.self)
            divide(frame)
        case .maximum: reduce(frame, Maximum.self)
        case .minimum: reduce(frame, Minimum.self)
        case .product: reduce(frame, Product.self)
        }
    }

    private func reduce<Rule: LaneReduction>(_ frame: Frame, _ rule: Rule.Type) {
        for row in 0..<frame.rowCount {
            let x = frame.floats(input) + row * input.stride
            let y = frame.floats(output) + row * output.stride
            for block in 0..<view.outer {
                let from = x + block * view.length * view.inner
                let to = y + block * view.inner
                if view.inner == 1 {
                    to[0] = along(from, rule)
                } else {
                    across(from, to, rule)
                }
            }
        }
    }

    @inline(__always)
    private func along<Rule: LaneReduction>(
        _ x: UnsafePointer<Float>, _ rule: Rule.Type
    ) -> Float {
        var lanes = Lanes(repeating: Rule.neutral)
        var index = 0
        while index + 16 <= view.length {
            lanes = Rule.combine(lanes, UnsafeRawPointer(x + index).loadUnaligned(as: Lanes.self))
            index += 16
        }
        if index < view.length {
            lanes = Rule.combine(lanes, Self.load(x + index, view.length - index, Rule.neutral))
        }
        // What comes down to a half from above it; the rest does not matter.
        lanes = Rule.combine(lanes, Lanes(lowHalf: lanes.highHalf, highHalf: lanes.highHalf))
        let eight = lanes.lowHalf
        let four = SIMD8(lowHalf: eight.highHalf, highHalf: eight.highHalf)
        lanes = Rule.combine(lanes, Lanes(lowHalf: four, highHalf: four))
        for half in [2, 1] as [Int] {
            var other = Lanes(repeating: Rule.neutral)
            for lane in 0..<half { other[lane] = lanes[lane + half] }
            lanes = Rule.combine(lanes, other)
        }
        return lanes[0]
    }

    @inline(__always)
    private func across<Rule: LaneReduction>(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rule: Rule.Type
    ) {
        var column = 0
        while column < view.inner {
            let count = min(16, view.inner - column)
            var lanes = Lanes(repeating: Rule.neutral)
            for position in 0..<view.length {
                lanes = Rule.combine(
                    lanes, Self.load(x + position * view.inner + column, count, Rule.neutral))
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

private typealias Lanes = SIMD16<Float>

/// How two floats become one, on each lane.
///
/// A type and not a closure, which the compiler calls for every vector instead of inlining it.
private protocol LaneReduction {
    static var neutral: Float { get }
    static func combine(_ a: Lanes, _ b: Lanes) -> Lanes
}

private enum Sum: LaneReduction {
    static let neutral: Float = 0
    @inline(__always)
    static func combine(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
}

private enum Product: LaneReduction {
    static let neutral: Float = 1
    @inline(__always)
    static func combine(_ a: Lanes, _ b: Lanes) -> Lanes { a * b }
}

/// NaN where either is.
private enum Maximum: LaneReduction {
    static let neutral = -Float.infinity
    @inline(__always)
    static func combine(_ a: Lanes, _ b: Lanes) -> Lanes {
        a.replacing(with: b, where: (b .> a) .| (b .!= b))
    }
}

/// NaN where either is.
private enum Minimum: LaneReduction {
    static let neutral = Float.infinity
    @inline(__always)
    static func combine(_ a: Lanes, _ b: Lanes) -> Lanes {
        a.replacing(with: b, where: (b .< a) .| (b .!= b))
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
