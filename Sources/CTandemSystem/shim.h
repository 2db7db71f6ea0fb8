/* What the shim's files share. */
#pragma once

#include <errno.h>
#include <time.h>

#include "tandem_system.h"

/* Repeats a call while a signal interrupts it, then gives its result or -errno. */
#define RESTART(type, call) \
    ({ \
        type result_; \
        do { \
            result_ = (call); \
        } while (result_ < 0 && errno == EINTR); \
        result_ < 0 ? (type)-errno : result_; \
    })

static inline struct timespec timespec_of(uint64_t nanoseconds) {
    return (struct timespec){
        .tv_sec = (time_t)(nanoseconds / 1000000000u),
        .tv_nsec = (long)(nanoseconds % 1000000000u),
    };
}
