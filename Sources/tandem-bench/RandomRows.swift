import CTandemKernels

/// Rows of 64 bytes at random from 256 MiB, by the embedding kernel that dispatch chose: as fast as
/// a core gets them from memory with a prefetch ahead, on pages of 4 KiB.
final class RandomRows {
    /// Rows that one call reads, 128 MiB: more than a cache keeps from one to the next.
    static let count = 1 << 21

    private let vocabulary = 4 << 20
    private let table: Buffer<UInt8>
    private let ids: Buffer<Int32>
    private let out = Buffer<Float>(count: 16) { _ in 0 }

    init() {
        table = Buffer(bytesOfOne: vocabulary * 64)
        ids = Buffer(ids: Self.count, vocabulary: vocabulary)
    }

    func read() {
        let gather = tandemk_f32_gather_at(tandemk_f32_gather_chosen()).run
        table.base.withMemoryRebound(to: Float.self, capacity: vocabulary * 16) {
            gather(Self.count, 16, vocabulary, $0, ids.base, 1, out.base, 0)
        }
    }
}
