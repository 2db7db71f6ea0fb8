#include "tandem_proto.h"
