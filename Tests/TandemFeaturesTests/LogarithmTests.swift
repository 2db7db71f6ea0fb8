import Glibc
import TandemFeatures
import TandemGraph
import Testing

@Suite struct LogarithmTests {
    @Test func `agrees with the C library to two units in the last place`() {
        var random = RandomSource(seed: 5)
        for index in 0..<20_000 {
            let magnitude = Double(random.uniform()) * exp2(Double(index % 400) - 200)
            for x in [magnitude, -magnitude] {
                let expected = x < 0 ? -log1p(-x) : log1p(x)
                let found = Logarithm.signed1p(x)
                #expect(abs(found - expected) <= 2 * expected.ulp, "\(x)")
            }
        }
    }

    // Checked against Python's math.log1p.
    @Test(arguments: [
        (0, 0), (-0.0, -0.0), (1, 0x1.62E42FEFA39EFp-1), (-1, -0x1.62E42FEFA39EFp-1),
        (1e-300, 1e-300), (0x1p-60, 0x1p-60), (.infinity, .infinity), (-.infinity, -.infinity),
        (9, 0x1.26BB1BBB55516p1), (99, 0x1.26BB1BBB55516p2), (1e9, 0x1.4B927F3304B3Bp4),
        (Double(Float.greatestFiniteMagnitude), 0x1.62E42FEBA39EFp6),
    ])
    func `has these bits for ever`(x: Double, expected: Double) {
        #expect(Logarithm.signed1p(x).bitPattern == expected.bitPattern)
    }

    @Test func `keeps what is no number`() {
        #expect(Logarithm.signed1p(.nan).isNaN)
    }
}
