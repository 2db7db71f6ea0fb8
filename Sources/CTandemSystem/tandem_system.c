#include "tandem_system.h"
