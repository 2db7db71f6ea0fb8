/* The family's body on one lane. */
#include "../lanes/scalar.h"

#define KERNEL tandemk_qr8_f32_gru_cell_u1__scalar
#include "body.h"
