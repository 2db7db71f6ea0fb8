internal import TandemNotation
internal import TandemRequest
internal import TandemWire

// Checklist for a setting: a field of `ServerOptions`, `ServerLimits` or `WireLimits` with its
// default and reason, and one row here. If it is live, `Server.apply` must reach who reads it.

extension Setting {
    /// Every setting, in the order in which people read them.
    package static let all: [Setting] =
        general + load + memory + quality + sockets + wireLimits + serverLimits

    /// The setting of a name such as `limits.rows_max`.
    ///
    /// - Throws: `ServerError.optionInvalid`, saying which was probably meant.
    package static func named(_ name: String) throws(ServerError) -> Setting {
        if let setting = all.first(where: { $0.name == name }) { return setting }
        // A limit may be given without its table.
        if let setting = all.first(where: { $0.key == name }) { return setting }
        throw ServerError(
            .optionInvalid,
            "there is no setting '\(name.cutShort)'; "
                + NearestName.remedy(name, among: all.map(\.name)))
    }

    private static let general: [Setting] = [
        text("", "repository", "The directory of models, laid out as MODEL/VERSION/.") {
            $0.repository.isEmpty ? nil : $0.repository
        } write: {
            $0.repository = $1
        },
        choice(
            "", "executor", "Which program of a package runs: best is int8 if there is one.",
            \.executor),
        choice(
            "", "versions",
            "Which versions of a model are loaded: latest and those that a label names, all, or "
                + "listed (those that a label names).", \.versionPolicy),
        truth(
            "", "watch", "Whether changes of the repository are followed as they happen.",
            \.watchesRepository),
        integer(
            "", "threads", 0...ServerOptions.loopCountMax,
            "Event loops. 0: one per core that affinity and the cgroup's quota allow.",
            \.threads),
        truth(
            "", "pin",
            "Whether each loop keeps to a core of its own, if there are as many as cores.",
            \.pinsLoops),
        time(
            "", "default_deadline_ms", .milliseconds, 0...86_400_000, isLive: true,
            "What a request without deadline gets. 0: no deadline.", \.defaultDeadline),
        time(
            "", "spin_us", .microseconds, 0...10_000, isLive: true,
            "How long a loop polls its sockets before it sleeps, while requests come that densely. "
                + "0: never. Under a quota of less than one core it never does.",
            \.limits.spinNanoseconds),
    ]

    private static let load: [Setting] = [
        integer(
            "load", "threads", 0...256,
            "Threads that a load may use. 0: one per core that affinity and the quota allow.",
            \.loadThreads),
        choice(
            "load", "priority",
            "idle: once something is served, loads run where nothing else does, and take 3 % of a "
                + "core while requests arrive. normal: they run beside them, sooner done and felt.",
            \.loadPriority),
    ]

    private static let memory: [Setting] = [
        integer(
            "memory", "max", 0...(1 << 50),
            "Bytes that all models may take; a load that would not fit is refused before it begins. "
                + "0: four fifths of what the machine and the control group grant.",
            \.modelBytesMax)
    ]

    private static let quality: [Setting] = [
        integer(
            "quality", "drop_max_permille", 0...1_000,
            "Thousandths by which a figure of a task may be worse than that of the version that "
                + "serves; a worse version is loaded by number only. 0: not compared.",
            \.qualityDropMax)
    ]

    private static let sockets: [Setting] = [
        text(
            "socket", "data",
            "Where to bind the data socket; a leading @ is the abstract name space. Sockets that a "
                + "service manager passes come before it."
        ) {
            $0.socketPath
        } write: {
            $0.socketPath = $1
        },
        text(
            "socket", "admin",
            "Where to bind the admin socket. Default: the data socket's path with .admin added."
        ) {
            $0.adminSocketPath
        } write: {
            $0.adminSocketPath = $1
        },
        mode(
            "socket", "data_mode", "Permissions of the data socket's file, octal.", \.socketMode),
        mode(
            "socket", "admin_mode", "Permissions of the admin socket's file, octal.",
            \.adminSocketMode),
    ]

