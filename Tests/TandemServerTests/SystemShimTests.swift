import CTandemSystem
import Glibc
import Testing

@testable import TandemServer

@Suite struct SystemShimTests {
    @Test func `a sealed memfd can neither be written nor grow nor be unsealed`() {
        let memory = tandemsys_memfd("test")
        defer { close(memory) }
        #expect(memory >= 0)
        #expect(ftruncate(memory, 4_096) == 0)
        #expect(!tandemsys_is_sealed(memory))
        #expect(tandemsys_seal(memory) == 0)
        #expect(tandemsys_is_sealed(memory))
        var byte: UInt8 = 1
        #expect(pwrite(memory, &byte, 1, 0) == -1)
        #expect(ftruncate(memory, 8_192) == -1)
        #expect(ftruncate(memory, 1_024) == 0)
        #expect(tandemsys_seal(memory) == -EPERM)
    }

    @Test func `a thread gives way when it was busy for long, and then not for a while`() {
        let now = tandemsys_monotonic_ns()
        let hour: UInt64 = 3_600_000_000_000
        tandemsys_note_rest(now)
        #expect(!tandemsys_give_way(now + hour - 1, hour))
        #expect(tandemsys_give_way(now + hour, hour))
        // Busy since then, and not since an hour that is still to come.
        #expect(!tandemsys_give_way(now + hour - 1, hour))
        #expect(tandemsys_give_way(now + 2 * hour, hour))
    }

    @Test func `sealing waits until the kernel lets go of a page`() throws {
        let memory = tandemsys_memfd("test")
        defer { close(memory) }
        #expect(ftruncate(memory, 4_096) == 0)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (output, input) = (ends[0], ends[1])
        defer {
            close(output)
            close(input)
        }
        var byte: UInt8 = 1
        #expect(pwrite(memory, &byte, 1, 0) == 1)
        // The pipe holds the page itself, not a copy, until it is read.
        var offset: off_t = 0
        #expect(sendfile(input, memory, &offset, 4_096) == 4_096)
        // F_ADD_SEALS and F_SEAL_WRITE, which Swift does not see: one attempt is not enough.
        #expect(fcntl(memory, 1_033, 8) == -1)
        #expect(errno == EBUSY)
        let reader = try ServerThread(name: "reader") {
            // Longer than the kernel waits by itself.
            usleep(300_000)
            var bytes = [UInt8](repeating: 0, count: 4_096)
            _ = read(output, &bytes, bytes.count)
        }
        #expect(tandemsys_seal(memory) == 0)
        reader.join()
        #expect(tandemsys_is_sealed(memory))
    }

    @Test func `another thread has one that gives way give way no more`() throws {
        let (ready, isOver) = (tandemsys_eventfd(), tandemsys_eventfd())
        defer {
            close(ready)
            close(isOver)
        }
        let id = Locked<pid_t>(0)
        let thread = try ServerThread(name: "idle") {
            id.withLock { $0 = Self.threadID() }
            _ = tandemsys_set_idle_scheduling(true)
            _ = tandemsys_eventfd_signal(ready)
            Self.wait(isOver)
        }
        Self.wait(ready)
        // SCHED_IDLE, which Swift does not see.
        #expect(sched_getscheduler(id.withLock { $0 }) == 5)
        ServerThread.endGivingWay()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(13), &limit)
        let isAllowed = geteuid() == 0 || limit.rlim_cur >= 20
        #expect(sched_getscheduler(id.withLock { $0 }) == (isAllowed ? SCHED_OTHER : 5))
        _ = tandemsys_eventfd_signal(isOver)
        thread.join()
    }

    /// The calling thread's id: /proc/thread-self is a link to `<process>/task/<thread>`.
    private static func threadID() -> pid_t {
        var text = [CChar](repeating: 0, count: 64)
        guard readlink("/proc/thread-self", &text, text.count - 1) > 0 else { return 0 }
        return strrchr(&text, 47).map { pid_t(atoi($0 + 1)) } ?? 0
    }

    /// Waits until an eventfd is signalled.
    private static func wait(_ descriptor: Int32) {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&wait, 1, -1) < 1 {}
    }

    @Test func `what is no memfd has no seals`() {
        let descriptor = tandemsys_open("/dev/null", O_RDONLY, 0)
        defer { close(descriptor) }
        #expect(!tandemsys_is_sealed(descriptor))
    }

    @Test func `descriptors close on exec`() {
        for descriptor in [
            tandemsys_open("/dev/null", O_RDONLY, 0), tandemsys_memfd("x"), tandemsys_eventfd(),
            tandemsys_epoll_create(), tandemsys_unix_socket(true, true),
        ] {
            #expect(descriptor >= 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC == FD_CLOEXEC)
            close(descriptor)
        }
    }

    @Test func `failures are negative error numbers`() {
        #expect(tandemsys_open("/nowhere/at/all", O_RDONLY, 0) == -ENOENT)
        #expect(tandemsys_sync_directory("/nowhere/at/all") == -ENOENT)
        #expect(tandemsys_sync_directory("/tmp") == 0)
        var peer = tandemsys_peer()
        #expect(tandemsys_peer_of(-1, &peer) == -EBADF)
    }

    @Test func `an eventfd wakes an epoll once however often it was signalled`() {
        let event = tandemsys_eventfd()
        let epoll = tandemsys_epoll_create()
        defer {
            close(event)
            close(epoll)
        }
        #expect(tandemsys_epoll_add(epoll, event, tandemsys_epoll_in, 77) == 0)
        var ready = [tandemsys_ready](repeating: tandemsys_ready(), count: 4)
        #expect(tandemsys_epoll_wait(epoll, &ready, 4, 0) == 0)
        for _ in 0..<3 { #expect(tandemsys_eventfd_signal(event) == 0) }
        #expect(tandemsys_epoll_wait(epoll, &ready, 4, 0) == 1)
        #expect(ready[0].token == 77)
        #expect(tandemsys_eventfd_clear(event) == 0)
        #expect(tandemsys_epoll_wait(epoll, &ready, 4, 0) == 0)
    }

    @Test func `a process has a core, and time goes forward`() {
        #expect(tandemsys_allowed_cores() >= 1)
        let before = tandemsys_monotonic_ns()
        #expect(tandemsys_monotonic_ns() >= before)
    }

    @Test func `what is let go of memory is there again when it is used`() {
        let kept = Locked([1, 2, 3])
        tandemsys_release_heap()
        tandemsys_release_code()
        #expect(kept.withLock { $0.reduce(0, +) } == 6)
        #expect(ProcessMemory.residentBytes > 0)
    }
}
