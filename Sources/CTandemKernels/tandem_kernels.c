#include "tandem_kernels.h"
