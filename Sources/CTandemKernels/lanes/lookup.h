/* What the embedding families share: the check of an id, and the prefetch of the row of one further
 * on. */
#pragma once

#include "../register.h"

/* Rows ahead: enough to hide a miss behind the rows between. tandem-bench limits shows by how much
 * random rows gain. */
#define LOOKUP_AHEAD 16
/* Lines of a row worth asking for; the processor's own prefetcher follows from there. */
#define LOOKUP_LINES 4

/* The caller has checked ids; a mistake must not become a read of somebody else's memory, so the
 * check stays in release builds. It is one compare on a value at hand beside a row that is likely a
 * cache miss. */
static inline size_t lookup_row(size_t vocabulary, int32_t id) {
    if ((uint64_t)(int64_t)id >= vocabulary) __builtin_trap();
    return (size_t)id;
}

/* An id that is out of range asks for nothing: its own turn will trap. */
static inline void lookup_prefetch(
    const void *table, size_t row_bytes, size_t vocabulary, int32_t id
) {
    if ((uint64_t)(int64_t)id >= vocabulary) return;
    const char *row = (const char *)table + row_bytes * (size_t)id;
    size_t bytes = row_bytes < 64 * LOOKUP_LINES ? row_bytes : 64 * LOOKUP_LINES;
    for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(row + at);
}

/* A row's length, refused likewise when it is negative or more than the row holds. */
static inline size_t lookup_length(size_t most, int32_t length) {
    if (length < 0 || (size_t)length > most) __builtin_trap();
    return (size_t)length;
}
