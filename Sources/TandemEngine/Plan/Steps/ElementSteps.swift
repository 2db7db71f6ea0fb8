import CTandemKernels
import TandemGraph

/// A function of each float; output may be input.
struct UnaryStep: Step {
    var function: tandemk_unary
    var input: Location
    var output: Location

    func run(_ frame: Frame) {
        tandemk_f32_vunary(
            function, frame.rowCount, output.width, frame.floats(input), input.stride,
            frame.floats(output), output.stride)
    }
}

/// `y = fma(x, scale, offset)`.
struct AffineStep: Step {
    var scale: Float
    var offset: Float
    var input: Location
    var output: Location

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let x = frame.floats(input) + row * input.stride
            let y = frame.floats(output) + row * output.stride
            for column in 0..<output.width {
                y[column] = offset.addingProduct(x[column], scale)
            }
        }
    }
}

/// A function of two floats that has a kernel, broadcast; operands of the walk are a, b, y.
struct BinaryStep: Step {
    var function: tandemk_binary
    var left: Location
    var right: Location
    var output: Location
    var walk: Walk

    func run(_ frame: Frame) {
        let tile = walk.tile(frame.rowCount)
        let (a, b, y) = (frame.floats(left), frame.floats(right), frame.floats(output))
        walk.forEachTile(frame.rowCount) { at in
            tandemk_f32_vbinary(
                function, tile.count, tile.length,
                tandemk_operand(
                    base: a + at[0], stride: tile.runStrides[0], step: tile.strides[0]),
                tandemk_operand(
                    base: b + at[1], stride: tile.runStrides[1], step: tile.strides[1]),
                y + at[2], tile.runStrides[2])
        }
    }
}

/// One of two elements by a third, broadcast; operands of the walk are condition, a, b, y.
struct SelectStep: Step {
    var condition: Location
    var left: Location
    var right: Location
    var output: Location
    var walk: Walk

    func run(_ frame: Frame) {
        switch output.elementBytes {
        case 1: pick(frame, UInt8.self)
        case 4: pick(frame, UInt32.self)
        default: pick(frame, UInt64.self)
        }
    }

    private func pick<Element>(_ frame: Frame, _ type: Element.Type) {
        let (c, a, b, y) = (
            frame.elements(condition, as: UInt8.self), frame.elements(left, as: type),
            frame.elements(right, as: type), frame.elements(output, as: type)
        )
        let tile = walk.tile(frame.rowCount)
        walk.forEachTile(frame.rowCount) { start in
            var at = start
            for _ in 0..<tile.count {
                var element = at
                for _ in 0..<tile.length {
                    y[element[3]] = c[element[0]] != 0 ? a[element[1]] : b[element[2]]
                    element &+= tile.strides
                }
                at &+= tile.runStrides
            }
        }
    }
}

/// A function of two elements of one type in Swift, broadcast; operands of the walk are a, b, y.
struct ZipStep<Input, Output>: Step {
    var function: @Sendable (Input, Input) -> Output
    var left: Location
    var right: Location
    var output: Location
    var walk: Walk

    func run(_ frame: Frame) {
        let (a, b, y) = (
            frame.elements(left, as: Input.self), frame.elements(right, as: Input.self),
            frame.elements(output, as: Output.self)
        )
        let tile = walk.tile(frame.rowCount)
        let strides = tile.strides
        walk.forEachTile(frame.rowCount) { start in
            var at = start
            for _ in 0..<tile.count {
                for index in 0..<tile.length {
                    y[at[2] + index * strides[2]] = function(
                        a[at[0] + index * strides[0]], b[at[1] + index * strides[1]])
                }
                at &+= tile.runStrides
            }
        }
    }
}

/// A function of each element in Swift.
struct MapStep<Input, Output>: Step {
    var function: @Sendable (Input) -> Output
    var input: Location
    var output: Location

    func run(_ frame: Frame) {
        for row in 0..<frame.rowCount {
            let x = frame.elements(input, as: Input.self) + row * input.stride
            let y = frame.elements(output, as: Output.self) + row * output.stride
            for column in 0..<output.width { y[column] = function(x[column]) }
        }
    }
}
