import Foundation
import TandemGraph
import TandemTraining
import Testing

@Suite struct TargetLearningTests {
    private static func target(_ transform: String) throws -> TargetSpec {
        let spec = try TrainingSpec(
            """
            [model]
            name = "m"
            [[feature]]
            column = "x"
            kind = "numeric"
            [[task]]
            name = "t"
            kind = "regression"
            label = "y"
            transform = \(transform)
            """)
        guard case .regression(let target) = spec.tasks[0].kind else {
            throw TrainingError(.wrongValue, "not a regression")
        }
        return target
    }

    @Test func `takes mean and deviation of the training rows that have a label`() throws {
        let transform = TargetTransform(
            try Self.target("[\"standardize\"]"), labels: [1, 3, .nan, 5, 1000],
            rows: [0, 1, 2, 3])
        #expect(transform.mean == 3)
        #expect(abs(transform.deviation - Float(8.0 / 3).squareRoot()) < 1e-6)
        #expect(transform.apply(3) == 0)
        #expect(transform.apply(.nan).isNaN)
    }

    @Test func `takes the logarithm first`() throws {
        let transform = TargetTransform(
            try Self.target("[\"log1p\", \"standardize\"]"), labels: [0, 3], rows: [0, 1])
        #expect(abs(transform.mean - log(4) / 2) < 1e-6)
        #expect(abs(transform.apply(3) - 1) < 1e-6)
        #expect(abs(transform.apply(0) + 1) < 1e-6)
    }

    @Test func `leaves a constant label's scale and an unstandardised label alone`() throws {
        let constant = TargetTransform(
            try Self.target("[\"standardize\"]"), labels: [4, 4], rows: [0, 1])
        #expect(constant == TargetTransform(mean: 4, deviation: 1))
        let plain = TargetTransform(try Self.target("[]"), labels: [4, 9], rows: [0, 1])
        #expect(plain == TargetTransform())
        #expect(plain.apply(9) == 9)
    }
}
