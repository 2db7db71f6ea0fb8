#define _GNU_SOURCE
#include "tandem_system.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Repeats a call while a signal interrupts it, then gives its result or -errno. */
#define RESTART(type, call) \
    ({ \
        type result_; \
        do { \
            result_ = (call); \
        } while (result_ < 0 && errno == EINTR); \
        result_ < 0 ? (type)-errno : result_; \
    })

int tandemsys_open(const char *path, int flags, unsigned mode) {
    return RESTART(int, open(path, flags | O_CLOEXEC, (mode_t)mode));
}

ssize_t tandemsys_read_file(const char *path, void *bytes, size_t capacity) {
    int fd = tandemsys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return fd;
    size_t done = 0;
    ssize_t count = 1;
    while (count > 0 && done < capacity) {
        count = RESTART(ssize_t, read(fd, (char *)bytes + done, capacity - done));
        if (count > 0)
            done += (size_t)count;
    }
    close(fd);
    return count < 0 ? count : (ssize_t)done;
}

int tandemsys_sync(int fd) { return RESTART(int, fsync(fd)); }

int tandemsys_sync_directory(const char *path) {
    int fd = tandemsys_open(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int result = tandemsys_sync(fd);
    close(fd);
    return result;
}

int tandemsys_rename_directory(const char *path, const char *target) {
    int result = RESTART(int, renameat2(AT_FDCWD, path, AT_FDCWD, target, RENAME_NOREPLACE));
    if (result == -EINVAL || result == -ENOSYS)
        result = RESTART(int, rename(path, target));
    return result;
}

int tandemsys_lock_directory(const char *path, bool wait) {
    int fd = tandemsys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    int result = RESTART(int, flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)));
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

/* ---- Sealed memory ---- */

/* Without F_SEAL_SHRINK, so that memory can be given back piece by piece. */
#define TANDEM_SEALS (F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_WRITE)

int tandemsys_memfd(const char *name) {
    return RESTART(int, memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

/* Sealing against writing fails with EBUSY while anything holds one of the pages, and on a busy
 * machine the kernel itself does: for compaction, reclaim or a write that went by. It waits 0.16 s,
 * but whoever has the page may not run for longer. */
int tandemsys_seal(int fd) {
    int result = -EBUSY;
    for (int attempt = 0; attempt < 50 && result == -EBUSY; attempt++)
        result = RESTART(int, fcntl(fd, F_ADD_SEALS, TANDEM_SEALS));
    return result;
}

bool tandemsys_is_sealed(int fd) {
    int seals = RESTART(int, fcntl(fd, F_GET_SEALS));
    return seals >= 0 && (seals & TANDEM_SEALS) == TANDEM_SEALS;
}

/* ---- Resident memory ---- */

void tandemsys_release_heap(void) { (void)malloc_trim(0); }

/* Pages of one call: the address space is locked over each. */
enum { RELEASED_BYTES = 512 << 10 };

static int release_code_of(struct dl_phdr_info *object, size_t size, void *page) {
    (void)size;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        /* What may be written has private pages, which would be lost. */
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W))
            continue;
        uintptr_t mask = *(const uintptr_t *)page - 1;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~mask;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + mask) & ~mask;
        for (; start < end; start += RELEASED_BYTES) {
            size_t count = end - start < RELEASED_BYTES ? end - start : RELEASED_BYTES;
            (void)madvise((void *)start, count, MADV_DONTNEED);
        }
    }
    return 0;
}

void tandemsys_release_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)dl_iterate_phdr(release_code_of, &page);
}

/* ---- Sockets ---- */

int tandemsys_unix_socket(bool stream, bool nonblocking) {
    int kind = stream ? SOCK_STREAM : SOCK_DGRAM;
    int type = kind | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
    return RESTART(int, socket(AF_UNIX, type, 0));
}

size_t tandemsys_unix_path_bytes_max(void) {
    return sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
}

