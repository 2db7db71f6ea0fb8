import TandemTraining
import Testing

@Suite struct NumberTextTests {
    @Test(arguments: [
        "0", "-0", "1", "+7", "-12.5", "0.1", ".5", "5.", "1e3", "1E-3", "-2.5e+10", "123456789012",
        "9007199254740993", "0.30000000000000004", "1e22", "1e23", "1.7976931348623157e308",
        "5e-324", "123456789012345678901234567890", "0.00000000000000000000000000000001",
        "1e-400", "00012", "3.14159265358979323846264338327950288",
    ])
    func `agrees with the standard library to the last bit`(text: String) throws {
        let expected = try #require(Double(text))
        #expect(double(text)?.bitPattern == expected.bitPattern)
        #expect(double(" \t\(text) ")?.bitPattern == expected.bitPattern)
    }

    @Test func `agrees with the standard library on numbers of all lengths`() throws {
        var state: UInt64 = 7
        for index in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            let value = Double(bitPattern: state)
            guard value.isFinite else { continue }
            let text = index % 2 == 0 ? "\(value)" : "\(Double(state >> 20) / 1000)"
            #expect(double(text)?.bitPattern == Double(text)?.bitPattern, "\(text)")
        }
    }

    @Test(arguments: [
        "", " ", "-", "+", ".", "e5", "1e", "1e+", "1x", "0x10", "inf", "nan", "1_000", "1,5",
        "--1", "1 2", "1e999", "-1e999", "\u{0661}",
    ])
    func `refuses what is not one finite decimal number`(text: String) {
        #expect(double(text) == nil)
    }

    @Test func `reads whole numbers to the ends of their range`() {
        #expect(int64("9223372036854775807") == .max)
        #expect(int64("-9223372036854775808") == .min)
        #expect(int64("9223372036854775808") == nil)
        #expect(int64("-9223372036854775809") == nil)
        #expect(int64("+5") == 5)
        #expect(int64("12.0") == 12)
        #expect(int64("1e3") == 1000)
        for text in ["12.5", "", "-", "a", "1e300"] { #expect(int64(text) == nil, "\(text)") }
    }

    private func double(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBytes { NumberText.double($0) }
    }

    private func int64(_ text: String) -> Int64? {
        Array(text.utf8).withUnsafeBytes { NumberText.int64($0) }
    }
}
