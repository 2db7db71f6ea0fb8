/* What the embedding families share: the check of an id, and the prefetch of the row of one further
 * on. */
#pragma once

#include <string.h>

#include "../register.h"

/* Rows ahead: enough to hide a miss behind the rows between. A core waits for dozens of lines at
 * once: of rows of 64 bytes it got 110 million a second with 16 ahead, 150 with 32, 200 with 64 and
 * 205 with 96. */
#define LOOKUP_AHEAD 64
/* The same of the rows that are pooled, whose lists are short: over the ends of lists. */
#define POOL_AHEAD 64
/* Bytes of a table that stays in the cache: asking for its rows costs more than it saves. */
#define CACHED_TABLE_BYTES (256 << 10)
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
    __builtin_prefetch(row);
    for (size_t line = 1; line < LOOKUP_LINES && 64 * (line + 1) < row_bytes; line++)
        __builtin_prefetch(row + 64 * line);
    __builtin_prefetch(row + row_bytes - 1);
}

/* An int8 table with a scale a row: row id begins at rows + id * row_bytes, and its scale lies,
 * unaligned, at scales + id * scale_bytes. */
typedef struct qr8_table {
    size_t vocabulary, row_bytes, scale_bytes;
    const int8_t *rows;
    const char *scales;
} qr8_table;

/* With the scales in `scale`, or, where that is null, at the rows' ends. */
static inline qr8_table qr8_table_of(
    size_t vocabulary, size_t dim, const int8_t *rows, const float *scale
) {
    if (scale) return (qr8_table){vocabulary, dim, sizeof *scale, rows, (const char *)scale};
    size_t row_bytes = dim + sizeof *scale;
    return (qr8_table){vocabulary, row_bytes, row_bytes, rows, (const char *)rows + dim};
}

static inline const int8_t *qr8_row(qr8_table table, size_t row) {
    return table.rows + table.row_bytes * row;
}

static inline float qr8_scale(qr8_table table, size_t row) {
    float scale;
    memcpy(&scale, table.scales + table.scale_bytes * row, sizeof scale);
    return scale;
}

/* The scale as well, where it is not a part of the row. */
static inline void qr8_prefetch(qr8_table table, int32_t id) {
    lookup_prefetch(table.rows, table.row_bytes, table.vocabulary, id);
    if (table.scale_bytes != table.row_bytes)
        lookup_prefetch(table.scales, table.scale_bytes, table.vocabulary, id);
}

/* A row's length, refused likewise when it is negative or more than the row holds. */
static inline size_t lookup_length(size_t most, int32_t length) {
    if (length < 0 || (size_t)length > most) __builtin_trap();
    return (size_t)length;
}

/* A walk over the ids of all lists, some rows ahead of the sums. */
typedef struct list_walk {
    const int32_t *ids, *lengths;
    size_t ld_ids, list_count;
    size_t list, position;
} list_walk;

/* A walk over the ids of a table's rows; over none, if the rows are at hand anyway. */
static inline list_walk list_walk_of(
    size_t list_count, const int32_t *ids, size_t ld_ids, const int32_t *lengths, size_t table_bytes
) {
    return (list_walk){
        ids, lengths, ld_ids, table_bytes > CACHED_TABLE_BYTES ? list_count : 0, 0, 0
    };
}

/* The next id; -1, which is no row's, after the last. */
static inline int32_t list_walk_next(list_walk *walk) {
    while (walk->list < walk->list_count) {
        if (walk->position < lookup_length(walk->ld_ids, walk->lengths[walk->list]))
            return walk->ids[walk->list * walk->ld_ids + walk->position++];
        walk->list++;
        walk->position = 0;
    }
    return -1;
}
