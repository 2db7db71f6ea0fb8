internal import TandemRequest
internal import TandemWire

/// What the loader is asked to do.
enum LoaderJob: Sendable {
    /// Look at the repository; an empty name means all models.
    case rescan(model: String, then: @Sendable ([ModelVersionState]) -> Void)
    /// Load a version; 0 is the highest.
    case load(
        model: String, version: UInt64,
        then: @Sendable (Result<ModelVersionState, RequestError>) -> Void)
    /// Unload a version; 0 is all of them.
    case unload(
        model: String, version: UInt64,
        then: @Sendable (Result<[ModelVersionState], RequestError>) -> Void)
    /// Release tables that no loop uses any more.
    case releaseRetired
    /// Stop.
    case end
}
