import TandemClient

/// Versions of models as the daemon reports them.
enum EntryReport {
    /// A line a version, for people; memory by embedding tables, other weights, packed weights and
    /// workspaces.
    static func text(_ entries: [RepositoryEntry]) -> String {
        var table = TextTable([
            "model", "version", "labels", "state", "executor", "tables", "dense", "plan", "arenas",
            "reason",
        ])
        for entry in entries {
            let memory = [entry.tableBytes, entry.denseBytes, entry.planBytes, entry.arenaBytes]
            table.add(
                [
                    entry.model, "\(entry.version)" + (entry.isCurrent ? " *" : ""),
                    entry.labels.joined(separator: ","), entry.state.rawValue, entry.executor,
                ] + memory.map { $0 == 0 ? "" : Readable.bytes(Int(clamping: $0)) }
                    + [reason(entry)])
        }
        return table.text
    }

    private static func reason(_ entry: RepositoryEntry) -> String {
        guard entry.state == .loading, entry.totalBytes > 0 else { return entry.reason }
        return "\(Readable.bytes(Int(clamping: entry.loadedBytes))) of "
            + "\(Readable.bytes(Int(clamping: entry.totalBytes))) read"
    }

    /// The same for programs.
    static func json(_ entries: [RepositoryEntry]) -> JSONText {
        .array(
            entries.map { entry in
                .object([
                    ("model", .string(entry.model)), ("version", .integer(Int(entry.version))),
                    ("state", .string(entry.state.rawValue)),
                    ("current", .bool(entry.isCurrent)),
                    ("labels", .array(entry.labels.map(JSONText.string))),
                    ("executor", .string(entry.executor)),
                    ("table_bytes", .integer(Int(entry.tableBytes))),
                    ("dense_bytes", .integer(Int(entry.denseBytes))),
                    ("plan_bytes", .integer(Int(entry.planBytes))),
                    ("arena_bytes", .integer(Int(entry.arenaBytes))),
                    ("load_ms", .number(entry.loadDuration / .milliseconds(1))),
                    ("loaded_bytes", .integer(Int(clamping: entry.loadedBytes))),
                    ("total_bytes", .integer(Int(clamping: entry.totalBytes))),
                    ("in_flight", .integer(Int(entry.inFlight))),
                    ("reason", .string(entry.reason)),
                ])
            })
    }
}
