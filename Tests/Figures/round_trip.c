// A blocking client that asks one thing after another, and a bare server to compare with.
//
//     round_trip ask SOCKET FRAMES SECONDS CORE [fixed]
//         FRAMES: requests, each behind its length in 4 bytes. They are sent in turn; an answer is
//         a frame behind its length as a varint (or in 4 bytes: `fixed`). Prints JSON.
//     round_trip echo SOCKET REQUEST_BYTES ANSWER_BYTES SPIN_US BUSY_NS CORE
//         Answers each request of that many bytes, after BUSY_NS of work, with a frame of that
//         many. Waits as the daemon does: polls for SPIN_US, then sleeps in epoll.
//     round_trip hold SOCKET COUNT DRIBBLING SECONDS
//         Opens connections that ask nothing; some send a byte a second of a frame that never ends.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "round_trip: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (core >= 0) sched_setaffinity(0, sizeof set, &set);
}

static int open_socket(const char *path, int listens) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    if (listens) {
        unlink(path);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 16)) fail(path);
    } else if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        fail(path);
    }
    return fd;
}

static void send_all(int fd, const unsigned char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        bytes += sent;
        count -= (size_t)sent;
    }
}

// The bytes of the frame that `buffer` begins with, its length included; 0 while that is unknown.
static size_t frame_size(const unsigned char *buffer, size_t count, int fixed) {
    if (fixed) {
        uint32_t size;
        if (count < 4) return 0;
        memcpy(&size, buffer, 4);
        return size + 4u;
    }
    size_t size = 0;
    for (size_t index = 0; index < count && index < 10; index++) {
        size |= (size_t)(buffer[index] & 0x7F) << (7 * index);
        if (buffer[index] < 0x80) return size + index + 1;
    }
    return 0;
}

static int ascending(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void ask(char **argument, int fixed) {
    static unsigned char answer[1 << 22];
    static uint32_t samples[1 << 21];
    FILE *file = fopen(argument[1], "rb");
    if (!file) fail(argument[1]);
    unsigned char *requests[4096];
    uint32_t sizes[4096];
    size_t request_count = 0;
    while (request_count < 4096 && fread(&sizes[request_count], 4, 1, file) == 1) {
        requests[request_count] = malloc(sizes[request_count]);
        if (fread(requests[request_count], 1, sizes[request_count], file) != sizes[request_count])
            fail("short file");
        request_count++;
    }
    pin(atoi(argument[3]));
    int fd = open_socket(argument[0], 0);
    size_t count = 0, size = 0;
    uint64_t end = now() + (uint64_t)(atof(argument[2]) * 1e9), begin = now();
    for (size_t turn = 0; now() < end && count < 1 << 21; turn++) {
        size_t which = turn % request_count, have = 0;
        uint64_t start = now();
        send_all(fd, requests[which], sizes[which]);
        for (size = 0; !size || have < size; size = frame_size(answer, have, fixed)) {
            ssize_t received = recv(fd, answer + have, sizeof answer - have, 0);
            if (received <= 0) fail("recv");
            have += (size_t)received;
        }
        if (turn >= 50) samples[count++] = (uint32_t)(now() - start);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    double sum = 0;
    for (size_t index = 0; index < count; index++) sum += samples[index];
    qsort(samples, count, sizeof *samples, ascending);
    if (!count) fail("no samples");
    printf("{\"count\": %zu, \"seconds\": %.6f, \"p50_us\": %.3f, \"p99_us\": %.3f, "
           "\"mean_us\": %.3f, \"cpu_us\": %.3f, \"request_bytes\": %u, \"answer_bytes\": %zu}\n",
           count, (double)(now() - begin) / 1e9, samples[count / 2] / 1e3,
           samples[count * 99 / 100] / 1e3, sum / (double)count / 1e3, cpu / (double)count,
           sizes[0], size);
}

static void echo(char **argument) {
    static unsigned char bytes[1 << 22];
    size_t request_bytes = strtoul(argument[1], NULL, 10);
    size_t answer_bytes = strtoul(argument[2], NULL, 10);
    uint64_t spin = strtoul(argument[3], NULL, 10) * 1000, busy = strtoul(argument[4], NULL, 10);
    pin(atoi(argument[5]));
    int listener = open_socket(argument[0], 1);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        int epoll = epoll_create1(0);
        struct epoll_event event = {.events = EPOLLIN};
        if (fd < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) fail("accept");
        size_t have = 0;
        for (;;) {
            uint64_t end = now() + spin;
            int ready = 0;
            while (!ready && now() < end) ready = epoll_wait(epoll, &event, 1, 0);
            if (!ready) ready = epoll_wait(epoll, &event, 1, -1);
            ssize_t received = recv(fd, bytes + have, sizeof bytes - have, 0);
            if (received == 0 || (received < 0 && errno != EAGAIN)) break;
            if (received > 0) have += (size_t)received;
            if (have < request_bytes) continue;
            have = 0;
            for (uint64_t until = now() + busy; busy && now() < until;) {}
            // A varint of the rest's length, made as long as it takes to come out even.
            size_t length = answer_bytes > 130 ? answer_bytes - 2 : answer_bytes - 1, at = 0;
            if (length >= 1 << 14) length = answer_bytes - 3;
            for (size_t left = length; at == 0 || left; left >>= 7)
                bytes[at++] = (unsigned char)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
            send_all(fd, bytes, length + at);
        }
        close(fd);
        close(epoll);
    }
}

static void hold(char **argument) {
    int count = atoi(argument[1]), dribbling = atoi(argument[2]);
    int *descriptors = malloc((size_t)count * sizeof *descriptors);
    for (int index = 0; index < count; index++) descriptors[index] = open_socket(argument[0], 0);
    printf("holding %d\n", count);
    fflush(stdout);
    uint64_t end = now() + (uint64_t)(atof(argument[3]) * 1e9);
    // The varint of a length that is allowed and never comes.
    const unsigned char prefix[] = {0x80, 0x80, 0x04};
    for (size_t second = 0; now() < end; second++) {
        unsigned char byte = second < sizeof prefix ? prefix[second] : 0;
        for (int index = 0; index < dribbling; index++)
            (void)!send(descriptors[index], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        sleep(1);
    }
}

int main(int count, char **argument) {
    if (count >= 6 && !strcmp(argument[1], "ask")) ask(argument + 2, count > 6);
    else if (count == 8 && !strcmp(argument[1], "echo")) echo(argument + 2);
    else if (count == 6 && !strcmp(argument[1], "hold")) hold(argument + 2);
    else return fprintf(stderr, "round_trip: ask, echo or hold\n"), 64;
    return 0;
}
