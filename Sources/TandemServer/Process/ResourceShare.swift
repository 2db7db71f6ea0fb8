internal import CTandemSystem
internal import Glibc

// Design: what we may use is what the control group says, not what the host has.
//
// A quota of half a core on a machine of 64 makes 64 busy threads wait for each other most of the
// time. So the number of loops follows affinity and quota, whichever is less, rounded down: a quota
// of one and a half cores that two loops use up stops both for the rest of the period, which is the
// tail latency that nobody can explain afterwards.
//
// Both hierarchies are read, because hosts of either kind, and of both at once, are in use. A limit
// may stand at any level above ours, so all of them are looked at. What cannot be read limits
// nothing: inside of a container the path that /proc names may not be visible, and then the root of
// the mount is our own group.

/// Cores and memory that the control groups grant this process.
package struct ResourceShare: Equatable, Sendable {
    /// Cores by quota; nil for no quota.
    package let cores: Double?
    /// Bytes of memory; nil for no limit.
    package let memoryBytes: UInt64?

    /// Reads the groups of this process.
    ///
    /// - Parameter root: What stands before `/proc` and `/sys`; tests have their own.
    package init(root: String = "") {
        var cores: Double?
        var memory: UInt64?
        for group in Self.groups(root) {
            for level in group.levels {
                if let quota = group.isUnified ? Self.quota2(level) : Self.quota1(level) {
                    cores = min(cores ?? quota, quota)
                }
                let file = group.isUnified ? "memory.max" : "memory.limit_in_bytes"
                // The first version says "no limit" by a number near the largest.
                if let bytes = Self.text(level + "/" + file).flatMap(UInt64.init), bytes < 1 << 60 {
                    memory = min(memory ?? bytes, bytes)
                }
            }
        }
        self.cores = cores
        memoryBytes = memory
    }

    /// How many loops should run.
    ///
    /// - Parameter allowed: Cores that affinity allows; at least 1.
    /// - Returns: At least 1, at most `allowed`.
    package func loopCount(allowed: Int) -> Int {
        guard let cores else { return allowed }
        return max(1, min(allowed, Int(min(cores, 65_536))))
    }

    /// Whether a loop may poll instead of sleeping: with less than a core it would use up the quota
    /// that its work needs.
    package var maySpin: Bool { (cores ?? 1) >= 1 }

    // MARK: Groups

    private struct Group {
        let isUnified: Bool
        /// Directories from our own group up to the mount.
        let levels: [String]
    }

    private static func groups(_ root: String) -> [Group] {
        guard let table = text(root + "/proc/self/cgroup") else { return [] }
        var groups: [Group] = []
        for line in table.split(separator: "\n") {
            let fields = line.split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            let isUnified = fields[0] == "0" && controllers.isEmpty
            guard isUnified || controllers.contains("cpu") || controllers.contains("memory")
            else { continue }
            let mounts =
                isUnified
                ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
                : [String(fields[1])].map { "/sys/fs/cgroup/" + $0 }
                    + controllers.map { "/sys/fs/cgroup/" + $0 }
            for mount in mounts {
                groups.append(
                    Group(isUnified: isUnified, levels: levels(root + mount, fields[2])))
            }
        }
        return groups
    }

    private static func levels(_ mount: String, _ path: Substring) -> [String] {
        var names = path.split(separator: "/").map(String.init)
        var levels: [String] = []
        while !names.isEmpty {
            levels.append(mount + "/" + names.joined(separator: "/"))
            names.removeLast()
        }
        return levels + [mount]
    }

    /// `cpu.max`: quota and period in microseconds, or `max`.
    private static func quota2(_ level: String) -> Double? {
        guard let fields = text(level + "/cpu.max")?.split(separator: " "), fields.count == 2
        else { return nil }
        return quota(Double(fields[0]), Double(fields[1]))
    }

    /// `cpu.cfs_quota_us`, -1 for none, and `cpu.cfs_period_us`.
    private static func quota1(_ level: String) -> Double? {
        quota(
            text(level + "/cpu.cfs_quota_us").flatMap(Double.init),
            text(level + "/cpu.cfs_period_us").flatMap(Double.init))
    }

    private static func quota(_ quota: Double?, _ period: Double?) -> Double? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return quota / period
    }

    /// A small file's text without the line end; nil if it cannot be read.
    private static func text(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = tandemsys_read_file(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        var text = String(decoding: bytes[..<count], as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
