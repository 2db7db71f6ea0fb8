/// A model and which version of it.
package struct ModelChoice: Hashable, Sendable {
    /// The model's name.
    package var model: String
    /// Which version.
    package var version: VersionChoice<String>

    /// Makes a choice.
    package init(_ model: String, _ version: VersionChoice<String> = .current) {
        self.model = model
        self.version = version
    }
}

/// A call other than Predict, by value.
///
/// The same values on both sides: a client encodes them, a server decodes them. The comments in
/// `proto/` say what each means. Empty strings and zeroes are the schema's defaults.
package enum ControlCall: Hashable, Sendable {
    /// Is the loop running?
    case serverLive
    /// Will Predict calls be taken?
    case serverReady
    /// What is this server?
    case serverMetadata
    /// Can this model answer?
    case modelReady(ModelChoice)
    /// What does this model take and give?
    case modelMetadata(ModelChoice)
    /// Give up the call with this id.
    case cancel(UInt64)
    /// What does the repository hold?
    case repositoryIndex(readyOnly: Bool, model: String)
    /// Load a version (0: what the policy names).
    case modelLoad(model: String, version: UInt64)
    /// Unload a version (0: all).
    case modelUnload(model: String, version: UInt64, graceNanoseconds: UInt64)
    /// Look at the repository, and if asked at the configuration, again.
    case reload(model: String, configuration: Bool)
    /// Read a model's labels again and check one.
    case label(model: String, label: String, version: UInt64)
    /// Drain, then end.
    case drain(timeoutNanoseconds: UInt64)
    /// Counters and histograms.
    case statistics(model: String)

    /// Whether only the admin socket takes it.
    package var isAdmin: Bool {
        switch self {
        case .serverLive, .serverReady, .serverMetadata, .modelReady, .modelMetadata, .cancel: false
        case .repositoryIndex, .modelLoad, .modelUnload, .reload, .label, .drain, .statistics: true
        }
    }
}
