internal import CTandemSystem
internal import Glibc

// Design: who gives way must still get something.
//
// Beside programs that keep all cores busy, a thread under SCHED_IDLE gets three thousandths of one:
// a model of 77 KB took 93 s to load beside two compilers. So the threads that give way are looked
// at once a second. If they had less than a hundredth of a second of a core for two seconds running,
// and one of them is ready to run and does not, they give way no more until the load is done. A load
// that waits for its disk sleeps and is left alone, and so is one beside a daemon that is merely
// well used: one thread gets three hundredths there (`GivingWay`).

/// Watches whether the threads that give way get next to nothing.
struct Starvation {
    /// How often to look.
    static let lookNanoseconds: UInt64 = 1_000_000_000
    /// Nanoseconds of a core for all of them between two looks that are enough.
    private static let enough: UInt64 = 10_000_000
    private static let looksMin = 2

    private var spent: UInt64
    private var hungryLooks = 0

    /// Begins to watch.
    init() { spent = Self.look().spent }

    /// Looks again.
    ///
    /// - Returns: Whether they starve.
    mutating func look() -> Bool {
        let (now, isReady) = Self.look()
        // Of threads that ended meanwhile nothing is known.
        let isHungry = isReady && now >= spent && now - spent < Self.enough
        spent = now
        hungryLooks = isHungry ? hungryLooks + 1 : 0
        return hungryLooks >= Self.looksMin
    }

    /// What the threads that give way have had so far in all, and whether one of them could run now.
    private static func look() -> (spent: UInt64, isReady: Bool) {
        var spent: UInt64 = 0
        var isReady = false
        for id in ServerThread.all where tandemsys_has_idle_scheduling(id) {
            let task = "/proc/self/task/\(id)/"
            // "nanoseconds-on-core nanoseconds-waited slices".
            let figures = text(task + "schedstat").split(separator: " ")
            spent &+= figures.first.flatMap { UInt64($0) } ?? 0
            // "id (name) state ...", where the name may be anything.
            let state = text(task + "stat").split(separator: ")").last?.first { $0 != " " }
            isReady = isReady || state == "R"
        }
        return (spent, isReady)
    }

    private static func text(_ path: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = tandemsys_read_file(path, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
