/* The family's body on sixteen lanes. */
#if defined(__x86_64__)
#include "../lanes/avx512.h"

#define KERNEL tandemk_qr8_f32_gru_cell_u16__avx512
#include "body.h"
#endif
