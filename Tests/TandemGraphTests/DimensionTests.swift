import TandemGraph
import Testing

struct DimensionTests {
    private let s = Dimension.symbol("s")
    private let t = Dimension.symbol("t")

    @Test func `sums and products have one form whatever their order`() throws {
        let left = try #require(s.multiplied(by: t)?.adding(3))
        let product = try #require(t.multiplied(by: s))
        let right = try #require(Dimension.fixed(3).adding(product))
        #expect(left == right)
        #expect(left.description == "s*t+3")
    }

    @Test func `a size minus itself is zero and no longer has a name`() {
        #expect(s.subtracting(s) == 0)
        #expect(s.subtracting(s)?.fixedSize == 0)
        #expect(s.adding(t)?.subtracting(t)?.symbolName == "s")
    }

    @Test func `divides only where the quotient is exact`() throws {
        let size = try #require(s.multiplied(by: 12))
        #expect(size.divided(exactlyBy: s) == 12)
        #expect(size.divided(exactlyBy: 4) == s.multiplied(by: 3))
        #expect(size.divided(exactlyBy: 5) == nil)
        #expect(size.divided(exactlyBy: t) == nil)
        #expect(size.divided(exactlyBy: 0) == nil)
        #expect(Dimension.fixed(0).divided(exactlyBy: s) == 0)
        let next = try #require(s.adding(1))
        #expect(next.divided(exactlyBy: next) == 1)
    }

    @Test func `binding gives the number`() throws {
        let size = try #require(s.multiplied(by: t)?.adding(s))
        #expect(size.binding(["s": 2, "t": 5]) == 12)
        #expect(size.binding(["t": 5]) == s.multiplied(by: 6))
        #expect(size.binding(["s": .max, "t": .max]) == nil)
    }

    @Test func `compares where all values of the names agree`() {
        #expect(s.isAtLeast(1) == true)
        #expect(s.isAtLeast(2) == nil)
        #expect(s.adding(t)?.isAtLeast(s) == true)
        #expect(Dimension.fixed(3).isAtLeast(4) == false)
        #expect(Dimension.fixed(512).isAtLeast(s) == nil)
    }

    @Test func `arithmetic that does not fit has no answer`() {
        #expect(Dimension.fixed(.max).adding(1) == nil)
        #expect(Dimension.fixed(.max).multiplied(by: 2) == nil)
        #expect(s.multiplied(by: .fixed(.max))?.multiplied(by: 3) == nil)
        #expect(Dimension.fixed(.min).multiplied(by: -1) == nil)
    }

    @Test func `no division ends the program`() throws {
        let least = try #require(Dimension(text: "-4611686018427387904*2*s"))
        #expect(least.divided(exactlyBy: -1) == nil)
        #expect(least.divided(exactlyBy: s) == .fixed(.min))
        #expect(Dimension.fixed(.min).divided(exactlyBy: -1) == nil)
    }

    /// Two hundred terms to the eighth power would fill the memory.
    @Test func `a polynomial of too many terms has no answer`() throws {
        let names = (0..<Dimension.termCountMax).map { "a\($0)" }
        let longest = try #require(Dimension(text: names.joined(separator: "+")))
        #expect(Dimension(text: longest.description) == longest)
        #expect(longest.adding(s) == nil)
        #expect(longest.multiplied(by: longest) == nil)
        #expect(Dimension(text: (names + ["s"]).joined(separator: "+")) == nil)
        #expect(Dimension(text: (names + ["s"]).joined(separator: "*")) == nil)
    }

    @Test(arguments: ["7", "0", "s", "12*s", "s*t+2*s+1", "s-1", "-2*s+9", "a.b_1*s"])
    func `text reads back`(text: String) throws {
        let size = try #require(Dimension(text: text))
        #expect(Dimension(text: size.description) == size)
    }

    @Test(arguments: ["", "*", "s*", "+", "s++t", "1s", "s t", "9999999999999999999", "s/2"])
    func `text that is not a size is refused`(text: String) {
        #expect(Dimension(text: text) == nil)
    }
}
