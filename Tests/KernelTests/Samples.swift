/// Repeatable values and shapes for the kernel tests.
struct Samples {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Floats in [-scale, scale), of all signs and many exponents.
    mutating func floats(_ count: Int, scale: Float = 2) -> [Float] {
        (0..<count).map { _ in Float(Int64(bitPattern: next()) >> 40) * 0x1p-23 * scale }
    }

    /// The whole range of int8 from `least` to 127.
    mutating func bytes(_ count: Int, least: Int = -128) -> [Int8] {
        (0..<count).map { _ in Int8(least + Int(next() >> 33) % (128 - least)) }
    }

    /// Ids in 0..<vocabulary.
    mutating func ids(_ count: Int, vocabulary: Int) -> [Int32] {
        (0..<count).map { _ in Int32(Int(next() >> 33) % vocabulary) }
    }

    /// Zeros of both signs, denormals, the ends of the range, and values where kernels switch paths.
    static let specialFloats: [Float] = [
        0, -0.0, 1, -1, 0.5, -0.5, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        .leastNormalMagnitude, -.leastNormalMagnitude, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .infinity, -.infinity, .nan, 88.7, -88.7, 89, -89, 103.9, -103.9,
        104, -104, 0.625, -0.625, 0.9375, -0.9375, 4, -4, 0x1p-24, 0x1.6a09e6p-1, 0x1.6a09e8p-1,
        1e-30, -1e-30, 1e30, -1e30, 127, -127, 9.02, -9.02,
    ]

    /// Sizes around a tile of `tile`: none, one, one under, equal, one over, several and a rest.
    static func sizes(around tile: Int) -> [Int] {
        Array(Set([0, 1, max(1, tile - 1), tile, tile + 1, 3 * tile + 5])).sorted()
    }
}

extension Array {
    /// `count` elements, beginning again at the front when they run out.
    func cycled(to count: Int) -> [Element] { (0..<count).map { self[$0 % self.count] } }
}
