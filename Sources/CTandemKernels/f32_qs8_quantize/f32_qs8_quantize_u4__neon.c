/* The family's body on four lanes. */
#if defined(__aarch64__)
#include "../lanes/neon.h"

#define KERNEL tandemk_f32_qs8_quantize_u4__neon
#include "body.h"
#endif
