/// Times a piece of work by repeating it.
struct Stopwatch {
    /// A sample repeats the work until it has taken this long, so that the clock's step is small
    /// beside it.
    var sample: Duration = .microseconds(500)
    /// Samples taken; the best of them is what the machine does when nobody disturbs it.
    var sampleCount = 9

    /// The shortest mean time of one call of `work`, in seconds.
    func bestSeconds(_ work: () -> Void) -> Double {
        // Finding how many calls fill a sample also warms caches.
        let calls = callsPerSample(work)
        return (0..<sampleCount).map { _ in seconds(calls, work) }.min() ?? 0
    }

    /// The median time of one call of each of several works, in seconds: sample by sample in turn,
    /// so that a slow spell of the machine falls on all alike.
    func medianSeconds(_ works: [() -> Void]) -> [Double] {
        let calls = works.map(callsPerSample)
        var samples = works.map { _ in [Double]() }
        for _ in 0..<sampleCount {
            for index in works.indices {
                // The caches hold what this work leaves there, and not what the one before did: one
                // that is slow leaves them to the neighbours for long.
                works[index]()
                samples[index].append(seconds(calls[index], works[index]))
            }
        }
        return samples.map { $0.sorted()[$0.count / 2] }
    }

    private func callsPerSample(_ work: () -> Void) -> Int {
        var calls = 1
        while seconds(calls, work) * Double(calls) < sample.seconds, calls < 1 << 24 { calls *= 2 }
        return calls
    }

    private func seconds(_ calls: Int, _ work: () -> Void) -> Double {
        let elapsed = ContinuousClock().measure {
            for _ in 0..<calls { work() }
        }
        return elapsed.seconds / Double(calls)
    }
}

extension Duration {
    /// The whole duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
