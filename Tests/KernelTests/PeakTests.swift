import CTandemKernels
import Testing

/// The loops behind `tandem-bench limits`.
@Suite struct PeakTests {
    @Test func `arithmetic loops count what they did`() {
        for index in Register.peakF32.runnable {
            // Each sum takes one square a round: sink = operations / 2 * 3 * 3.
            var sink: Float = 3
            let operations = tandemk_peak_f32_at(index).run(5, &sink)
            let lanes =
                Register.peakF32.names[index].contains("avx512")
                ? 16 : Register.peakF32.names[index].contains("avx2") ? 8 : 1
            #expect(sink * Float(lanes) == Float(operations) / 2 * 9)
        }
        for index in Register.peakInt8.runnable {
            // Four bytes of which one is 3, where an instruction takes four of them.
            var sink: Int32 = 3
            let operations = tandemk_peak_int8_at(index).run(5, &sink)
            let share: Int32 = Register.peakInt8.names[index].contains("vnni") ? 4 : 1
            #expect(sink * share == Int32(operations / 2) * 9)
        }
    }

    @Test(arguments: [0, 256, 4096]) func `reading touches every word, and none after`(bytes: Int) {
        let memory = GuardedBuffer([UInt64](repeating: 0, count: bytes / 8))
        for index in Register.peakRead.runnable {
            let run = tandemk_peak_read_at(index).run
            #expect(run(memory.base, bytes) == 0)
            for word in 0..<(bytes / 8) {
                memory.base[word] = 1 << UInt64(word % 64)
                #expect(run(memory.base, bytes) == 1 << UInt64(word % 64))
                memory.base[word] = 0
            }
        }
    }
}
