import TandemTraining

/// How much worse than float an int8 program may be on each task.
struct QualityGate {
    /// The most that a task's AUC may be lower.
    var aucLossMax = 0.0005
    /// The most that a task's log loss may be higher.
    var logLossMax = 0.001
    /// The most that the sum of predictions over the number of positive rows may move.
    var calibrationMax = 0.005
    /// The most that a number's root mean squared error may be higher, as a share of it.
    var rmseMax = 0.001
    /// Without labels: the most that one score may differ.
    ///
    /// This and the next leave a margin below what int8 is to keep, 0.01 and 0.002: on rows that
    /// nothing was learnt from, the reference models were off by up to a tenth more than on those that
    /// were judged.
    var differenceMax = 0.0095
    /// Without labels: the most that a task's scores may differ on average.
    var meanDifferenceMax = 0.0018

    /// One figure of one task beside its limit.
    struct Reading {
        var task: String
        /// As figures are named, such as `auc_loss`.
        var metric: String
        var value: Double
        var limit: Double

        var isWithin: Bool { value <= limit }

        /// For people.
        var text: String {
            "task \(task): \(metric) is \(Readable.small(value)), at most "
                + "\(Readable.small(limit)) is allowed"
        }
    }

    /// What is judged of a task by its figures.
    func readings(float: TaskFigures, int8: TaskFigures) -> [Reading] {
        var readings: [Reading] = []
        func add(
            _ figure: Figure, _ metric: String, _ limit: Double,
            _ change: (Double, Double) -> Double
        ) {
            guard let before = float.values[figure], let after = int8.values[figure] else { return }
            readings.append(
                Reading(
                    task: float.task, metric: metric, value: change(before, after), limit: limit))
        }
        add(.auc, "auc_loss", aucLossMax) { $0 - $1 }
        add(.logLoss, "log_loss_increase", logLossMax) { $1 - $0 }
        add(.calibration, "calibration_shift", calibrationMax) { abs($1 - $0) }
        add(.rmse, "rmse_increase", rmseMax) { $0 > 0 ? $1 / $0 - 1 : $1 }
        return readings
    }

    private static func deviation(_ values: [Float]) -> Double {
        let count = Double(max(values.count, 1))
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        return (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count)
            .squareRoot()
    }

    /// What is judged of a task by its scores alone.
    func readings(task: String, float: [Float], int8: [Float]) -> [Reading] {
        // Numbers in large units are compared by their spread; probabilities as they are.
        let unit = max(1, Self.deviation(float))
        let gaps = zip(float, int8).map { Double(abs($0 - $1)) / unit }
        return [
            Reading(
                task: task, metric: "largest_difference", value: gaps.max() ?? 0,
                limit: differenceMax),
            Reading(
                task: task, metric: "mean_difference",
                value: gaps.reduce(0, +) / Double(max(gaps.count, 1)),
                limit: meanDifferenceMax),
        ]
    }
}
