// Design: a call is a value that knows its answer's type, so that both kinds of connection make all
// calls by one method each, and a call added here is added to both.
import TandemWire

/// A call other than Predict, and the type of its answer.
///
/// Written with a leading dot: `try connection.call(.modelMetadata("shop"))`.
public struct Call<Result: Sendable>: Sendable {
    let call: ControlCall
    /// How long such a call may take where the caller does not say; nil for the connection's
    /// option.
    let patience: Duration?
    private let read: @Sendable (ControlAnswer) -> Result?

    init(
        _ call: ControlCall, patience: Duration? = nil,
        _ read: @escaping @Sendable (ControlAnswer) -> Result?
    ) {
        self.call = call
        self.patience = patience
        self.read = read
    }

    /// The call's result, or what came instead as an error.
    func result(of answer: Answer, path: String) throws(ClientError) -> Result {
        switch answer {
        case .failure(let status): throw ClientError(status, path: path)
        case .prediction: throw Answer.mismatch(path)
        case .control(let control):
            guard let result = read(control) else { throw Answer.mismatch(path) }
            return result
        }
    }
}

/// How long calls that wait for work of the server's may take.
private let longPatience = Duration.seconds(600)

extension ModelVersion {
    fileprivate func choice(_ model: String) -> ModelChoice {
        switch self {
        case .current: ModelChoice(model)
        case .number(let number): ModelChoice(model, .version(number))
        case .label(let label): ModelChoice(model, .label(label))
        }
    }
}

// MARK: Data socket

extension Call where Result == Bool {
    /// Whether the server's loop runs.
    public static var serverLive: Call {
        Call(.serverLive) { answer in
            guard case .serverLive(let live) = answer else { return nil }
            return live
        }
    }
}

extension Call where Result == Readiness {
    /// Whether the server takes Predict calls.
    public static var serverReady: Call {
        Call(.serverReady) { answer in
            guard case .serverReady(let ready, let reason) = answer else { return nil }
            return Readiness(isReady: ready, version: nil, reason: reason)
        }
    }

    /// Whether a model can answer, and which version would.
    public static func modelReady(
        _ model: String, version: ModelVersion = .current
    ) -> Call {
        Call(.modelReady(version.choice(model))) { answer in
            guard case .modelReady(let ready, let version, let reason) = answer else { return nil }
            return Readiness(
                isReady: ready, version: version == 0 ? nil : version, reason: reason)
        }
    }
}

extension Call where Result == ServerDescription {
    /// What the server is.
    public static var serverMetadata: Call {
        Call(.serverMetadata) { answer in
            guard case .serverMetadata(let metadata) = answer else { return nil }
            return ServerDescription(metadata)
        }
    }
}

extension Call where Result == ModelDescription {
    /// What a model takes and gives.
    public static func modelMetadata(
        _ model: String, version: ModelVersion = .current
    ) -> Call {
        Call(.modelMetadata(version.choice(model))) { answer in
            guard case .modelMetadata(let metadata) = answer else { return nil }
            return ModelDescription(metadata)
        }
    }
}

// MARK: Admin socket

extension Call where Result == [RepositoryEntry] {
    /// What the repository holds, of one model or (nil) of all.
    public static func repositoryIndex(
        model: String? = nil, readyOnly: Bool = false
    ) -> Call {
        Call(.repositoryIndex(readyOnly: readyOnly, model: model ?? "")) { answer in
            guard case .repositoryIndex(let versions) = answer else { return nil }
            return versions.map { RepositoryEntry($0) }
        }
    }

    /// Takes a version (nil: all) out of service.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - version: The version; nil for all.
    ///   - grace: How long requests in flight may take before they are aborted; nil: as long as
    ///     they need.
    /// - Returns: The call; its result is what was unloaded.
    public static func unload(
        _ model: String, version: UInt64? = nil, grace: Duration? = nil
    ) -> Call {
        let nanoseconds = grace.map { UInt64(0).addingDuration($0) } ?? 0
        let call = ControlCall.modelUnload(
            model: model, version: version ?? 0, graceNanoseconds: nanoseconds)
        return Call(call, patience: longPatience) { answer in
            guard case .modelUnload(let unloaded) = answer else { return nil }
            return unloaded.map { RepositoryEntry($0) }
        }
    }
}

extension Call where Result == RepositoryEntry {
    /// Loads a version (nil: the latest) and waits until it is ready or has failed.
    public static func load(_ model: String, version: UInt64? = nil) -> Call {
        Call(.modelLoad(model: model, version: version ?? 0), patience: longPatience) { answer in
            guard case .modelLoad(let loaded) = answer else { return nil }
            return RepositoryEntry(loaded)
        }
    }
}

extension Call where Result == ReloadOutcome {
    /// Looks at the repository, and if asked at the configuration, again.
    public static func reload(
        model: String? = nil, configuration: Bool = false
    ) -> Call {
        let call = ControlCall.reload(model: model ?? "", configuration: configuration)
        return Call(call, patience: longPatience) { answer in
            guard case .reload(let changed, let applied, let needsRestart) = answer else {
                return nil
            }
            return ReloadOutcome(
                changed: changed.map { RepositoryEntry($0) }, appliedSettings: applied,
                restartSettings: needsRestart)
        }
    }
}

extension Call where Result == [String: UInt64] {
    /// Reads a model's labels again and checks that `label`, if given, points to `version`.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - label: The label to check; nil for none.
    ///   - version: What it must point to; nil: it must be gone.
    /// - Returns: The call; its result is all labels of the model.
    public static func label(
        _ model: String, label: String? = nil, version: UInt64? = nil
    ) -> Call {
        Call(.label(model: model, label: label ?? "", version: version ?? 0)) { answer in
            guard case .label(let labels) = answer else { return nil }
            return Dictionary(labels.map { ($0.label, $0.version) }) { $1 }
        }
    }
}

extension Call where Result == DrainOutcome {
    /// Stops accepting, finishes what is in flight, then ends the daemon.
    ///
    /// - Parameter timeout: After this what is left is aborted; nil for the configured time.
    /// - Returns: The call; its result is what was in flight when draining began.
    public static func drain(timeout: Duration? = nil) -> Call {
        let nanoseconds = timeout.map { UInt64(0).addingDuration($0) } ?? 0
        return Call(.drain(timeoutNanoseconds: nanoseconds)) { answer in
            guard case .drain(let inFlight, let connections) = answer else { return nil }
            return DrainOutcome(inFlight: inFlight, connections: connections)
        }
    }
}

extension Call where Result == StatisticsReport {
    /// Counters and histograms, of one model or (nil) of all.
    public static func statistics(model: String? = nil) -> Call {
        Call(.statistics(model: model ?? "")) { answer in
            guard case .statistics(let statistics) = answer else { return nil }
            return StatisticsReport(statistics)
        }
    }
}
