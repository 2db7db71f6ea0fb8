internal import Synchronization

/// How far a load has come; written by its threads, read by anybody.
package final class LoadProgress: Sendable {
    private let read = Atomic<Int>(0)
    private let all = Atomic<Int>(0)

    /// A load that has not begun.
    package init() {}

    /// Raw bytes that were decoded, and those that have to be; what is shared is in neither.
    package var byteCounts: (read: Int, all: Int) {
        (read.load(ordering: .relaxed), all.load(ordering: .relaxed))
    }

    /// Says how much there is to do.
    package func begin(_ byteCount: Int) { all.store(byteCount, ordering: .relaxed) }

    /// Says that so many bytes more are there.
    package func add(_ byteCount: Int) { read.wrappingAdd(byteCount, ordering: .relaxed) }
}
