internal import TandemRequest

/// The large call that one loop lets the others help with.
final class LoopOffer: @unchecked Sendable {
    /// Its rows.
    let rows = SharedRows()
    /// Its model; read by those who have entered only.
    var loaded: LoadedModel?
}
