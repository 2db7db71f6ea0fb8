#ifndef TANDEM_TEST_SUPPORT_H
#define TANDEM_TEST_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this build counts: not under a sanitizer, which has an allocator of its own. */
bool tandemt_counts_allocations(void);

/* Calls of the C allocator that made or grew memory, on the calling thread so far. */
uint64_t tandemt_allocation_count(void);

/* Bytes that those calls asked for, whether or not they were freed since. */
uint64_t tandemt_allocated_bytes(void);

/* Lets the calling thread reach files as user 65534 would, or as root again; only root may. Returns
 * whether it does now. */
bool tandemt_reach_files_as_nobody(bool as_nobody);

/* Bounds the address space of a process from now on; whether that could be done. */
bool tandemt_limit_addresses(int pid, uint64_t bytes);

/* Opens a pseudo terminal; its other end's path goes to ret_path. Returns its descriptor, or -1. */
int tandemt_open_terminal(char *ret_path, int capacity);

#endif
