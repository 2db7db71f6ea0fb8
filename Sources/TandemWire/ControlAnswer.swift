/// The answer to a `ControlCall`, by value; the case has the call's name.
package enum ControlAnswer: Hashable, Sendable {
    /// The loop runs.
    case serverLive(Bool)
    /// Whether Predict calls are taken, and why not.
    case serverReady(Bool, reason: String)
    /// What the server is.
    case serverMetadata(ServerMetadata)
    /// Whether the model can answer, the version that would (0 for none), and why not.
    case modelReady(Bool, version: UInt64, reason: String)
    /// What the model takes and gives.
    case modelMetadata(ModelMetadata)
    /// Whether the call to cancel was in flight.
    case cancel(found: Bool)
    /// What the repository holds.
    case repositoryIndex([ModelVersionState])
    /// What was loaded.
    case modelLoad(ModelVersionState)
    /// What was unloaded.
    case modelUnload([ModelVersionState])
    /// What changed, which settings were applied, and which need a restart.
    case reload(changed: [ModelVersionState], applied: [String], needsRestart: [String])
    /// All labels of the model.
    case label([VersionLabel])
    /// What was in flight and open when draining began.
    case drain(inFlight: UInt64, connections: UInt64)
    /// Counters and histograms.
    case statistics(Statistics)
}
