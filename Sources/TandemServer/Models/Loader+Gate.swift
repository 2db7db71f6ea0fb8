internal import TandemRequest
internal import TandemWire

extension Loader {
    /// What a version's figures are held against.
    enum Comparison {
        /// It was asked for by number.
        case nothing
        /// What serves, if anything does.
        case serving
        /// What serves, or would if the versions below had come one by one.
        case history
    }

    /// Refuses a version that may not take the place of another.
    func check(
        _ loaded: LoadedModel, _ name: String, _ comparison: Comparison
    ) throws(RequestError) {
        guard let gate = registry.gate, comparison != .nothing else { return }
        var other = registry.table.models.first { $0.name == name }?.current?.metadata
        if other == nil, comparison == .history {
            other = lastPassed(loaded.model.version, name, gate)
        }
        if let other, let problem = gate.problem(loaded.metadata, besides: other) {
            throw RequestError(.loadFailed, problem, model: name)
        }
    }

    /// The version that would serve if those below had come one by one, by what they say.
    private func lastPassed(
        _ version: UInt64, _ name: String, _ gate: QualityGate
    ) -> ModelMetadata? {
        let versions = registry.state.withLock { $0.models[name] ?? [:] }
        var passed: ModelMetadata?
        for (number, entry) in versions.sorted(by: { $0.key < $1.key })
        where number < version && entry.isOnDisk && !entry.isHeldBack && entry.failedStamp == nil {
            guard let next = registry.source.metadata(name, version: number) else { continue }
            if let passed, gate.problem(next, besides: passed) != nil { continue }
            passed = next
        }
        return passed
    }
}
