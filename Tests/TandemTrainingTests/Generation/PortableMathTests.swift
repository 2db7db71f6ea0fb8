import Glibc
import Testing

@testable import TandemTraining

@Suite struct PortableMathTests {
    @Test func `exp is near the C library's`() {
        for step in -1400...1400 {
            let x = Double(step) / 2 + Double(step % 7) / 100
            let bounded = min(max(x, -700), 700)
            let expected = Glibc.exp(bounded)
            #expect(abs(PortableMath.exp(x) - expected) <= 4 * expected.ulp, "\(x)")
        }
        #expect(PortableMath.exp(0) == 1)
    }

    @Test func `log is near the C library's`() {
        for step in 1...4000 {
            let x = Glibc.exp(Double(step - 2000) / 5)
            let expected = Glibc.log(x)
            #expect(
                abs(PortableMath.log(x) - expected) <= max(4 * expected.ulp, 1e-16), "\(x)")
        }
        #expect(PortableMath.log(1) == 0)
    }

    @Test func `a power of 0 is 0`() {
        #expect(PortableMath.pow(0, 1.5) == 0)
        #expect(abs(PortableMath.pow(0.25, 0.5) - 0.5) < 1e-15)
    }
}
