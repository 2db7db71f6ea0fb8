/// Lets some lines of each kind through and counts the rest, so that a problem that comes a thousand
/// times a second is said once in a while, with how often it came.
struct LogRate {
    /// What becomes of a line.
    enum Verdict: Equatable {
        /// Write it; so many like it were left out before.
        case write(leftOut: Int)
        /// Leave it out.
        case leaveOut
    }

    /// Lines of a kind that a window lets through.
    static let linesMax = 20
    /// Nanoseconds of a window.
    static let windowNanoseconds: UInt64 = 10_000_000_000

    private struct Window {
        var start: UInt64
        var lines = 0
        var leftOut = 0
    }

    private var windows: [String: Window] = [:]

    /// A line came.
    ///
    /// - Parameters:
    ///   - kind: The place in the source that it comes from.
    ///   - now: CLOCK_MONOTONIC nanoseconds.
    /// - Returns: Whether to write it.
    mutating func admit(_ kind: String, now: UInt64) -> Verdict {
        var window = windows[kind] ?? Window(start: now)
        defer { windows[kind] = window }
        var before = 0
        if now &- window.start >= Self.windowNanoseconds {
            before = window.leftOut
            window = Window(start: now)
        }
        window.lines += 1
        guard window.lines > Self.linesMax else { return .write(leftOut: before) }
        window.leftOut += 1
        return .leaveOut
    }
}
