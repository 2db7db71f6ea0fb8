internal import TandemRequest
internal import TandemWire

/// What the loader is asked to do.
enum LoaderJob: Sendable {
    /// Look at the repository; an empty name means all models.
    ///
    /// Versions that could not be loaded are tried again if somebody asked for the look, otherwise
    /// only once they have changed.
    case rescan(
        model: String, isAsked: Bool,
        then: @Sendable (Result<[ModelVersionState], RequestError>) -> Void)
    /// Load a version; 0 is the highest.
    case load(
        model: String, version: UInt64,
        then: @Sendable (Result<ModelVersionState, RequestError>) -> Void)
    /// Unload a version; 0 is all of them.
    case unload(
        model: String, version: UInt64,
        then: @Sendable (Result<[ModelVersionState], RequestError>) -> Void)
    /// Look at a model's labels; if one is named, check which version it names, 0 for none.
    case label(
        model: String, label: String, version: UInt64,
        then: @Sendable (Result<[VersionLabel], RequestError>) -> Void)
    /// Release tables that no loop uses any more.
    case releaseRetired
    /// Stop.
    case end
}
