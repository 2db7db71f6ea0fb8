#define _GNU_SOURCE
#include "tandem_test_support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int tandemt_open_terminal(char *ret_path, int capacity) {
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, ret_path, (size_t)capacity) == 0)
        return fd;
    close(fd);
    return -1;
}
