/* The family's body on sixteen lanes. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

#define KERNEL tandemk_f32_qs8_quantize_u16__avx512
#include "body.h"
#endif
