/* The family's body on one lane. */
#include "../lanes/scalar.h"

#define KERNEL tandemk_peak_f32_u1__scalar
#include "body.h"
