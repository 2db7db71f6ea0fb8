/* Hints to the caches; see lanes/lookup.h for how much of a row is asked for. */
#include "lanes/lookup.h"

void tandemk_prefetch_rows(
    size_t m, size_t row_bytes, size_t vocabulary, const void *table, const int32_t *ids,
    size_t id_stride
) {
    for (size_t i = 0; i < m; i++)
        lookup_prefetch(table, row_bytes, vocabulary, ids[i * id_stride]);
}
