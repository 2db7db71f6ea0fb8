/// How a convolution walks over its input; one number a spatial dimension.
package struct Convolution: Hashable, Sendable {
    /// Steps between two positions, at least 1.
    package var strides: [Int]
    /// Distances between the kernel's taps, at least 1.
    package var dilations: [Int]
    /// Zeros before the first element.
    package var paddingBefore: [Int]
    /// Zeros behind the last element.
    package var paddingAfter: [Int]
    /// Channels are split into this many groups, each with its own share of the kernels.
    package var groups: Int

    /// Makes a description.
    package init(
        strides: [Int], dilations: [Int], paddingBefore: [Int], paddingAfter: [Int],
        groups: Int = 1
    ) {
        self.strides = strides
        self.dilations = dilations
        self.paddingBefore = paddingBefore
        self.paddingAfter = paddingAfter
        self.groups = groups
    }

    /// The number of spatial dimensions.
    package var rank: Int { strides.count }

    /// The size of the result along a dimension.
    ///
    /// - Parameters:
    ///   - dimension: Which spatial dimension.
    ///   - size: The input's size there.
    ///   - kernel: The kernel's size there, at least 1.
    /// - Returns: The size, or nil where the kernel is wider than the padded input.
    package func outputSize(_ dimension: Int, of size: Int, kernel: Int) -> Int? {
        let padded = size + paddingBefore[dimension] + paddingAfter[dimension]
        let reach = (kernel - 1) * dilations[dimension] + 1
        return padded < reach ? nil : (padded - reach) / strides[dimension] + 1
    }
}
