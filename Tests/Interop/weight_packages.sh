#!/usr/bin/env bash
# Writes the packages that the measurements of weights need, some 6 GB, in half a minute:
#
#   weight_packages.sh .build/release/tandem-bench FOLDER
#
# two/1 has 2 GiB, one/1 and one/2 1 GiB each without a common shard, one/3 is one/1 but for a byte
# in one of its 64 shards, small/1 and small/2 have 64 MiB, tiny/1 1 MiB.
set -euo pipefail
bench=$1
out=$2
package() { # NAME MEBIBYTES OPTION...
    [ -e "$out/$1/manifest" ] || { mkdir -p "$(dirname "$out/$1")"; \
        "$bench" package "$out/$1" --mebibytes "$2" "${@:3}"; }
}
package two/1 2048
package one/1 1024 --shard-mebibytes 16
package one/2 1024 --shard-mebibytes 16 --seed 2
package one/3 1024 --shard-mebibytes 16 --changed-row 5
package small/1 64
package small/2 64 --seed 2
package tiny/1 1
