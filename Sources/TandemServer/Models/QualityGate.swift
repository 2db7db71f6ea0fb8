internal import TandemWire

// Design: a version that is worse than the one that serves does not take its place by itself.
//
// Both packages say how good they were when they were written; figures of the same task, metric and
// split, of the programs that run, are held against each other. Whoever wants the worse version all
// the same loads it by number: the gate stands only before versions that policy would load. At the
// start nothing serves yet; then the highest version is held against the one that would serve if
// those below it had come one by one, by what their manifests say. So a restart keeps out what was
// kept out before. A version that was loaded by number in spite of its figures is not remembered:
// give it a label.

/// Refuses versions whose figures are worse than those of the version that serves.
package struct QualityGate: Hashable, Sendable {
    /// The most by which a figure may be worse, as a share of its value.
    package var dropMax: Double

    /// Makes a gate.
    package init(dropMax: Double) { self.dropMax = dropMax }

    private static let higherIsBetter: Set<String> = [
        "auc", "accuracy", "precision", "recall", "f1", "r2", "r2_log1p",
    ]
    private static let lowerIsBetter: Set<String> = ["log_loss", "rmse", "mae", "rmse_log1p"]

    /// What keeps a version out, or nil.
    ///
    /// Metrics that it does not know, and figures that only one version has, say nothing.
    func problem(_ next: ModelMetadata, besides serving: ModelMetadata) -> String? {
        for task in next.tasks {
            guard let other = serving.tasks.first(where: { $0.name == task.name }) else { continue }
            for figure in task.quality where figure.executor == next.executor {
                let before = other.quality.first {
                    $0.metric == figure.metric && $0.split == figure.split
                        && $0.executor == serving.executor
                }
                guard let before, isWorse(figure.value, than: before.value, figure.metric) else {
                    continue
                }
                return "\(figure.metric) of task '\(task.name)' is \(figure.value), version "
                    + "\(serving.version) has \(before.value); load it by number to serve it all the "
                    + "same, or change quality.drop_max_permille"
            }
        }
        return nil
    }

    private func isWorse(_ value: Double, than before: Double, _ metric: String) -> Bool {
        let room = dropMax * before.magnitude
        if Self.higherIsBetter.contains(metric) { return value < before - room }
        return Self.lowerIsBetter.contains(metric) && value > before + room
    }
}
