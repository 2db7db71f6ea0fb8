import Glibc
import TandemFeatures
import TandemTraining
import Testing

/// Known values are the examples of scikit-learn's documentation of each metric, or worked by hand.
@Suite struct TaskFiguresTests {
    let click = Task("click", .binary)

    // MARK: - Binary

    @Test func `measures the area under the curve as scikit-learn's example`() throws {
        let figures = TaskFigures.measure(
            click, scores: [0.1, 0.4, 0.35, 0.8], labels: [0, 0, 1, 1])
        #expect(figures.values[.auc] == 0.75)
        #expect(figures.rowCount == 4)
        #expect(figures.kind == "binary")
    }

    @Test func `counts ties half`() {
        #expect(auc([0.5, 0.5, 0.5], [1, 0, 0]) == 0.5)
        // Pairs: (0.2, 0.2) half, (0.2, 0.9) lost, (0.9, 0.2) won, (0.9, 0.9) half.
        #expect(auc([0.2, 0.9, 0.2, 0.9], [1, 1, 0, 0]) == 0.5)
        // Positive 0.7 beats 0.2 and ties 0.7; positive 0.1 loses both.
        #expect(auc([0.7, 0.1, 0.7, 0.2], [1, 1, 0, 0]) == 0.375)
        #expect(auc([-0.0, 0.0], [1, 0]) == 0.5)
    }

    @Test func `weighs pairs by both rows' weights`() {
        // Pairs: 2 x 3 won, 2 x 1 lost of 2 x 4.
        #expect(TaskFigures.auc([0.5, 0.3, 0.9], [1, 0, 0], [2, 3, 1]) == 0.75)
    }

