import CTandemTestSupport

/// Counts what a piece of code allocates.
package enum AllocationCounter {
    /// Whether this build counts; not under a sanitizer.
    package static var isCounting: Bool { tandemt_counts_allocations() }

    /// How often the body allocated or grew memory on this thread, from Swift or C; 0 under a
    /// sanitizer.
    package static func allocations(in body: () throws -> Void) rethrows -> Int {
        let before = tandemt_allocation_count()
        try body()
        return Int(tandemt_allocation_count() - before)
    }

    /// How many bytes those calls asked for.
    package static func bytes(in body: () throws -> Void) rethrows -> Int {
        let before = tandemt_allocated_bytes()
        try body()
        return Int(tandemt_allocated_bytes() - before)
    }
}
