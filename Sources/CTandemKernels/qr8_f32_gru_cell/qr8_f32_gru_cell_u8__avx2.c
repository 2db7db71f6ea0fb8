/* The family's body on eight lanes. */
#if defined(__x86_64__)
#include "../lanes/avx2.h"

#define KERNEL tandemk_qr8_f32_gru_cell_u8__avx2
#include "body.h"
#endif
