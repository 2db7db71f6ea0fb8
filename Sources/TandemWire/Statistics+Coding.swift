import CTandemProto

extension Statistics {
    /// The answer as the schema's message.
    func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__StatisticsResponse> {
        let message = try builder.make(tandem__v1__statistics_response__init)
        message.pointee.server = try server.message(builder)
        message.pointee.n_models = models.count
        message.pointee.models = try builder.list(models, tandem__v1__model_statistics__init) {
            (model, message) throws(WireError) in
            try model.write(into: &message, builder)
        }
        return message
    }

    /// Reads the schema's message.
    init(reading message: Tandem__V1__StatisticsResponse) {
        if let server = message.server { self.server = ServerStatistics(reading: server.pointee) }
        models = readList(message.models, message.n_models) { ModelStatistics(reading: $0) }
    }
}

extension ServerStatistics {
    fileprivate func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__ServerStatistics> {
        let message = try builder.make(tandem__v1__server_statistics__init)
        message.pointee.pid = pid
        message.pointee.uptime_ns = uptimeNanoseconds
        message.pointee.loops = loops
        message.pointee.open_connections = openConnections
        message.pointee.in_flight = inFlight
        message.pointee.queued_work_us = queuedWorkMicroseconds
        message.pointee.accepted_connections = acceptedConnections
        message.pointee.requests = requests
        message.pointee.received_bytes = receivedBytes
        message.pointee.sent_bytes = sentBytes
        message.pointee.n_refusals = refusals.count
        message.pointee.refusals = try CodeCount.list(refusals, builder)
        message.pointee.resident_bytes = residentBytes
        message.pointee.model_bytes = modelBytes
        message.pointee.model_bytes_max = modelBytesMax
        message.pointee.draining = isDraining ? 1 : 0
        message.pointee.loads = loads
        message.pointee.failed_loads = failedLoads
        return message
    }

    fileprivate init(reading message: Tandem__V1__ServerStatistics) {
        pid = message.pid
        uptimeNanoseconds = message.uptime_ns
        loops = message.loops
        openConnections = message.open_connections
        inFlight = message.in_flight
        queuedWorkMicroseconds = message.queued_work_us
        acceptedConnections = message.accepted_connections
        requests = message.requests
        receivedBytes = message.received_bytes
        sentBytes = message.sent_bytes
        refusals = readList(message.refusals, message.n_refusals) { CodeCount(reading: $0) }
        residentBytes = message.resident_bytes
        modelBytes = message.model_bytes
        modelBytesMax = message.model_bytes_max
        isDraining = message.draining != 0
        loads = message.loads
        failedLoads = message.failed_loads
    }
}

extension CodeCount {
    fileprivate static func list(
        _ counts: [CodeCount], _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<UnsafeMutablePointer<Tandem__V1__CodeCount>?>? {
        try builder.list(counts, tandem__v1__code_count__init) {
            (count, message) throws(WireError) in
            message.code = count.code.rawValue
            message.reason = try builder.text(count.reason)
            message.count = count.count
        }
    }

    fileprivate init(reading message: Tandem__V1__CodeCount) {
        self.init(
            StatusCode(wire: message.code), reason: TextView(message.reason).string,
            count: message.count)
    }
}

extension ModelStatistics {
    fileprivate func write(
        into message: inout Tandem__V1__ModelStatistics, _ builder: MessageBuilder
    ) throws(WireError) {
        message.name = try builder.text(name)
        message.version = version
        message.successes = successes
        message.rows = rows
        message.n_failures = failures.count
        message.failures = try CodeCount.list(failures, builder)
        message.received_bytes = receivedBytes
        message.sent_bytes = sentBytes
        message.expired = expired
        message.late = late
        message.last_request_unix_ns = lastRequestUnixNanoseconds
        message.n_stages = stages.count
        message.stages = try builder.list(stages, tandem__v1__stage_statistics__init) {
            (stage, message) throws(WireError) in
            message.stage = Tandem__V1__Stage(stage.stage.rawValue)
            message.duration_ns = try stage.durations.message(builder)
        }
        message.n_tasks = tasks.count
        message.tasks = try builder.list(tasks, tandem__v1__task_statistics__init) {
            (task, message) throws(WireError) in
            message.name = try builder.text(task.name)
            message.scores = try task.scores.message(builder)
            message.not_finite = task.notFinite
        }
        message.n_features = features.count
        message.features = try builder.list(features, tandem__v1__feature_statistics__init) {
            (feature, message) throws(WireError) in
            try feature.write(into: &message, builder)
        }
        message.rows_per_request = try rowsPerRequest.message(builder)
    }

    fileprivate init(reading message: Tandem__V1__ModelStatistics) {
        name = TextView(message.name).string
        version = message.version
        successes = message.successes
        rows = message.rows
        failures = readList(message.failures, message.n_failures) { CodeCount(reading: $0) }
        receivedBytes = message.received_bytes
        sentBytes = message.sent_bytes
        expired = message.expired
        late = message.late
        lastRequestUnixNanoseconds = message.last_request_unix_ns
        stages = readList(message.stages, message.n_stages) {
            StageStatistics(
                Stage(rawValue: $0.stage.rawValue) ?? .unspecified,
                Histogram(reading: $0.duration_ns))
        }
        tasks = readList(message.tasks, message.n_tasks) { message in
            var task = TaskStatistics()
            task.name = TextView(message.name).string
            task.scores = Histogram(reading: message.scores)
            task.notFinite = message.not_finite
            return task
        }
        features = readList(message.features, message.n_features) {
            FeatureStatistics(reading: $0)
        }
        rowsPerRequest = Histogram(reading: message.rows_per_request)
    }
}

extension FeatureStatistics {
    fileprivate func write(
        into message: inout Tandem__V1__FeatureStatistics, _ builder: MessageBuilder
    ) throws(WireError) {
        message.name = try builder.text(name)
        message.rows = rows
        message.missing_rows = missingRows
        message.unknown_values = unknownValues
        message.clipped_values = clippedValues
        message.values = values
    }

    fileprivate init(reading message: Tandem__V1__FeatureStatistics) {
        name = TextView(message.name).string
        rows = message.rows
        missingRows = message.missing_rows
        unknownValues = message.unknown_values
        clippedValues = message.clipped_values
        values = message.values
    }
}

extension Histogram {
    fileprivate func message(
        _ builder: MessageBuilder
    ) throws(WireError) -> UnsafeMutablePointer<Tandem__V1__Histogram> {
        let message = try builder.make(tandem__v1__histogram__init)
        message.pointee.n_bounds = bounds.count
        message.pointee.bounds = try builder.numbers(bounds)
        message.pointee.n_counts = counts.count
        message.pointee.counts = try builder.numbers(counts)
        message.pointee.sum = sum
        message.pointee.count = count
        message.pointee.minimum = minimum
        message.pointee.maximum = maximum
        return message
    }

    fileprivate init(reading message: UnsafeMutablePointer<Tandem__V1__Histogram>?) {
        guard let message = message?.pointee else { return }
        bounds = Array(UnsafeBufferPointer(start: message.bounds, count: message.n_bounds))
        counts = Array(UnsafeBufferPointer(start: message.counts, count: message.n_counts))
        sum = message.sum
        count = message.count
        minimum = message.minimum
        maximum = message.maximum
    }
}
