/* What Swift calls: the contract's requirements, then the kernel that was chosen. */
#define FAMILY peak_f32
#define REGISTER "peak_f32/peak_f32.inc"
#include "../table.h"

size_t tandemk_peak_f32(size_t rounds, float *ret_sink) { return run(rounds, ret_sink); }
