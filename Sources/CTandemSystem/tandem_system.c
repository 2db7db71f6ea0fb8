#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

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

void tandemsys_populate(const void *start, size_t byte_count) {
    enum { around = 64 << 10 };
    const volatile unsigned char *bytes = start;
    for (size_t offset = 0; offset < byte_count; offset += around) (void)bytes[offset];
    /* It may lie in a part of its own. */
    if (byte_count > 0) (void)bytes[byte_count - 1];
}

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

void tandemsys_error_text(int error, char *ret_text, size_t capacity) {
    /* The GNU form: it may return its own constant string and leave the buffer alone. */
    char scratch[128];
    const char *text = strerror_r(error, scratch, sizeof scratch);
    if (capacity == 0)
        return;
    strncpy(ret_text, text, capacity - 1);
    ret_text[capacity - 1] = 0;
}
