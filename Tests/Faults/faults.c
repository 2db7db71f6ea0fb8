/* Comes between a daemon and the C library (LD_PRELOAD): makes calls fail or fall short the way a
 * busy kernel may, and counts the calls that cost something.
 *
 * TANDEM_FAULTS=name:period,... makes every period-th call of a kind misbehave:
 *   eintr      recv, send, sendto, sendmsg, recvmsg, epoll_wait, poll, read, write, pread, pwrite,
 *              open, fsync and accept4 fail with EINTR
 *   short      recv and send move at most 7 bytes, and so do read, write, pread and pwrite of files
 *   again      recv and send fail with EAGAIN
 *   emfile     accept4 fails with EMFILE
 *   enomem     accept4 fails with ENOMEM
 *   aborted    accept4 fails with ECONNABORTED
 *   unwatched  epoll_ctl has no memory to watch one more descriptor
 *   clock      the wall clock jumps an hour back or forth
 * TANDEM_COUNTS=FILE keeps the counters below in a file that others may map.
 * TANDEM_MONOTONIC=FILE: an 8-byte number in that file, when it is not 0, is what CLOCK_MONOTONIC
 * says, in nanoseconds.
 * TANDEM_DESCRIPTOR_FAULT=FILE: as below, for open and memfd_create at the descriptor limit.
 * TANDEM_MEMORY_FAULT=FILE: a 4-byte number n in that file, when it is not 0, makes the n-th call
 * from then on that takes memory for a model fail, and counts down to 0 on the way: malloc, calloc,
 * realloc and mmap of 64 KiB and more, posix_memalign to 64 bytes, as a tensor's memory is, however
 * little, memfd_create, ftruncate and pwrite. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* In the order in which the tests read them. */
enum count { RECV, SEND, EPOLL_WAIT, EPOLL_CTL, READ, WRITE, MMAP, MALLOC, LOCK, COUNTS };

static _Atomic uint64_t fallback[COUNTS];
static _Atomic uint64_t *counts = fallback;

struct fault {
    unsigned period;
    _Atomic unsigned calls;
};
static struct fault eintr, shorten, again, emfile, enomem, aborted, unwatched, jump;

static _Atomic uint64_t no_monotonic;
static _Atomic uint64_t *monotonic = &no_monotonic;
static _Atomic int32_t no_memory_fault, no_descriptor_fault;
static _Atomic int32_t *memory_fault = &no_memory_fault;
static _Atomic int32_t *descriptor_fault = &no_descriptor_fault;

static void set_fault(const char *text, const char *name, struct fault *fault) {
    const char *found = strstr(text, name);
    if (found && found[strlen(name)] == ':')
        fault->period = (unsigned)atoi(found + strlen(name) + 1);
}

/* A file's first bytes, for others to map too; NULL if there is none. */
static void *shared(const char *path, size_t size) {
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return NULL;
    void *memory = MAP_FAILED;
    if (ftruncate(fd, (off_t)size) == 0)
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("TANDEM_FAULTS");
    if (text) {
        set_fault(text, "eintr", &eintr);
        set_fault(text, "short", &shorten);
        set_fault(text, "again", &again);
        set_fault(text, "emfile", &emfile);
        set_fault(text, "enomem", &enomem);
        set_fault(text, "aborted", &aborted);
        set_fault(text, "unwatched", &unwatched);
        set_fault(text, "clock", &jump);
    }
    void *memory = shared(getenv("TANDEM_COUNTS"), sizeof fallback);
    if (memory)
        counts = memory;
    memory = shared(getenv("TANDEM_MONOTONIC"), sizeof no_monotonic);
    if (memory)
        monotonic = memory;
    memory = shared(getenv("TANDEM_MEMORY_FAULT"), sizeof no_memory_fault);
    if (memory)
        memory_fault = memory;
    memory = shared(getenv("TANDEM_DESCRIPTOR_FAULT"), sizeof no_descriptor_fault);
    if (memory)
        descriptor_fault = memory;
}

static void count(enum count which) { atomic_fetch_add(&counts[which], 1); }

/* Whether this call of the kind is one that misbehaves. */
static int strikes(struct fault *fault) {
    return fault->period && (atomic_fetch_add(&fault->calls, 1) + 1) % fault->period == 0;
}

/* Whether a call that takes so much memory is the one that fails. */
static int starves(size_t size) {
    if (size < (64 << 10) || atomic_load(memory_fault) <= 0)
        return 0;
    return atomic_fetch_sub(memory_fault, 1) == 1;
}

/* Whether this call that makes a descriptor is the one that finds none left. */
static int lacks_descriptor(void) {
    return atomic_load(descriptor_fault) > 0 && atomic_fetch_sub(descriptor_fault, 1) == 1;
}

#define MUCH SIZE_MAX

