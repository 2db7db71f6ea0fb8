/* What Swift cannot call by itself: variadic system calls, GNU extensions behind feature macros,
 * macros that are not plain constants, and the system headers that the Glibc module leaves out
 * (epoll, eventfd, un.h).
 *
 * Every call returns 0 or a descriptor or a count on success and -errno on failure, so that Swift
 * never reads `errno` after something else may have set it. Calls restart by themselves on EINTR
 * unless their comment says otherwise. Descriptors made here are close-on-exec. Nothing here
 * allocates or keeps state; all of it may be called from any thread. */
#pragma once

#include <stdbool.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>

/* ---- Files ---- */

/* open(2) with O_CLOEXEC; mode is used only with O_CREAT. Returns the descriptor. */
int tandemsys_open(const char *path, int flags, unsigned mode);

/* A file's bytes from its beginning, at most `capacity`, however few each read gives. Returns how
 * many. */
ssize_t tandemsys_read_file(const char *path, void *ret_bytes, size_t capacity);

/* fsync(2). */
int tandemsys_sync(int fd);

/* fsync of a directory, so that a rename in it survives a crash. */
int tandemsys_sync_directory(const char *path);

/* Renames to a name that is free; -EEXIST or -ENOTEMPTY if it is taken. A file system without
 * RENAME_NOREPLACE is asked for a plain rename, which replaces no directory but an empty one. Only
 * for directories. */
int tandemsys_rename_directory(const char *path, const char *target);

/* Opens a directory and takes flock(2) on it, which closing gives back. With wait, until it is
 * free; else -EWOULDBLOCK if somebody holds it. Links are not followed. Returns the descriptor. */
int tandemsys_lock_directory(const char *path, bool wait);

/* ---- Sealed memory ---- */

/* memfd_create(2) with MFD_ALLOW_SEALING. name shows in /proc only. Returns the descriptor. */
int tandemsys_memfd(const char *name);

/* Seals a memfd against growing, writing and further sealing, but not shrinking. Waits up to some
 * 8 s for the kernel to let go of its pages; fails with EBUSY after that, and at once while it is
 * mapped writable. */
int tandemsys_seal(int fd);

/* True if every seal that tandemsys_seal sets is set; false for what is not a memfd. */
bool tandemsys_is_sealed(int fd);

/* ---- Resident memory ---- */

/* Gives the pages back that are free in the heap: free(3) keeps most of them for the next
 * malloc(3). */
void tandemsys_release_heap(void);

/* Takes the code of the program and its libraries out of the resident memory. What is run again
 * comes back from the page cache, which is some 1 us for 16 pages, and what only a start or a load
 * runs stays away. */
void tandemsys_release_code(void);

/* ---- Sockets ---- */

/* Who is at the other end of a Unix socket, as the kernel saw it when the peer connected (or,
 * for a socket that * listens, when it was bound). */
struct tandemsys_peer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};

/* socket(AF_UNIX, type | SOCK_CLOEXEC); type is SOCK_STREAM or SOCK_DGRAM, non-blocking if asked
 * for. */
int tandemsys_unix_socket(bool stream, bool nonblocking);

/* Fills a sockaddr_un from a path that need not end in NUL; a leading '@' means the abstract
 * name space. * Returns the address length; -ENAMETOOLONG if it does not fit sun_path (107 bytes
 * and a NUL), -EINVAL if it is empty or * has a NUL inside. */
int tandemsys_unix_address(const char *path, size_t length, struct sockaddr_un *ret_address);

/* The longest path that tandemsys_unix_address takes, in bytes. */
size_t tandemsys_unix_path_bytes_max(void);

int tandemsys_bind(int fd, const struct sockaddr_un *address, int length);
int tandemsys_connect(int fd, const struct sockaddr_un *address, int length);
int tandemsys_listen(int fd, int backlog);

/* accept4(2), non-blocking and close-on-exec. -EAGAIN if nobody waits; a peer that left
 * meanwhile (ECONNABORTED) is * passed over. */
int tandemsys_accept(int fd);

/* SO_PEERCRED. */
int tandemsys_peer_of(int fd, struct tandemsys_peer *ret_peer);

/* SO_PEERGROUPS: the other groups of the peer, at most capacity. Returns how many were written;
 * -ERANGE if there are more, -ENOPROTOOPT before Linux 4.13. */
int tandemsys_peer_groups(int fd, uint32_t *ret_gids, int capacity);

/* True if fd is a Unix stream socket that listens. */
bool tandemsys_is_listening_unix_stream(int fd);

/* recv(2) without flags. 0 is the end of the stream. */
ssize_t tandemsys_receive(int fd, void *bytes, size_t capacity);

/* send(2) with MSG_NOSIGNAL: a peer that left is -EPIPE, never a signal. May write less than
 * count. */
ssize_t tandemsys_send(int fd, const void *bytes, size_t count);

/* Sends one datagram to a Unix address; used by sd_notify. */
int tandemsys_send_to(
    int fd, const void *bytes, size_t count, const struct sockaddr_un *address, int length);

/* The same with a descriptor of ours, which the receiver gets a copy of. */
int tandemsys_send_descriptor_to(
    int fd, const void *bytes, size_t count, int passed, const struct sockaddr_un *address,
    int length);

/* Receives one datagram and the descriptor that came with it, or -1. Returns the bytes. */
ssize_t tandemsys_receive_descriptor(int fd, void *bytes, size_t capacity, int *ret_passed);

