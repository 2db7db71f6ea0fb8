import TandemTraining

/// The line on a terminal that says how far training is.
struct TrainingLine {
    /// Shows a state.
    func show(_ state: TrainingProgress) {
        guard Terminal.isInteractive else { return }
        let share = state.rowCount > 0 ? 100 * state.rowsDone / state.rowCount : 100
        var text = "train: epoch \(state.epoch) of at most \(state.epochCountMax), \(share) %, "
        text += "\(Readable.grouped(Int(state.rowsPerSecond))) rows/s"
        if let last = state.history.epochs.last {
            let losses = zip(state.history.tasks, last.validationLosses).map {
                "\($0) \(Readable.fixed($1, 4))"
            }
            text += "; validation loss " + losses.joined(separator: ", ")
        }
        Terminal.progress(text)
    }
}
