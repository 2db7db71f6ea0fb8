/// Decides whether a loop that has nothing to do polls for a while before it sleeps.
///
/// Waking a core that sleeps takes longer than the rest of a small request's way through the socket,
/// so polling pays where the next request is near, and only there. How near is learnt from the gaps
/// that were: a mean, in which one gap counts at most eight times the time that is polled, so that a
/// pause is forgotten after a few requests and a loop whose traffic became rare stops within a few
/// polls in vain.
package struct IdleSpin: Equatable, Sendable {
    /// Nanoseconds of the mean gap between running out of work and the next.
    private var gap: UInt64 = .max

    /// Knows nothing, and sleeps until it does.
    package init() {}

    /// How long to poll now, at most; 0 for not at all.
    package func nanoseconds(bound: UInt64) -> UInt64 { gap <= bound ? bound : 0 }

    /// Work came after so long.
    package mutating func observe(gap nanoseconds: UInt64, bound: UInt64) {
        guard bound > 0 else { return }
        let most = bound * 8
        let known = min(gap, most)
        let seen = min(nanoseconds, most)
        gap = seen > known ? known + (seen - known + 3) / 4 : known - (known - seen + 3) / 4
    }
}