int tandemsys_set_nonblocking(int fd, bool nonblocking);
int tandemsys_set_cloexec(int fd, bool cloexec);

/* ---- Waiting ---- */

/* Bits that Swift cannot import because they are enum values or unsigned shifts. */
extern const uint32_t tandemsys_epoll_in;
extern const uint32_t tandemsys_epoll_out;
extern const uint32_t tandemsys_epoll_hangup;      /* EPOLLHUP | EPOLLERR, always reported */
extern const uint32_t tandemsys_epoll_exclusive;
extern const uint32_t tandemsys_epoll_once;        /* EPOLLONESHOT */

int tandemsys_epoll_create(void);
int tandemsys_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
int tandemsys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token);
int tandemsys_epoll_remove(int epoll, int fd);

/* One ready descriptor: epoll_event without its packing, which differs between architectures. */
struct tandemsys_ready {
    uint64_t token;
    uint32_t events;
};

/* epoll_wait(2); timeout_ms -1 waits for ever. Returns how many were ready, 0 also if a
 * wait was interrupted. capacity is at most 64. */
int tandemsys_epoll_wait(
    int epoll, struct tandemsys_ready *ret_ready, int capacity, int timeout_ms);

/* epoll_pwait2(2), of Linux 5.11: the same for so many nanoseconds at most. */
int tandemsys_epoll_wait_ns(
    int epoll, struct tandemsys_ready *ret_ready, int capacity, uint64_t nanoseconds);

/* Has the pages of a part of one mapping of a file in the page tables: reads a byte of each 64 KiB,
 * as much as the system enters at one fault (Linux 3.15: fault_around_bytes). */
void tandemsys_populate(const void *start, size_t byte_count);

/* Has this thread's timeouts end when they are over, rather than up to 50 us later (the kernel's
 * default timer slack). */
void tandemsys_use_precise_timeouts(void);

/* Gives the calling thread slices of 0.1 ms, so that it has its turn soon after it wakes, for
 * no more time in all (Linux 6.12: sched_attr.sched_runtime; before that, nothing). */
void tandemsys_use_short_slices(void);

/* Says that the calling thread had nothing to do until now_ns. */
void tandemsys_note_rest(uint64_t now_ns);

/* Has the calling thread yield (sched_yield) if at now_ns it was busy for busy_ns or longer, since
 * its last rest and its last such yield. Returns whether it did. */
bool tandemsys_give_way(uint64_t now_ns, uint64_t busy_ns);

/* A counter one thread adds to and another waits on; non-blocking. */
int tandemsys_eventfd(void);
int tandemsys_eventfd_signal(int fd);
int tandemsys_eventfd_clear(int fd);

/* An inotify(7) instance; non-blocking. Readable when something changed. */
int tandemsys_watch_create(void);

/* Watches a directory itself, not what is below it: names that come and go, files that were
 * written, permissions. Watching one that is watched changes nothing. Links are not followed. */
int tandemsys_watch_add(int fd, const char *path);

/* Takes all that waits. 1 if a watched directory changed, 0 if not (a watch that ended with its
 * directory). Events that the kernel dropped count as a change. */
int tandemsys_watch_take(int fd);

/* ---- Signals ---- */

/* Blocks the count signals for this thread and those it will start. */
int tandemsys_block_signals(const int *signals, int count);

/* Waits until one of the count signals is sent to the process, and returns it. They are blocked. */
int tandemsys_wait_signal(const int *signals, int count);

/* ---- Threads and time ---- */

/* Puts the calling thread under SCHED_IDLE, or back under SCHED_OTHER. Linux lets an
 * unprivileged thread return from SCHED_IDLE only if its nice limit allows, so treat -EPERM on
 * the way back as "stays idle". */
int tandemsys_set_idle_scheduling(bool idle);

/* Whether a thread, by its id or 0 for the calling one, runs under SCHED_IDLE. */
bool tandemsys_has_idle_scheduling(int thread);

/* Waits for a thread's end for at most so long; whether it has ended, and is joined then. */
bool tandemsys_join(pthread_t thread, uint64_t nanoseconds);

/* Says that requests were served, for threads that pause; by whatever serves them, as often as it
 * likes. Some 10 ns; counts of two threads at once may become one. */
void tandemsys_note_serving(void);

/* Has the calling thread, whatever it does, sleep after each turn_ns: for busy_pause_ns if anything
 * was served since it last went to sleep, and otherwise for idle_pause_ns. It does so by a timer's
 * SIGVTALRM, which interrupts no system call that can be restarted. To be ended by the same thread,
 * and not to be begun again before that; on an error there is nothing to end. */
int tandemsys_begin_pausing(uint64_t turn_ns, uint64_t idle_pause_ns, uint64_t busy_pause_ns);
void tandemsys_end_pausing(void);

/* How many processors the process may run on (sched_getaffinity); at least 1. */
int tandemsys_allowed_cores(void);

/* Keeps the calling thread to one of the cores that it may use, counted from 0. */
int tandemsys_keep_to_core(int index);

/* Names the calling thread for ps and top; cut to 15 bytes. */
void tandemsys_name_thread(const char *name);

/* CLOCK_MONOTONIC in nanoseconds: the clock that the wire's deadlines are in. */
uint64_t tandemsys_monotonic_ns(void);

/* Text of an errno value for messages; thread-safe. buffer is always NUL-terminated. */
void tandemsys_error_text(int error, char *ret_text, size_t capacity);