int tandemsys_unix_address(const char *path, size_t length, struct sockaddr_un *ret_address) {
    if (length == 0 || memchr(path, 0, length))
        return -EINVAL;
    if (length > tandemsys_unix_path_bytes_max())
        return -ENAMETOOLONG;
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->sun_family = AF_UNIX;
    memcpy(ret_address->sun_path, path, length);
    if (path[0] == '@') {
        /* An abstract name is exactly as long as the address says; it has no NUL at its end. */
        ret_address->sun_path[0] = 0;
        return (int)(offsetof(struct sockaddr_un, sun_path) + length);
    }
    return (int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int tandemsys_bind(int fd, const struct sockaddr_un *address, int length) {
    return RESTART(int, bind(fd, (const struct sockaddr *)address, (socklen_t)length));
}

int tandemsys_connect(int fd, const struct sockaddr_un *address, int length) {
    return RESTART(int, connect(fd, (const struct sockaddr *)address, (socklen_t)length));
}

int tandemsys_listen(int fd, int backlog) { return RESTART(int, listen(fd, backlog)); }

int tandemsys_accept(int fd) {
    for (;;) {
        int result = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (result >= 0)
            return result;
        if (errno != EINTR && errno != ECONNABORTED)
            return -errno;
    }
}

int tandemsys_peer_of(int fd, struct tandemsys_peer *ret_peer) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return -errno;
    ret_peer->pid = credentials.pid;
    ret_peer->uid = credentials.uid;
    ret_peer->gid = credentials.gid;
    return 0;
}

static bool option_is(int fd, int option, int wanted) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 && value == wanted;
}

int tandemsys_peer_groups(int fd, uint32_t *ret_gids, int capacity) {
    _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "gid_t is 32 bits on Linux");
    socklen_t length = (socklen_t)capacity * sizeof(gid_t);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret_gids, &length) < 0)
        return -errno;
    return (int)(length / sizeof(gid_t));
}

bool tandemsys_is_listening_unix_stream(int fd) {
    return option_is(fd, SO_DOMAIN, AF_UNIX) && option_is(fd, SO_TYPE, SOCK_STREAM) &&
           option_is(fd, SO_ACCEPTCONN, 1);
}

ssize_t tandemsys_receive(int fd, void *bytes, size_t capacity) {
    return RESTART(ssize_t, recv(fd, bytes, capacity, 0));
}

ssize_t tandemsys_send(int fd, const void *bytes, size_t count) {
    return RESTART(ssize_t, send(fd, bytes, count, MSG_NOSIGNAL));
}

int tandemsys_send_to(
    int fd, const void *bytes, size_t count, const struct sockaddr_un *address, int length) {
    ssize_t sent = RESTART(
        ssize_t, sendto(fd, bytes, count, MSG_NOSIGNAL, (const struct sockaddr *)address,
                        (socklen_t)length));
    return sent < 0 ? (int)sent : 0;
}

