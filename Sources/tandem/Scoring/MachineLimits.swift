import CTandemKernels
import Glibc

/// What one core of this machine does at most, by the kernels that dispatch chose; `tandem-bench
/// limits` says more.
struct MachineLimits {
    /// int8 multiply-adds from registers, billions of operations a second, two a multiply-add.
    let int8Rate: Double
    /// float multiply-adds likewise.
    let floatRate: Double
    /// Reading 4 MiB in order, which fit a third-level cache and no second-level one: GB/s.
    let readRate: Double

    /// Measures, for some 50 ms; the best of several samples, since others disturb only downwards.
    static func measured() -> MachineLimits {
        let rounds = 200_000
        var integerSink: Int32 = 0
        var floatSink: Float = 0
        let int8 = best { Double(tandemk_peak_int8(rounds, &integerSink)) }
        let float = best { Double(tandemk_peak_f32(rounds, &floatSink)) }
        let bytes = 4 << 20
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        defer { memory.deallocate() }
        memset(memory, 1, bytes)
        let read = best {
            for _ in 0..<8 { _ = tandemk_peak_read(memory, bytes) }
            return Double(8 * bytes)
        }
        return MachineLimits(int8Rate: int8, floatRate: float, readRate: read)
    }

    /// The highest rate, in billions a second, of work that says how much it was.
    private static func best(_ work: () -> Double) -> Double {
        (0..<9).map { _ in
            let start = Durations.now()
            let amount = work()
            return amount / ((Durations.now() - start) * 1e3)
        }.max() ?? 0
    }
}
