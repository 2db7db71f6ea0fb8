/* The family's body on one lane. */
#include "../lanes/scalar.h"

#define KERNEL tandemk_f32_qs8_quantize_u1__scalar
#include "body.h"
