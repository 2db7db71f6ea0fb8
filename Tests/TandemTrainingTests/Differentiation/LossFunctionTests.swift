import Foundation
import TandemTraining
import Testing

@Suite struct LossFunctionTests {
    /// The definition of each loss, for one row, in double precision.
    private static func loss(_ function: LossFunction, _ z: [Double], _ label: Double) -> Double {
        switch function {
        case .binaryCrossEntropy:
            let p = 1 / (1 + exp(-z[0]))
            return -label * log(p) - (1 - label) * log(1 - p)
        case .softmaxCrossEntropy:
            return log(z.map { exp($0) }.reduce(0, +)) - z[Int(label)]
        case .productCrossEntropy:
            let p = z.map { 1 / (1 + exp(-$0)) }.reduce(1, *)
            return -label * log(p) - (1 - label) * log(1 - p)
        case .squaredError: return 0.5 * (z[0] - label) * (z[0] - label)
        case .huber(let delta):
            let distance = abs(z[0] - label)
            return distance <= Double(delta)
                ? 0.5 * distance * distance : Double(delta) * (distance - 0.5 * Double(delta))
        }
    }

    private static let cases: [(LossFunction, width: Int, values: [Float], labels: [Float])] = [
        (.binaryCrossEntropy, 1, [-2, 0.5, 3, 0.1], [0, 1, 0.25, 1]),
        (
            .softmaxCrossEntropy, 3, [0.5, -1, 2, 0, 0, 0, 3, 1, -2, 1, 2, 3], [0, 1, 2, 1]
        ),
        (.productCrossEntropy, 2, [-2, 0.5, 3, 0.1, 0.5, -1, 2, 2], [0, 1, 0.25, 1]),
        (.squaredError, 1, [-2, 0.5, 3, 0.1], [0.5, 0.25, -1, 7]),
        (.huber(delta: 1.5), 1, [-2, 0.5, 3, 0.1], [0.5, 0.25, -1, 1]),
    ]

    @Test(arguments: 0..<5)
    func `has the gradient that finite differences give, with weights and masks`(
        _ position: Int
    ) {
        let (function, width, values, labels) = Self.cases[position]
        let weights: [Float] = [1, 0.5, 2, 3]
        var masked = labels
        masked[3] = .nan
        let scale: Float = 0.7
        var gradient = [Float](repeating: 99, count: values.count)
        let sum = function.evaluate(
            values: values, width: width, labels: masked, weights: weights, rowCount: 4,
            scale: scale, gradient: &gradient)
        func total(_ z: [Double]) -> Double {
            (0..<3).map { row in
                Double(weights[row])
                    * Self.loss(
                        function, Array(z[row * width..<(row + 1) * width]), Double(labels[row]))
            }.reduce(0, +)
        }
        let z = values.map(Double.init)
        #expect(abs(sum.loss - total(z)) < 1e-5)
        #expect(sum.weight == 3.5)
        for index in values.indices {
            var above = z
            above[index] += 1e-6
            var below = z
            below[index] -= 1e-6
            let expected = Double(scale) * (total(above) - total(below)) / 2e-6
            #expect(abs(Double(gradient[index]) - expected) < 1e-5)
        }
        #expect(gradient.suffix(width).allSatisfy { $0 == 0 })
    }

    @Test(arguments: [20, 100, 700, 1e4] as [Float], [0, 1] as [Float])
    func `a product stays finite where its complement is lost`(size: Float, label: Float) {
        for z in [[size, size], [-size, -size], [size, -size]] as [[Float]] {
            var gradient: [Float] = [0, 0]
            let sum = LossFunction.productCrossEntropy.evaluate(
                values: z, width: 2, labels: [label], weights: nil, rowCount: 1,
                gradient: &gradient)
            #expect(sum.loss.isFinite && sum.loss >= 0)
            #expect(gradient.allSatisfy { $0.isFinite && abs($0) <= 1 }, "\(gradient)")
        }
    }

    @Test func `stays finite for confident predictions`() {
        var gradient: [Float] = [0, 0]
        let sum = LossFunction.binaryCrossEntropy.evaluate(
            values: [1e4, -1e4], width: 1, labels: [0, 1], weights: nil, rowCount: 2,
            gradient: &gradient)
        #expect(sum.loss == 2e4)
        #expect(gradient == [1, -1])
        let many = LossFunction.softmaxCrossEntropy.evaluate(
            values: [1e4, -1e4], width: 2, labels: [1], weights: nil, rowCount: 1)
        #expect(many.loss == 2e4)
    }

    @Test func `counts no row of weight zero, and no loss without rows`() {
        let sum = LossFunction.squaredError.evaluate(
            values: [5, 5], width: 1, labels: [0, .nan], weights: [0, 1], rowCount: 2)
        #expect(sum == LossSum())
        #expect(sum.mean == 0)
    }
}
