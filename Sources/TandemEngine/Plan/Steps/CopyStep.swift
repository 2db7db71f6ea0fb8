import CTandemKernels

/// Rows copied, or one row repeated.
struct CopyStep: Step {
    var input: Location
    var output: Location

    func run(_ frame: Frame) {
        let bytes = output.elementBytes
        tandemk_x8_copy(
            frame.rowCount, output.width * bytes, frame.address(input), input.stride * bytes,
            frame.address(output), output.stride * bytes)
    }
}