    private static let wireLimits: [Setting] = [
        Setting(
            table: "limits", key: "frame_bytes_max",
            about: "Largest frame in bytes. Sets arena_bytes_max to four times itself.",
            form: .integer(1_024...(1 << 30)), isLive: false,
            read: { .integer($0.wireLimits.frameBytesMax) },
            write: { options, value in
                guard case .integer(let bytes) = value else { return }
                options.wireLimits.frameBytesMax = bytes
                options.wireLimits.arenaBytesMax = bytes * 4
            }),
        integer(
            "limits", "arena_bytes_max", 65_536...(1 << 33),
            "Most memory that decoding one frame may take, in bytes.", \.wireLimits.arenaBytesMax),
        integer(
            "limits", "name_bytes_max", 1...4_096,
            "Longest name of a model, label, feature, task or formula, in bytes.",
            \.wireLimits.nameBytesMax),
        integer(
            "limits", "columns_max", 1...(1 << 16),
            "Most columns of both sides of a request together.", \.wireLimits.columnsMax),
        integer(
            "limits", "tasks_max", 1...(1 << 16), "Most tasks listed in a request.",
            \.wireLimits.tasksMax),
        integer(
            "limits", "rows_max", 1...(1 << 24), "Most candidates in a request.",
            \.wireLimits.rowsMax),
        integer(
            "limits", "expression_bytes_max", 1...(1 << 16),
            "Longest ranking expression in bytes.", \.wireLimits.expressionBytesMax),
        integer(
            "limits", "ranking_terms_max", 1...(1 << 16), "Most terms in a ranking formula.",
            \.wireLimits.rankingTermsMax),
    ]

    private static let serverLimits: [Setting] = [
        integer(
            "limits", "connections_max", 1...(1 << 20), isLive: true,
            "Most open connections on the data socket.", \.limits.connectionsMax),
        integer(
            "limits", "admin_connections_max", 1...(1 << 20), isLive: true,
            "Most open connections on the admin socket.", \.limits.adminConnectionsMax),
        integer(
            "limits", "in_flight_per_connection_max", 1...65_536, isLive: true,
            "Calls in flight on one connection, past which it is not read.",
            \.limits.inFlightPerConnectionMax),
        integer(
            "limits", "in_flight_bytes_per_connection_max", 1_024...(1 << 34), isLive: true,
            "Bytes of requests in flight on one connection, past which it is not read.",
            \.limits.inFlightBytesPerConnectionMax),
        integer(
            "limits", "in_flight_per_user_max", 1...(1 << 20), isLive: true,
            "Calls in flight of one user over all connections.", \.limits.inFlightPerUserMax),
        integer(
            "limits", "in_flight_bytes_per_user_max", 1_024...(1 << 36), isLive: true,
            "Bytes of requests in flight of one user over all connections.",
            \.limits.inFlightBytesPerUserMax),
        integer(
            "limits", "queued_calls_max", 1...65_536, isLive: true,
            "Calls that may wait on one loop.", \.limits.queue.callsMax),
        time(
            "limits", "queue_work_max_us", .microseconds, 1...3_600_000_000, isLive: true,
            "Estimated work that may wait before a call on one loop; more is refused at once.",
            \.limits.queue.workMax),
        time(
            "limits", "queue_patience_us", .microseconds, 1...3_600_000_000, isLive: true,
            "How long after its turn a call without an earlier deadline is due.",
            \.limits.queue.patience),
        integer(
            "limits", "unsent_bytes_max", 0...(1 << 30), isLive: true,
            "Bytes of answers that wait for a slow reader, past which it is not read.",
            \.limits.unsentBytesMax),
        time(
            "limits", "send_stall_ms", .milliseconds, 1...86_400_000,
            "How long a reader may leave answers untouched before it is cut.",
            \.limits.sendStallNanoseconds),
        time(
            "limits", "frame_stall_ms", .milliseconds, 1...86_400_000,
            "How long a frame may take from its first byte to its last.",
            \.limits.frameStallNanoseconds),
        integer(
            "limits", "frames_per_turn", 1...65_536, isLive: true,
            "Frames taken from one connection before others have their turn.",
            \.limits.framesPerTurn),
        time(
            "limits", "drain_ms", .milliseconds, 0...86_400_000, isLive: true,
            "How long connections may take to finish once the daemon drains.",
            \.limits.drainNanoseconds),
        time(
            "limits", "accept_pause_ms", .milliseconds, 1...60_000, isLive: true,
            "How long accepting rests after the process ran out of descriptors.",
            \.limits.acceptPauseNanoseconds),
    ]

