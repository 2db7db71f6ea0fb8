/// Counts of durations, each known to 0.8 %.
///
/// 128 buckets an octave, from 1 ns to 18 minutes; what is longer is counted in the last. Adding
/// costs some nanoseconds, and a run of any length takes 40 KB.
struct LatencyHistogram: Equatable {
    private static let octaves = 40

    private(set) var counts = [UInt64](repeating: 0, count: (octaves - 6) * 128)
    private(set) var count: UInt64 = 0
    private(set) var maximum: UInt64 = 0
    private var sum: Double = 0

    /// The mean in nanoseconds; 0 of nothing.
    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// Counts a duration in nanoseconds.
    mutating func add(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        count += 1
        sum += Double(nanoseconds)
        maximum = max(maximum, nanoseconds)
    }

    static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
        left.count += right.count
        left.sum += right.sum
        left.maximum = max(left.maximum, right.maximum)
    }

    /// The duration that so large a share does not exceed, in microseconds; NaN of nothing.
    func microseconds(_ share: Double) -> Double {
        guard count > 0 else { return .nan }
        let rank = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for index in counts.indices {
            seen += counts[index]
            if seen >= rank { return Double(min(Self.upperBound(index), maximum)) / 1e3 }
        }
        return Double(maximum) / 1e3
    }

    /// The largest in microseconds.
    var maximumMicroseconds: Double { count == 0 ? .nan : Double(maximum) / 1e3 }

    private static func bucket(_ value: UInt64) -> Int {
        guard value >= 128 else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        let place = Int(value >> UInt64(octave - 7)) & 127
        return min((octave - 6) * 128 + place, (octaves - 6) * 128 - 1)
    }

    static func upperBound(_ bucket: Int) -> UInt64 {
        guard bucket >= 128 else { return UInt64(bucket) }
        let shift = UInt64(bucket / 128 - 1)
        return ((UInt64(bucket % 128) + 129) << shift) - 1
    }

    /// One line a bucket in use: its largest duration in nanoseconds, and its count.
    var text: String {
        var text = ""
        for index in counts.indices where counts[index] > 0 {
            text += "\(Self.upperBound(index)) \(counts[index])\n"
        }
        return text
    }

    /// Reads what `text` wrote; nil for what is something else.
    init?(text: Substring) {
        self.init()
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2, let value = UInt64(fields[0]), let times = UInt64(fields[1])
            else { return nil }
            counts[Self.bucket(value)] += times
            count += times
            sum += Double(value) * Double(times)
            maximum = max(maximum, value)
        }
    }

    /// Nothing counted.
    init() {}
}
