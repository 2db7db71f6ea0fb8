import TandemGraph

/// A convolution, straight from its definition; products and sums are rounded one by one, over
/// channels, then the kernel's taps.
///
/// Text and history models have small ones; a fast one would be a product over unfolded inputs.
struct ConvolutionStep: Step {
    var convolution: Convolution
    var input: Location
    var weight: Tensor
    var bias: Tensor?
    var output: Location
    /// Spatial sizes of the input and of the result.
    var inputSizes: [Int]
    var outputSizes: [Int]

    func run(_ frame: Frame) {
        let channels = weight.shape[1]
        let outputs = weight.shape[0]
        let kernel = weight.shape[2...].reduce(1, *)
        let spatial = inputSizes.reduce(1, *)
        let places = outputSizes.reduce(1, *)
        let weights = weight.base.assumingMemoryBound(to: Float.self)
        let biases = bias?.base.assumingMemoryBound(to: Float.self)
        let perGroup = outputs / convolution.groups
        for row in 0..<frame.rowCount {
            let x = frame.floats(input) + row * input.stride
            let y = frame.floats(output) + row * output.stride
            for channel in 0..<outputs {
                let first = channel / perGroup * channels
                for place in 0..<places {
                    var sum = biases.map { $0[channel] } ?? 0
                    for source in 0..<channels {
                        let w = weights + (channel * channels + source) * kernel
                        let from = x + (first + source) * spatial
                        for tap in 0..<kernel {
                            guard let index = self.index(place, tap) else { continue }
                            sum += w[tap] * from[index]
                        }
                    }
                    y[channel * places + place] = sum
                }
            }
        }
    }

    /// The input's element under a tap of the kernel; nil in the padding.
    @inline(__always)
    private func index(_ place: Int, _ tap: Int) -> Int? {
        var (place, tap) = (place, tap)
        var index = 0
        var step = 1
        for dimension in inputSizes.indices.reversed() {
            let size = weight.shape[2 + dimension]
            let at =
                place % outputSizes[dimension] * convolution.strides[dimension]
                + tap % size * convolution.dilations[dimension]
                - convolution.paddingBefore[dimension]
            guard at >= 0, at < inputSizes[dimension] else { return nil }
            index += at * step
            step *= inputSizes[dimension]
            place /= outputSizes[dimension]
            tap /= size
        }
        return index
    }
}
