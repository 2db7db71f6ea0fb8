/// Times a piece of work by repeating it.
struct Stopwatch {
    /// A sample repeats the work until it has taken this long, so that the clock's step is small
    /// beside it.
    var sample: Duration = .microseconds(500)
    /// Samples taken; the best of them is what the machine does when nobody disturbs it.
    var sampleCount = 9

    /// The shortest mean time of one call of `work`, in seconds.
    func bestSeconds(_ work: () -> Void) -> Double {
        var calls = 1
        var best = seconds(calls, work)
        // The first sample also warms caches, and finds how many calls fill one.
        while best * Double(calls) < sample.seconds, calls < 1 << 24 {
            calls *= 2
            best = seconds(calls, work)
        }
        for _ in 1..<sampleCount { best = min(best, seconds(calls, work)) }
        return best
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