#define NEXT(name)                                                                               \
    static __typeof__(name) *next;                                                               \
    if (!next)                                                                                   \
    next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define FAIL(error)                                                                              \
    do {                                                                                         \
        errno = error;                                                                           \
        return -1;                                                                               \
    } while (0)

/* How many bytes a call on a file moves; what comes in records, such as an eventfd, is not cut. */
static size_t cut(int fd, size_t length) {
    struct stat status;
    if (!shorten.period || length <= 7 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return length;
    return strikes(&shorten) ? 7 : length;
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    NEXT(recv);
    count(RECV);
    if (strikes(&eintr))
        FAIL(EINTR);
    if (strikes(&again))
        FAIL(EAGAIN);
    return next(fd, bytes, strikes(&shorten) && length > 7 ? 7 : length, flags);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    NEXT(send);
    count(SEND);
    if (strikes(&eintr))
        FAIL(EINTR);
    if (strikes(&again))
        FAIL(EAGAIN);
    return next(fd, bytes, strikes(&shorten) && length > 7 ? 7 : length, flags);
}

ssize_t sendto(
    int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
    socklen_t size) {
    NEXT(sendto);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, bytes, length, flags, address, size);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    NEXT(sendmsg);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    NEXT(recvmsg);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, message, flags);
}

int poll(struct pollfd *polls, nfds_t count, int timeout) {
    NEXT(poll);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(polls, count, timeout);
}

int fsync(int fd) {
    NEXT(fsync);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd);
}

int open(const char *path, int flags, ...) {
    NEXT(open);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (lacks_descriptor())
        FAIL(EMFILE);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime);
    static _Atomic long offset;
    int result = next(clock, time);
    uint64_t said = clock == CLOCK_MONOTONIC ? atomic_load(monotonic) : 0;
    if (said) {
        time->tv_sec = (time_t)(said / 1000000000);
        time->tv_nsec = (long)(said % 1000000000);
    }
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return result;
    if (strikes(&jump))
        atomic_fetch_xor(&offset, 3600);
    time->tv_sec += atomic_load(&offset);
    return result;
}

int epoll_wait(int fd, struct epoll_event *events, int capacity, int timeout) {
    NEXT(epoll_wait);
    count(EPOLL_WAIT);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, events, capacity, timeout);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    NEXT(epoll_ctl);
    count(EPOLL_CTL);
    if (operation == EPOLL_CTL_ADD && strikes(&unwatched))
        FAIL(ENOMEM);
    return next(epoll, operation, fd, event);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    NEXT(accept4);
    if (strikes(&eintr))
        FAIL(EINTR);
    if (strikes(&emfile))
        FAIL(EMFILE);
    if (strikes(&enomem))
        FAIL(ENOMEM);
    if (strikes(&aborted))
        FAIL(ECONNABORTED);
    return next(fd, address, length, flags);
}

ssize_t read(int fd, void *bytes, size_t length) {
    NEXT(read);
    count(READ);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, bytes, cut(fd, length));
}

ssize_t write(int fd, const void *bytes, size_t length) {
    NEXT(write);
    count(WRITE);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, bytes, cut(fd, length));
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    NEXT(mmap);
    count(MMAP);
    if (starves(length)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return next(address, length, protection, flags, fd, offset);
}

int pthread_mutex_lock(pthread_mutex_t *mutex) {
    NEXT(pthread_mutex_lock);
    count(LOCK);
    return next(mutex);
}

/* glibc keeps its own under these names; dlsym itself allocates, so it cannot be asked here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size) {
    count(MALLOC);
    if (starves(size))
        return NULL;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(MALLOC);
    if (starves(number * size))
        return NULL;
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count(MALLOC);
    if (starves(size))
        return NULL;
    return __libc_realloc(memory, size);
}

void *__libc_memalign(size_t alignment, size_t size);

int posix_memalign(void **ret_memory, size_t alignment, size_t size) {
    count(MALLOC);
    void *memory = starves(alignment >= 64 ? MUCH : size) ? NULL : __libc_memalign(alignment, size);
    if (!memory)
        return ENOMEM;
    *ret_memory = memory;
    return 0;
}

int memfd_create(const char *name, unsigned flags) {
    NEXT(memfd_create);
    if (starves(MUCH))
        FAIL(ENOMEM);
    if (lacks_descriptor())
        FAIL(EMFILE);
    return next(name, flags);
}

int ftruncate(int fd, off_t length) {
    NEXT(ftruncate);
    if (starves(MUCH))
        FAIL(ENOMEM);
    return next(fd, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    NEXT(pwrite);
    if (starves(MUCH))
        FAIL(ENOSPC);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, bytes, cut(fd, length), offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) {
    NEXT(pread);
    if (strikes(&eintr))
        FAIL(EINTR);
    return next(fd, bytes, cut(fd, length), offset);
}
