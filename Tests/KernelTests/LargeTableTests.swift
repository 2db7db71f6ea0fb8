import CTandemKernels
import Glibc
import Testing

// Design: tables of 2^31 - 1 rows whose bytes and elements are beyond what 32 bits count.
//
// Pages that nobody writes take no memory, so the tables are as large as any may be and some rows of
// them are real: the first, those that lie across 2^31 and 2^32 bytes in either layout, and the
// last. An address that was cut to 32 bits would find zeros, or no memory at all.

/// Gather and pool in the largest tables there can be.
@Suite struct LargeTableTests {
    private static let vocabulary = Int(Int32.max)
    private static let dim = 20
    /// 2^31 and 2^32 over the bytes of a row: 80 of floats, 24 with the scale behind, 20 without.
    private static let rows: [Int32] = [
        0, 26_843_545, 53_687_091, 89_478_485, 107_374_182, 178_956_970, 214_748_364, 1 << 30,
        .max - 1,
    ]

    /// Memory of which only what is written takes any.
    private final class Mapping {
        let base: UnsafeMutableRawPointer
        private let byteCount: Int

        init?(rowBytes: Int) {
            byteCount = rowBytes * vocabulary
            let memory = mmap(
                nil, byteCount, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard let memory, memory != MAP_FAILED else {
                print("SKIPPED: no addresses for a table of \(byteCount >> 30) GiB")
                return nil
            }
            base = memory
        }

        deinit { munmap(base, byteCount) }

        /// Writes an element of a row; rows are of so many bytes.
        func write<Element>(_ value: Element, row: Int32, of rowBytes: Int, at offset: Int) {
            (base + Int(row) * rowBytes + offset).storeBytes(of: value, as: Element.self)
        }
    }

    private static func value(_ row: Int32, _ column: Int) -> Int8 {
        Int8((Int(row) * 7 + column) % 100 + 1)
    }

    private static func scale(_ row: Int32) -> Float { 1 / Float(2 + row % 11) }

    /// What both kinds of table hold in the rows that are written.
    private static let expected: [Float] = rows.flatMap { row in
        (0..<dim).map { Float(value(row, $0)) * scale(row) }
    }

    private static func fill(_ table: Mapping, rowBytes: Int, scales: Mapping?) {
        for row in rows {
            for column in 0..<dim {
                table.write(value(row, column), row: row, of: rowBytes, at: column)
            }
            if let scales {
                scales.write(scale(row), row: row, of: 4, at: 0)
            } else {
                table.write(scale(row), row: row, of: rowBytes, at: dim)
            }
        }
    }

    private static func expectRows(
        _ table: UnsafePointer<Int8>, _ scales: UnsafePointer<Float>?, _ note: String
    ) {
        let ids = GuardedBuffer(rows)
        let ones = GuardedBuffer([Int32](repeating: 1, count: rows.count))
        let gathered: [Float] = Register.qr8Gather.expectSameBits(expected.count, note) {
            tandemk_qr8_f32_gather_at($0).run(
                rows.count, dim, vocabulary, table, scales, ids.base, 1, $1, dim)
        }
        #expect(gathered == expected, "\(note)")
        let pooled: [Float] = Register.qr8Pool.expectSameBits(expected.count, note) {
            tandemk_qr8_f32_pool_at($0).run(
                TANDEMK_POOL_SUM, rows.count, dim, vocabulary, table, scales, ids.base, 1,
                ones.base, $1, dim)
        }
        #expect(pooled == expected, "\(note)")
    }

    @Test func `int8 rows that end with their scales are found wherever they lie`() {
        let rowBytes = Self.dim + 4
        guard let table = Mapping(rowBytes: rowBytes) else { return }
        Self.fill(table, rowBytes: rowBytes, scales: nil)
        Self.expectRows(
            table.base.assumingMemoryBound(to: Int8.self), nil, "scales behind the rows")
    }

    @Test func `int8 rows with scales apart are found wherever they lie`() {
        guard let table = Mapping(rowBytes: Self.dim), let scales = Mapping(rowBytes: 4) else {
            return
        }
        Self.fill(table, rowBytes: Self.dim, scales: scales)
        Self.expectRows(
            table.base.assumingMemoryBound(to: Int8.self),
            scales.base.assumingMemoryBound(to: Float.self), "scales apart")
    }

    @Test func `float rows are found wherever they lie`() {
        let (dim, rows) = (Self.dim, Self.rows)
        guard let table = Mapping(rowBytes: dim * 4) else { return }
        for (index, row) in rows.enumerated() {
            for column in 0..<dim {
                table.write(
                    Self.expected[index * dim + column], row: row, of: dim * 4, at: column * 4)
            }
        }
        let floats = table.base.assumingMemoryBound(to: Float.self)
        let ids = GuardedBuffer(rows)
        let ones = GuardedBuffer([Int32](repeating: 1, count: rows.count))
        let gathered: [Float] = Register.f32Gather.expectSameBits(Self.expected.count, "floats") {
            tandemk_f32_gather_at($0).run(
                rows.count, dim, Self.vocabulary, floats, ids.base, 1, $1, dim)
        }
        #expect(gathered == Self.expected)
        let pooled: [Float] = Register.f32Pool.expectSameBits(Self.expected.count, "floats") {
            tandemk_f32_pool_at($0).run(
                TANDEMK_POOL_SUM, rows.count, dim, Self.vocabulary, floats, ids.base, 1,
                ones.base, $1, dim)
        }
        #expect(pooled == Self.expected)
    }
}