    // MARK: Rows of one kind

    typealias Field<Value> = any WritableKeyPath<ServerOptions, Value> & Sendable

    /// Nanoseconds in a unit that people write times in.
    enum TimeUnit: UInt64 {
        case milliseconds = 1_000_000
        case microseconds = 1_000
    }

    static func integer(
        _ table: String, _ key: String, _ range: ClosedRange<Int>, isLive: Bool = false,
        _ about: String, _ field: Field<Int>
    ) -> Setting {
        Setting(
            table: table, key: key, about: about, form: .integer(range), isLive: isLive,
            read: { .integer($0[keyPath: field]) },
            write: { options, value in
                if case .integer(let integer) = value { options[keyPath: field] = integer }
            })
    }

    static func time(
        _ table: String, _ key: String, _ unit: TimeUnit, _ range: ClosedRange<Int>,
        isLive: Bool = false, _ about: String, _ field: Field<UInt64>
    ) -> Setting {
        Setting(
            table: table, key: key, about: about, form: .integer(range), isLive: isLive,
            read: { .integer(Int(clamping: $0[keyPath: field] / unit.rawValue)) },
            write: { options, value in
                if case .integer(let integer) = value {
                    options[keyPath: field] = UInt64(integer) * unit.rawValue
                }
            })
    }

    private static func truth(
        _ table: String, _ key: String, _ about: String, _ field: Field<Bool>
    ) -> Setting {
        Setting(
            table: table, key: key, about: about, form: .truth, isLive: false,
            read: { .truth($0[keyPath: field]) },
            write: { options, value in
                if case .truth(let truth) = value { options[keyPath: field] = truth }
            })
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ table: String, _ key: String, _ about: String, _ field: Field<Choice>
    ) -> Setting {
        Setting(
            table: table, key: key, about: about,
            form: .choice(Choice.allCases.map(\.rawValue)), isLive: false,
            read: { .text($0[keyPath: field].rawValue) },
            write: { options, value in
                if case .text(let text) = value, let choice = Choice(rawValue: text) {
                    options[keyPath: field] = choice
                }
            })
    }

    private static func mode(
        _ table: String, _ key: String, _ about: String, _ field: Field<UInt32>
    ) -> Setting {
        Setting(
            table: table, key: key, about: about, form: .mode, isLive: false,
            read: { .text(String($0[keyPath: field], radix: 8)) },
            write: { options, value in
                if case .text(let text) = value, let mode = Self.mode(text) {
                    options[keyPath: field] = mode
                }
            })
    }

    private static func text(
        _ table: String, _ key: String, _ about: String,
        read: @escaping @Sendable (ServerOptions) -> String?,
        write: @escaping @Sendable (inout ServerOptions, String) -> Void
    ) -> Setting {
        Setting(
            table: table, key: key, about: about, form: .text, isLive: false,
            read: { read($0).map(SettingValue.text) },
            write: { options, value in
                if case .text(let text) = value { write(&options, text) }
            })
    }
}
