// libFuzzer's driver, which Swift cannot name by itself.
// Source: LLVM, "libFuzzer: using libFuzzer as a library".
#ifndef TANDEM_FUZZ_DRIVER_H
#define TANDEM_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

/// Runs `entry` on inputs made from the corpus until the arguments say stop; returns its status.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*entry)(const uint8_t *bytes, size_t count));

#endif
