import Glibc
import Testing

@testable import TandemServer

/// Limits of control groups, read from a tree that looks like a host's.
@Suite struct ResourceShareTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func share(_ files: [String: String]) throws -> ResourceShare {
        for (path, text) in files {
            var directory = folder.path
            for name in path.split(separator: "/").dropLast() {
                directory += "/" + name
                mkdir(directory, 0o755)
            }
            let file = try #require(fopen(folder.path + path, "w"))
            fputs(text + "\n", file)
            fclose(file)
        }
        return ResourceShare(root: folder.path)
    }

    @Test func `nothing that can be read limits nothing`() throws {
        let share = try share([:])
        #expect(share.cores == nil && share.memoryBytes == nil)
        #expect(share.loopCount(allowed: 3) == 3 && share.maySpin)
    }

    @Test func `reads the unified hierarchy`() throws {
        let share = try share([
            "/proc/self/cgroup": "0::/system.slice/tandemd.service",
            "/sys/fs/cgroup/system.slice/tandemd.service/cpu.max": "50000 100000",
            "/sys/fs/cgroup/system.slice/tandemd.service/memory.max": "1073741824",
        ])
        #expect(share.cores == 0.5 && share.memoryBytes == 1 << 30)
        #expect(share.loopCount(allowed: 8) == 1 && !share.maySpin)
    }

    @Test func `a limit above ours counts, and max is none`() throws {
        let share = try share([
            "/proc/self/cgroup": "0::/a/b",
            "/sys/fs/cgroup/a/b/cpu.max": "max 100000", "/sys/fs/cgroup/a/cpu.max": "250000 100000",
            "/sys/fs/cgroup/a/b/memory.max": "max", "/sys/fs/cgroup/a/memory.max": "5000",
        ])
        #expect(share.cores == 2.5 && share.memoryBytes == 5_000)
        #expect(share.loopCount(allowed: 8) == 2 && share.loopCount(allowed: 1) == 1)
    }

    @Test func `reads the first version's hierarchies, -1 and near the largest are none`() throws {
        var files = [
            "/proc/self/cgroup": "12:memory:/x\n4:cpu,cpuacct:/x\n1:name=systemd:/x\n0::/",
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "-1",
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "9223372036854771712",
        ]
        let none = try share(files)
        #expect(none.cores == nil && none.memoryBytes == nil)
        files["/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us"] = "150000"
        files["/sys/fs/cgroup/memory/x/memory.limit_in_bytes"] = "4096"
        let some = try share(files)
        #expect(some.cores == 1.5 && some.memoryBytes == 4_096)
        #expect(some.loopCount(allowed: 2) == 1)
    }

    @Test func `a container's group is the mount itself`() throws {
        let share = try share([
            "/proc/self/cgroup": "0::/not/visible/here", "/sys/fs/cgroup/cpu.max": "200000 100000",
        ])
        #expect(share.cores == 2)
    }

    @Test(arguments: ["", "0", "0::", ":::", "0::/a\n", "x:cpu:/y"])
    func `a table that makes no sense limits nothing`(table: String) throws {
        #expect(try share(["/proc/self/cgroup": table]).cores == nil)
    }

    @Test(arguments: ["", "1", "-1 5", "5 0", "x y", "1 2 3"])
    func `a quota that makes no sense limits nothing`(quota: String) throws {
        let share = try share(["/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": quota])
        #expect(share.cores == nil)
    }
}
