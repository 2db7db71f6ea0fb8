internal import CTandemSystem
internal import TandemFeatures
internal import TandemRequest
internal import TandemWire

// Design: counters without atomics.
//
// Each loop counts in plain memory of its own. Who wants to know asks every loop; each adds its
// copy between two requests, and the last one to answer sums up and replies. So counting costs an
// addition, and no reader ever sees half a count.

/// What one loop counted.
struct LoopStatistics: Sendable {
    /// One version of a model.
    struct Model: Sendable {
        let name: String
        let version: UInt64
        let featureNames: [String]
        var counters: ModelCounters
        var features: [FeatureCounts]
        let taskNames: [String]
        var scores: [ScoreHistogram]
    }

    var requests: UInt64 = 0
    /// Calls that wait or are half done, and nanoseconds of work that they are expected to take.
    var inFlight = 0
    var queuedWork: UInt64 = 0
    var refusals = FailureCounts()
    var models: [Model] = []
}

/// Gathers the statistics of all loops for one call.
package final class StatisticsCollector: Sendable {
    /// Whose call it is.
    let caller: Caller
    private let model: String
    private let state: Locked<State>

    private struct State {
        var awaited: Int
        var sum = LoopStatistics()
    }

    /// Starts gathering from a number of loops.
    init(_ caller: Caller, model: String, loopCount: Int) {
        self.caller = caller
        self.model = model
        state = Locked(State(awaited: loopCount))
    }

    /// Adds what a loop counted.
    ///
    /// - Returns: The sum, to the last loop that adds; nil to the others.
    func add(_ part: LoopStatistics) -> LoopStatistics? {
        state.withLock { state in
            state.sum.requests += part.requests
            state.sum.inFlight += part.inFlight
            state.sum.queuedWork += part.queuedWork
            state.sum.refusals += part.refusals
            for counted in part.models where model.isEmpty || counted.name == model {
                Self.add(counted, to: &state.sum.models)
            }
            state.awaited -= 1
            return state.awaited == 0 ? state.sum : nil
        }
    }

    private static func add(
        _ counted: LoopStatistics.Model, to models: inout [LoopStatistics.Model]
    ) {
        let known = models.firstIndex { known in
            known.name == counted.name && known.version == counted.version
        }
        guard let known else { return models.append(counted) }
        models[known].counters += counted.counters
        for index in models[known].features.indices {
            models[known].features[index] += counted.features[index]
        }
        for index in models[known].scores.indices {
            models[known].scores[index] += counted.scores[index]
        }
    }
}

extension LoopStatistics.Model {
    /// The counters as the wire has them.
    ///
    /// - Parameter unixOffset: CLOCK_REALTIME less CLOCK_MONOTONIC, in nanoseconds.
    /// - Returns: All that was counted.
    func wire(unixOffset: UInt64) -> ModelStatistics {
        var statistics = ModelStatistics()
        statistics.name = name
        statistics.version = version
        statistics.successes = counters.successes
        statistics.rows = counters.rows
        statistics.failures = counters.failures.wire
        statistics.receivedBytes = counters.receivedBytes
        statistics.sentBytes = counters.sentBytes
        statistics.expired = counters.expired
        statistics.late = counters.late
        if counters.lastRequest > 0 {
            statistics.lastRequestUnixNanoseconds = counters.lastRequest &+ unixOffset
        }
        statistics.stages = [
            StageStatistics(.wait, counters.wait.wire),
            StageStatistics(.decode, counters.decode.wire),
            StageStatistics(.features, counters.features.wire),
            StageStatistics(.compute, counters.compute.wire),
            StageStatistics(.rank, counters.rank.wire),
            StageStatistics(.encode, counters.encode.wire),
            StageStatistics(.total, counters.total.wire),
        ]
        statistics.rowsPerRequest = counters.rowsPerRequest.wire
        statistics.tasks = zip(taskNames, scores).map { name, scores in
            var task = TaskStatistics()
            task.name = name
            task.scores = scores.wire
            task.notFinite = scores.notFinite
            return task
        }
        statistics.features = zip(featureNames, features).map { name, counts in
            var feature = FeatureStatistics()
            feature.name = name
            feature.rows = UInt64(counts.rows)
            feature.missingRows = UInt64(counts.missingRows)
            feature.values = UInt64(counts.values)
            feature.unknownValues = UInt64(counts.unknownValues)
            feature.clippedValues = UInt64(counts.clippedValues)
            return feature
        }
        return statistics
    }
}

extension ScoreHistogram {
    /// As the wire has it: from the first bucket in use to the last.
    var wire: Histogram {
        var histogram = Histogram()
        guard let first = counts.firstIndex(where: { $0 > 0 }),
            let last = counts.lastIndex(where: { $0 > 0 })
        else { return histogram }
        histogram.bounds = Array(Self.bounds[first..<last])
        histogram.counts = Array(counts[first...last])
        histogram.sum = sum
        histogram.count = count
        histogram.minimum = Double(minimum)
        histogram.maximum = Double(maximum)
        return histogram
    }
}
