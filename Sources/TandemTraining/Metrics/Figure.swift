/// What is measured of a task's predictions.
///
/// Raw values are names in packages and JSON.
package enum Figure: String, CaseIterable, Sendable {
    /// Chance that a positive row scores above a negative one, ties counted half.
    case auc
    /// Mean of -log(predicted probability of the true class).
    case logLoss = "log_loss"
    /// Share of rows whose likeliest class is the true one.
    case accuracy
    /// Share of rows predicted positive that are.
    case precision
    /// Share of positive rows that are predicted positive.
    case recall
    /// Harmonic mean of precision and recall; over classes, their plain mean.
    case f1
    /// Sum of predicted probabilities over the number of positive rows; 1 is right.
    case calibration
    /// Root of the mean squared error, in the label's unit.
    case rmse
    /// Mean absolute error, in the label's unit.
    case mae
    /// 1 - squared error / squared deviation from the mean label.
    case r2
    /// `rmse` of log(1 + y), for tasks that are trained on it.
    case rmseLog1p = "rmse_log1p"
    /// `r2` of log(1 + y), for tasks that are trained on it.
    case r2Log1p = "r2_log1p"

    /// The head of its column in a table for people.
    package var title: String {
        switch self {
        case .auc: "AUC"
        case .logLoss: "log loss"
        case .accuracy: "accuracy"
        case .precision: "precision"
        case .recall: "recall"
        case .f1: "F1"
        case .calibration: "calibr."
        case .rmse: "RMSE"
        case .mae: "MAE"
        case .r2: "R2"
        case .rmseLog1p: "RMSE log"
        case .r2Log1p: "R2 log"
        }
    }
}

/// The figures of one task on some rows.
package struct TaskFigures: Hashable, Sendable {
    /// The task's name.
    package var task: String
    /// The name of the task's kind.
    package var kind: String
    /// Rows that had a label and a weight above 0.
    package var rowCount: Int
    /// What was measured; what is undefined for these rows (an AUC of one class) is not there.
    package var values: [Figure: Double]

    /// Makes figures.
    package init(task: String, kind: String, rowCount: Int, values: [Figure: Double]) {
        self.task = task
        self.kind = kind
        self.rowCount = rowCount
        self.values = values
    }
}
