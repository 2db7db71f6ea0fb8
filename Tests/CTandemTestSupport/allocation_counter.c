/* Counts allocations, so that "allocates nothing" is tested and not only said.
 *
 * A program's own malloc takes the place of the C library's for every library it loads, so this
 * sees what Swift's runtime allocates too. glibc keeps its own under the names __libc_*. Counting
 * is by thread, so that tests which run beside each other do not count each other's. */
#include "tandem_test_support.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define TANDEMT_SANITIZED 1
#endif
#endif

#if defined(TANDEMT_SANITIZED) || !defined(__GLIBC__)

bool tandemt_counts_allocations(void) { return false; }
uint64_t tandemt_allocation_count(void) { return 0; }
uint64_t tandemt_allocated_bytes(void) { return 0; }

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static __thread uint64_t allocation_count, allocated_bytes;

static void count(size_t size) {
    allocation_count++;
    allocated_bytes += size;
}

bool tandemt_counts_allocations(void) { return true; }
uint64_t tandemt_allocation_count(void) { return allocation_count; }
uint64_t tandemt_allocated_bytes(void) { return allocated_bytes; }

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count(size);
    return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **ret_memory, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    void *memory = memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *ret_memory = memory;
    return 0;
}

#endif
