import TandemClient

/// How long a daemon's loops took for requests of one model, by its statistics from one moment to
/// another.
///
/// Known to a quarter of an octave, as the daemon counts; within that every time is as likely as
/// another.
struct ServiceTimes {
    private let compute: Stage
    /// Nanoseconds of the stages before computing, on average.
    private let before: Double

    /// Nanoseconds of all that on average.
    var mean: Double { before + compute.mean }

    /// What a model's requests took between two reports; nil if there were none.
    init?(_ model: String, from first: StatisticsReport, to last: StatisticsReport) {
        guard let compute = Stage("compute", of: model, first, last) else { return nil }
        self.compute = compute
        before = ["decode", "features"].reduce(0) {
            $0 + (Stage($1, of: model, first, last)?.mean ?? 0)
        }
    }

    /// A request's nanoseconds.
    func draw(_ random: inout some RandomNumberGenerator) -> UInt64 {
        UInt64(before + compute.draw(&random))
    }

    /// One stage's durations: quarters of octaves, and how many lie in each.
    private struct Stage {
        private(set) var mean = 0.0
        private var quarters: [Int] = []
        /// Requests in a quarter and those before.
        private var upTo: [Int] = []

        init?(
            _ name: String, of model: String, _ first: StatisticsReport, _ last: StatisticsReport
        ) {
            var counts: [Int: Int] = [:]
            for (report, sign) in [(first, -1), (last, 1)] {
                for version in report.models where version.name == model {
                    for stage in version.stages where stage.name == name {
                        mean += stage.durations.sum * Double(sign)
                        Self.add(stage.durations, sign, &counts)
                    }
                }
            }
            var reached = 0
            for (quarter, count) in counts.sorted(by: { $0.key < $1.key }) where count > 0 {
                reached += count
                quarters.append(quarter)
                upTo.append(reached)
            }
            guard reached > 0 else { return nil }
            mean /= Double(reached)
        }

        func draw(_ random: inout some RandomNumberGenerator) -> Double {
            guard let count = upTo.last else { return 0 }
            let rank = Int.random(in: 1...count, using: &random)
            let quarter = quarters[upTo.firstIndex { $0 >= rank } ?? 0]
            let low = Double(1 << (quarter / 4)) * (1 + Double(quarter % 4) / 4)
            let high = low + Double(1 << (quarter / 4)) / 4
            return Double.random(in: low..<high, using: &random)
        }

        private static func add(
            _ durations: StatisticsReport.Distribution, _ sign: Int, _ counts: inout [Int: Int]
        ) {
            for (index, count) in durations.counts.enumerated() {
                let isLast = index == durations.bounds.count
                let highest = isLast ? durations.maximum : durations.bounds[index]
                counts[quarter(of: highest), default: 0] += Int(clamping: count) * sign
            }
        }

        private static func quarter(of nanoseconds: Double) -> Int {
            let value = UInt64(min(max(nanoseconds, 1), 0x1p60))
            let octave = 63 - value.leadingZeroBitCount
            return octave * 4 + (octave < 2 ? 0 : Int(value >> UInt64(octave - 2)) & 3)
        }
    }
}