/* Room for one descriptor beside a message, aligned as its header. */
union descriptor_message {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int tandemsys_send_descriptor_to(
    int fd, const void *bytes, size_t count, int passed, const struct sockaddr_un *address,
    int length) {
    struct iovec part = {(void *)bytes, count};
    union descriptor_message control = {.header = {
        .cmsg_len = CMSG_LEN(sizeof passed), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = (socklen_t)length, .msg_iov = &part,
        .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    ssize_t sent = RESTART(ssize_t, sendmsg(fd, &message, MSG_NOSIGNAL));
    return sent < 0 ? (int)sent : 0;
}

ssize_t tandemsys_receive_descriptor(int fd, void *bytes, size_t capacity, int *ret_passed) {
    struct iovec part = {bytes, capacity};
    union descriptor_message control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control.bytes};
    ssize_t count = RESTART(ssize_t, recvmsg(fd, &message, MSG_CMSG_CLOEXEC));
    *ret_passed = -1;
    struct cmsghdr *header = count < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(ret_passed, CMSG_DATA(header), sizeof *ret_passed);
    return count;
}

int tandemsys_set_nonblocking(int fd, bool nonblocking) {
    int flags = RESTART(int, fcntl(fd, F_GETFL));
    if (flags < 0)
        return flags;
    return RESTART(int, fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int tandemsys_set_cloexec(int fd, bool cloexec) {
    return RESTART(int, fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0));
}

/* ---- Waiting ---- */

const uint32_t tandemsys_epoll_in = EPOLLIN;
const uint32_t tandemsys_epoll_out = EPOLLOUT;
const uint32_t tandemsys_epoll_hangup = EPOLLHUP | EPOLLERR;
const uint32_t tandemsys_epoll_exclusive = EPOLLEXCLUSIVE;
const uint32_t tandemsys_epoll_once = EPOLLONESHOT;

int tandemsys_epoll_create(void) { return RESTART(int, epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return RESTART(int, epoll_ctl(epoll, operation, fd, &event));
}

int tandemsys_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

int tandemsys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

int tandemsys_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

static struct timespec timespec_of(uint64_t nanoseconds) {
    return (struct timespec){
        .tv_sec = (time_t)(nanoseconds / 1000000000u),
        .tv_nsec = (long)(nanoseconds % 1000000000u),
    };
}

enum { ready_max = 64 };

static int ready_count(int capacity) { return capacity < ready_max ? capacity : ready_max; }

/* What epoll reported, without the packing; count may be an error. */
static int take_ready(
    const struct epoll_event *events, int count, struct tandemsys_ready *ret_ready) {
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        ret_ready[i].token = events[i].data.u64;
        ret_ready[i].events = events[i].events;
    }
    return count;
}

int tandemsys_epoll_wait(
    int epoll, struct tandemsys_ready *ret_ready, int capacity, int timeout_ms) {
    struct epoll_event events[ready_max];
    int count;
    do
        count = epoll_wait(epoll, events, ready_count(capacity), timeout_ms);
    while (count < 0 && errno == EINTR && timeout_ms == 0);
    return take_ready(events, count, ret_ready);
}

int tandemsys_epoll_wait_ns(
    int epoll, struct tandemsys_ready *ret_ready, int capacity, uint64_t nanoseconds) {
    struct epoll_event events[ready_max];
    struct timespec timeout = timespec_of(nanoseconds);
    int count = epoll_pwait2(epoll, events, ready_count(capacity), &timeout, NULL);
    return take_ready(events, count, ret_ready);
}

void tandemsys_use_short_slices(void) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } own = {0};
    /* A caller that was given another policy, or a nice value, keeps it. */
    long result = syscall(SYS_sched_getattr, 0, &own, sizeof own, 0);
    if (result != 0 || own.policy != SCHED_OTHER) return;
    own.runtime = 100000;
    (void)syscall(SYS_sched_setattr, 0, &own, 0);
}

void tandemsys_populate(const void *start, size_t byte_count) {
    enum { around = 64 << 10 };
    const volatile unsigned char *bytes = start;
    for (size_t offset = 0; offset < byte_count; offset += around) (void)bytes[offset];
    /* It may lie in a part of its own. */
    if (byte_count > 0) (void)bytes[byte_count - 1];
}

void tandemsys_use_precise_timeouts(void) { (void)prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul); }

