import CTandemProto

extension ModelVersionState {
    /// One state as the schema's message.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__ModelVersionState> {
        let message = try builder.make(tandem__v1__model_version_state__init)
        try write(into: &message.pointee, builder)
        return message
    }

    /// States as the schema's messages.
    static func list(
        _ states: [ModelVersionState], _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<
        UnsafeMutablePointer<Tandem__V1__ModelVersionState>?
    >? {
        try builder.list(states, tandem__v1__model_version_state__init) {
            (state, message) throws(WireError) in
            try state.write(into: &message, builder)
        }
    }

    private func write(
        into message: inout Tandem__V1__ModelVersionState, _ builder: MessageBuilder
    ) throws(WireError) {
        message.name = try builder.text(name)
        message.version = version
        message.state = Tandem__V1__ModelState(state.rawValue)
        message.reason = try builder.text(reason)
        message.n_labels = labels.count
        message.labels = try builder.texts(labels)
        message.current = isCurrent ? 1 : 0
        message.executor = try builder.text(executor)
        message.table_bytes = tableBytes
        message.dense_bytes = denseBytes
        message.plan_bytes = planBytes
        message.arena_bytes = arenaBytes
        message.ready_at_unix_ns = readyAtUnixNanoseconds
        message.load_duration_ns = loadDurationNanoseconds
        message.loaded_bytes = loadedBytes
        message.total_bytes = totalBytes
        message.in_flight = inFlight
    }

    /// Reads the schema's message.
    init(reading message: Tandem__V1__ModelVersionState) {
        name = TextView(message.name).string
        version = message.version
        state = ModelState(rawValue: message.state.rawValue) ?? .unspecified
        reason = TextView(message.reason).string
        labels = readTexts(message.labels, message.n_labels)
        isCurrent = message.current != 0
        executor = TextView(message.executor).string
        tableBytes = message.table_bytes
        denseBytes = message.dense_bytes
        planBytes = message.plan_bytes
        arenaBytes = message.arena_bytes
        readyAtUnixNanoseconds = message.ready_at_unix_ns
        loadDurationNanoseconds = message.load_duration_ns
        loadedBytes = message.loaded_bytes
        totalBytes = message.total_bytes
        inFlight = message.in_flight
    }

    /// Reads the schema's messages.
    static func reading(
        _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__ModelVersionState>?>?,
        _ count: Int
    ) -> [ModelVersionState] {
        readList(messages, count) { ModelVersionState(reading: $0) }
    }
}
