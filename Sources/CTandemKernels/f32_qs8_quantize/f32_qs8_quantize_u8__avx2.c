/* The family's body on eight lanes. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

#define KERNEL tandemk_f32_qs8_quantize_u8__avx2
#include "body.h"
#endif
