#ifndef TANDEM_TEST_SUPPORT_H
#define TANDEM_TEST_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this build counts: not under a sanitizer, which has an allocator of its own. */
bool tandemt_counts_allocations(void);

/* Calls of the C allocator that made or grew memory, on the calling thread so far. */
uint64_t tandemt_allocation_count(void);

#endif
