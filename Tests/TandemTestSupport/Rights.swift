import CTandemTestSupport

/// What root may do with files, and others may not.
package enum Unprivileged {
    /// Runs the body with the rights to files that another user than root has; on this thread.
    package static func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        let wasRoot = tandemt_reach_files_as_nobody(true)
        defer { if wasRoot { _ = tandemt_reach_files_as_nobody(false) } }
        return try body()
    }
}

/// How much address space another process may have.
package enum AddressLimit {
    /// Bounds it from now on.
    ///
    /// - Returns: Whether that could be done.
    package static func set(_ byteCount: UInt64, of pid: Int32) -> Bool {
        tandemt_limit_addresses(pid, byteCount)
    }
}