    @Test func `agrees with counting all pairs`() throws {
        var state: UInt64 = 3
        var scores: [Float] = []
        var labels: [Float] = []
        for _ in 0..<300 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            scores.append(Float(state >> 59) / 8 - 2)
            labels.append(Float(state >> 40 & 1))
        }
        var won = 0.0
        var pairs = 0.0
        for i in labels.indices where labels[i] == 1 {
            for j in labels.indices where labels[j] == 0 {
                pairs += 1
                won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
            }
        }
        #expect(auc(scores, labels) == won / pairs)
    }

    @Test func `leaves the area out where there is one class`() {
        let figures = TaskFigures.measure(click, scores: [0.1, 0.4], labels: [1, 1])
        #expect(figures.values[.auc] == nil)
        #expect(figures.values[.logLoss] != nil)
    }

    @Test func `measures log loss, calibration and what a threshold of one half decides`() throws {
        let figures = TaskFigures.measure(
            click, scores: [0.9, 0.5, 0.3, 0.6, 0.2], labels: [1, 0, 1, 0, 0])
        // Predicted positive: rows 0, 1, 3; positive: rows 0, 2.
        #expect(figures.values[.precision] == 1.0 / 3)
        #expect(figures.values[.recall] == 0.5)
        #expect(figures.values[.f1] == 0.4)
        #expect(figures.values[.accuracy] == 0.4)
        #expect(isNear(figures.values[.calibration], 2.5 / 2, 1e-7))
        let loss = -(log(0.9) + log(0.5) + log(0.3) + log(0.4) + log(0.8)) / 5
        #expect(isNear(figures.values[.logLoss], loss, 1e-7))
    }

    @Test func `gives 0 where nothing is predicted positive, and clips certainty`() throws {
        let figures = TaskFigures.measure(click, scores: [0, 0], labels: [1, 0])
        #expect(figures.values[.precision] == 0)
        #expect(figures.values[.f1] == 0)
        #expect(isNear(figures.values[.logLoss], -log(1e-7) / 2, 1e-6))
    }

    // MARK: - Multi-class

    @Test func `measures classes as scikit-learn's examples`() throws {
        let spam = Task("spam", .multiclass(classCount: 2))
        let loss = TaskFigures.measure(
            spam, scores: [0.1, 0.9, 0.9, 0.1, 0.8, 0.2, 0.35, 0.65], labels: [1, 0, 0, 1])
        #expect(isNear(loss.values[.logLoss], 0.21616, 5e-6))
        #expect(loss.values[.accuracy] == 1)
        // y_true = [0, 1, 2, 0, 1, 2], y_pred = [0, 2, 1, 0, 0, 1]: macro F1 0.26666...
        let three = Task("three", .multiclass(classCount: 3))
        let predicted = [0, 2, 1, 0, 0, 1]
        let scores = predicted.flatMap { best in (0..<3).map { $0 == best ? 0.8 : 0.1 as Float } }
        let f1 = TaskFigures.measure(three, scores: scores, labels: [0, 1, 2, 0, 1, 2])
        #expect(isNear(f1.values[.f1], 4.0 / 15, 1e-12))
        #expect(f1.values[.accuracy] == 1.0 / 3)
    }

    @Test func `averages only over classes that were met`() throws {
        let three = Task("three", .multiclass(classCount: 3))
        let figures = TaskFigures.measure(
            three, scores: [0.8, 0.1, 0.1, 0.1, 0.8, 0.1], labels: [0, 1])
        #expect(figures.values[.f1] == 1)
    }

    // MARK: - Regression

    @Test func `measures quantities as scikit-learn's examples`() throws {
        let task = Task("demand", .regression)
        let figures = TaskFigures.measure(
            task, scores: [2.5, 0, 2, 8], labels: [3, -0.5, 2, 7])
        #expect(isNear(figures.values[.rmse], 0.375.squareRoot(), 1e-12))
        #expect(figures.values[.mae] == 0.5)
        #expect(isNear(figures.values[.r2], 0.9486081370449679, 1e-12))
        #expect(figures.values[.r2Log1p] == nil)
    }

    @Test func `measures logarithms beside raw units, also of negative predictions`() throws {
        let task = Task("demand", .regression)
        let logs = TaskFigures.measure(
            task, scores: [1, 3], labels: [0, 3], usesLog1p: true)
        #expect(isNear(logs.values[.rmseLog1p], (log(2) * log(2) / 2).squareRoot(), 1e-12))
        // Labels in logs: 0 and log 4; their mean is log 2.
        #expect(isNear(logs.values[.r2Log1p], 0.5, 1e-12))
        let below = TaskFigures.measure(task, scores: [-5, 3], labels: [0, 3], usesLog1p: true)
        #expect(below.values[.rmseLog1p].map { $0.isFinite && $0 > 1 } == true)
    }

    @Test func `leaves R2 out where all labels are equal`() {
        let figures = TaskFigures.measure(
            Task("demand", .regression), scores: [1, 2], labels: [3, 3])
        #expect(figures.values[.r2] == nil)
        #expect(figures.values[.mae] == 1.5)
    }

    // MARK: - Rows

    @Test func `leaves out rows without a label or with weight 0`() throws {
        let figures = TaskFigures.measure(
            click, scores: [0.1, 0.4, 0.35, 0.8, 0.99, 0.99], labels: [0, 0, 1, 1, .nan, 0],
            weights: [1, 1, 1, 1, 1, 0])
        #expect(figures.values[.auc] == 0.75)
        #expect(figures.rowCount == 4)
        let none = TaskFigures.measure(click, scores: [0.5], labels: [.nan])
        #expect(none.rowCount == 0 && none.values.isEmpty)
    }

    @Test func `weighs rows as if each stood so often`() throws {
        let weighted = TaskFigures.measure(
            click, scores: [0.2, 0.7, 0.6], labels: [0, 1, 0], weights: [1, 2, 3])
        let repeated = TaskFigures.measure(
            click, scores: [0.2, 0.7, 0.7, 0.6, 0.6, 0.6], labels: [0, 1, 1, 0, 0, 0])
        for (figure, value) in repeated.values {
            #expect(isNear(weighted.values[figure], value, 1e-12), "\(figure)")
        }
    }

    private func auc(_ scores: [Float], _ labels: [Float]) -> Double? {
        TaskFigures.measure(click, scores: scores, labels: labels).values[.auc]
    }

    private func isNear(_ value: Double?, _ expected: Double, _ tolerance: Double) -> Bool {
        value.map { abs($0 - expected) <= tolerance } ?? false
    }
}
