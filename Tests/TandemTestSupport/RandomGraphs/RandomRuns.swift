import Glibc

/// How many seeds the tests over random graphs go through.
///
/// `TANDEM_RANDOM_GRAPHS=5000 swift test --filter Random` goes through many, and
/// `TANDEM_RANDOM_SEED=4711` begins at another one; a failure prints its seed.
package enum RandomRuns {
    /// The seeds to try.
    ///
    /// - Parameter count: How many, where nobody says otherwise.
    /// - Returns: Seeds one behind the other.
    package static func seeds(_ count: Int) -> Range<UInt64> {
        let first = number("TANDEM_RANDOM_SEED") ?? 0
        return first..<first + (number("TANDEM_RANDOM_GRAPHS") ?? UInt64(count))
    }

    private static func number(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
}
