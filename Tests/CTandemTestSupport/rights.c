#define _GNU_SOURCE
#include "tandem_test_support.h"

#include <sys/fsuid.h>
#include <sys/resource.h>
#include <unistd.h>

/* setfsuid(2) gives the id before, whether or not it changes it; -1 changes nothing. */
bool tandemt_reach_files_as_nobody(bool as_nobody) {
    uid_t wanted = as_nobody ? 65534 : 0;
    if (geteuid() != 0)
        return false;
    setfsuid(wanted);
    return (uid_t)setfsuid((uid_t)-1) == wanted;
}

bool tandemt_limit_addresses(int pid, uint64_t bytes) {
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    return prlimit(pid, RLIMIT_AS, &limit, NULL) == 0;
}
