#pragma once

/* All messages of proto/, as protobuf-c 1.4 generates them. Committed, so that a build needs no
 * compiler for protobuf; `make proto` generates again and `make check` compares:
 *
 *     protoc-c --proto_path=proto --c_out=DIR $(cd proto && find tandem -name '*.proto')
 *
 * then DIR's .pb-c.h files go to Sources/CTandemProto/include/ and its .pb-c.c files to
 * Sources/CTandemProto/, both with their folders (tandem/v1/...) kept. A new .proto is added to the
 * list below by hand. */

#include "tandem/package/v1/manifest.pb-c.h"
#include "tandem/v1/admin.pb-c.h"
#include "tandem/v1/column.pb-c.h"
#include "tandem/v1/envelope.pb-c.h"
#include "tandem/v1/metadata.pb-c.h"
#include "tandem/v1/predict.pb-c.h"
#include "tandem/v1/status.pb-c.h"