int tandemsys_eventfd(void) { return RESTART(int, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int tandemsys_eventfd_signal(int fd) {
    uint64_t one = 1;
    ssize_t written = RESTART(ssize_t, write(fd, &one, sizeof one));
    /* -EAGAIN means the counter is full: the other side is already woken. */
    return written < 0 && written != -EAGAIN ? (int)written : 0;
}

int tandemsys_eventfd_clear(int fd) {
    uint64_t count;
    ssize_t got = RESTART(ssize_t, read(fd, &count, sizeof count));
    return got < 0 && got != -EAGAIN ? (int)got : 0;
}

int tandemsys_watch_create(void) { return RESTART(int, inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }

int tandemsys_watch_add(int fd, const char *path) {
    const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE |
        IN_ATTRIB | IN_ONLYDIR | IN_DONT_FOLLOW;
    int result = RESTART(int, inotify_add_watch(fd, path, mask));
    return result < 0 ? result : 0;
}

int tandemsys_watch_take(int fd) {
    union {
        struct inotify_event event;
        char bytes[4096];
    } buffer;
    int changed = 0;
    while (true) {
        ssize_t count = RESTART(ssize_t, read(fd, &buffer, sizeof buffer));
        if (count <= 0)
            return changed;
        for (ssize_t at = 0; at < count;) {
            struct inotify_event event;
            memcpy(&event, buffer.bytes + at, sizeof event);
            changed |= event.mask != IN_IGNORED;
            at += (ssize_t)(sizeof event + event.len);
        }
    }
}

/* ---- Signals ---- */

static sigset_t signal_set(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++)
        sigaddset(&set, signals[i]);
    return set;
}

int tandemsys_block_signals(const int *signals, int count) {
    sigset_t set = signal_set(signals, count);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int tandemsys_wait_signal(const int *signals, int count) {
    sigset_t set = signal_set(signals, count);
    return RESTART(int, sigwaitinfo(&set, NULL));
}

/* ---- Threads and time ---- */

int tandemsys_set_idle_scheduling(bool idle) {
    struct sched_param parameters = {0};
    int error = pthread_setschedparam(pthread_self(), idle ? SCHED_IDLE : SCHED_OTHER, &parameters);
    return -error;
}

bool tandemsys_join(pthread_t thread, uint64_t nanoseconds) {
    const uint64_t until = tandemsys_monotonic_ns() + nanoseconds;
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    /* It does not know the call below, takes the thread for alive, and gives up when the next one
     * has its number. */
    while (pthread_tryjoin_np(thread, NULL) != 0) {
        if (tandemsys_monotonic_ns() >= until) return false;
        sched_yield();
    }
    return true;
#endif
#endif
    const struct timespec end = timespec_of(until);
    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &end) == 0;
}

bool tandemsys_has_idle_scheduling(int thread) { return sched_getscheduler(thread) == SCHED_IDLE; }

/* How often something was served; see tandemsys_note_serving. */
static _Atomic uint64_t served;

void tandemsys_note_serving(void) {
    uint64_t count = atomic_load_explicit(&served, memory_order_relaxed);
    atomic_store_explicit(&served, count + 1, memory_order_relaxed);
}

/* What the calling thread's pauses go by. */
static _Thread_local struct {
    timer_t timer;
    struct itimerspec turn;
    struct timespec idle_pause, busy_pause;
    uint64_t served;
} pausing;

/* Begins the next turn only now: a timer that repeats leaves a thread no turn at all where it wakes
 * late. timer_settime(2) and nanosleep(2) may be called from handlers. */
static void pause_briefly(int signal) {
    (void)signal;
    int error = errno;
    uint64_t before = pausing.served;
    pausing.served = atomic_load_explicit(&served, memory_order_relaxed);
    (void)nanosleep(before == pausing.served ? &pausing.idle_pause : &pausing.busy_pause, NULL);
    (void)timer_settime(pausing.timer, 0, &pausing.turn, NULL);
    errno = error;
}

int tandemsys_begin_pausing(uint64_t turn_ns, uint64_t idle_pause_ns, uint64_t busy_pause_ns) {
    struct sigaction action = {.sa_handler = pause_briefly, .sa_flags = SA_RESTART};
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    if (sigaction(SIGVTALRM, &action, NULL) < 0)
        return -errno;
    int error = pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
    if (error != 0)
        return -error;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, &pausing.timer) < 0)
        return -errno;
    tandemsys_use_precise_timeouts();
    pausing.idle_pause = timespec_of(idle_pause_ns);
    pausing.busy_pause = timespec_of(busy_pause_ns);
    pausing.served = atomic_load_explicit(&served, memory_order_relaxed);
    pausing.turn = (struct itimerspec){.it_value = timespec_of(turn_ns)};
    if (timer_settime(pausing.timer, 0, &pausing.turn, NULL) < 0) {
        error = errno;
        (void)timer_delete(pausing.timer);
    }
    return -error;
}

void tandemsys_end_pausing(void) { (void)timer_delete(pausing.timer); }

int tandemsys_keep_to_core(int index) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return -errno;
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (!CPU_ISSET(core, &allowed) || index-- > 0)
            continue;
        CPU_SET(core, &one);
        return RESTART(int, sched_setaffinity(0, sizeof one, &one));
    }
    return -EINVAL;
}

int tandemsys_allowed_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

void tandemsys_name_thread(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(pthread_self(), cut);
}

uint64_t tandemsys_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void tandemsys_error_text(int error, char *ret_text, size_t capacity) {
    /* The GNU form: it may return its own constant string and leave the buffer alone. */
    char scratch[128];
    const char *text = strerror_r(error, scratch, sizeof scratch);
    if (capacity == 0)
        return;
    strncpy(ret_text, text, capacity - 1);
    ret_text[capacity - 1] = 0;
}
