/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY peak_int8
#define REGISTER "peak_int8/peak_int8.inc"
#include "../table.h"

size_t tandemk_peak_int8(size_t rounds, int32_t *ret_sink) { return run(rounds, ret_sink); }
