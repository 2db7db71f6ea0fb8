/// 256 steps that all rows of a value share: a scale per tensor, measured before.
package struct ActivationGrid: Hashable, Sendable {
    /// What a step stands for; finite and at least 2^-100.
    package var scale: Float
    /// Steps below 0, in `0 ... 255`; the other steps are above.
    package var stepsBelow: Int

    /// Makes a grid.
    package init(scale: Float, stepsBelow: Int) {
        self.scale = scale
        self.stepsBelow = stepsBelow
    }

    /// The grid that covers a range, 0 among it; nil where that is empty or not finite.
    package init?(low: Float, high: Float) {
        let range = max(high, 0) - min(low, 0)
        guard range.isFinite, range >= 0x1p-90 else { return nil }
        scale = range / 255
        stepsBelow = Int((-min(low, 0) / scale).rounded(.toNearestOrEven))
    }

    /// Whether a product can be computed by it.
    var isUsable: Bool {
        scale.isFinite && scale >= 0x1p-100 && (0...255).contains(stepsBelow)
    }

    /// A value in steps, as `Operation.staticQuantizedLinear` defines.
    package func steps(_ value: Float) -> Int32 {
        let rounded = (value * (1 / scale)).rounded(.toNearestOrEven)
        let lowest = Float(-stepsBelow)
        return rounded.isNaN ? Int32(lowest) : Int32(min(max(rounded, lowest), lowest + 255))
    }
}
