/* The family's body on sixteen lanes. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

#define KERNEL tandemk_f32_softmax_u16__avx512
#define NARROW tandemk_f32_softmax_u8__avx2
#include "body.h"
#endif
