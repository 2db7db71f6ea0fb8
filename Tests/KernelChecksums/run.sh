#!/bin/bash
# One result everywhere: the kernels and whole predictions, on instruction sets that this machine
# has and on those that QEMU has. `make test-isa` runs it.
#
#   run.sh TANDEM    TANDEM: the built command line, for whole predictions
#
# Each step prints what it ran. A step whose tool is missing says SKIPPED and why, and is counted at
# the end; what differs ends the run. The golden file is made anew by
#   run.sh --golden > Tests/Golden/kernel-checksums.txt
set -euo pipefail
cd "$(dirname "$0")/../.."
golden=Tests/Golden/kernel-checksums.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
skipped=0
kernels=(Sources/CTandemKernels/*.c Sources/CTandemKernels/*/*.c)
flags=(-std=gnu17 -O2 -Wall -Wextra -Werror -ISources/CTandemKernels/include)
clang=${CLANG:-clang}

skip() {
    echo "SKIPPED: $*" >&2
    skipped=$((skipped + 1))
}

# run_checksums NAME COMMAND...: the golden checksums, and the kernels that ran for NAME.
run_checksums() {
    local name=$1
    shift
    if ! "$@" >"$work/out" 2>"$work/err"; then
        grep -v '^ran ' "$work/err" | head >&2
        echo "test-isa: $name: kernels differ from their scalar twins" >&2
        exit 1
    fi
    if ! diff "$golden" "$work/out" >&2; then
        echo "test-isa: $name: checksums differ from $golden" >&2
        exit 1
    fi
    echo "ok: $name:" $(sed -n 's/^ran .*__//p' "$work/err" | sort | uniq -c)
}

"$clang" "${flags[@]}" "${kernels[@]}" Tests/KernelChecksums/kernel_checksums.c -lm \
    -o "$work/native"
if [ "${1:-}" = --golden ]; then
    "$work/native" 2>/dev/null
    exit
fi
run_checksums "native" "$work/native"

"$clang" "${flags[@]}" -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fuse-ld=lld "${kernels[@]}" Tests/KernelChecksums/kernel_checksums.c -lm -o "$work/sanitized"
run_checksums "address and undefined-behaviour sanitizers" "$work/sanitized"

# The VEX form of vpdpbusd begins with c4, the EVEX form with 62. This machine may lack the former,
# which is built from the source that runs here in the latter.
if [ "$(uname -m)" = x86_64 ]; then
    family=Sources/CTandemKernels/qd8_f32_qc8w_gemm/qd8_f32_qc8w_gemm
    for form in avxvnni:c4 avx512vnni:62; do
        "$clang" "${flags[@]}" -c "${family}_6x16c4__${form%%:*}.c" -o "$work/vnni.o"
        found=$(objdump -d "$work/vnni.o" | grep vpdpbusd | awk -F '\t' '{print substr($2, 1, 2)}' |
            sort | uniq -c | awk '{print $1, $2}')
        if [[ $found != *" ${form##*:}" || $found == *$'\n'* ]]; then
            echo "test-isa: ${form%%:*}: encodings of vpdpbusd: '$found', not all ${form##*:}" >&2
            exit 1
        fi
        echo "ok: ${form%%:*}: ${found% *} vpdpbusd, all ${form##*:}"
    done
fi

# With Swift's clang, and GCC only to link: the compiler of the package is what is tested.
arm=/usr/aarch64-linux-gnu/include
if command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null; then
    for file in "${kernels[@]}" Tests/KernelChecksums/kernel_checksums.c; do
        "$clang" --target=aarch64-linux-gnu -isystem $arm "${flags[@]}" -c "$file" \
            -o "$work/$(echo "${file%.c}" | tr / -).arm.o"
    done
    aarch64-linux-gnu-gcc -static "$work"/*.arm.o -lm -o "$work/arm"
    for cpu in max cortex-a76 cortex-a72; do
        run_checksums "aarch64, $cpu" qemu-aarch64 -cpu $cpu "$work/arm"
    done
else
    skip "the kernels on aarch64: install qemu-user, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross"
fi
if [ "$(uname -m)" = x86_64 ] && command -v qemu-x86_64 >/dev/null; then
    for cpu in Haswell Nehalem; do
        run_checksums "x86-64, $cpu" qemu-x86_64 -cpu $cpu "$work/native" unguarded
    done
else
    skip "the kernels on other x86-64 processors: install qemu-user"
fi

# Whole predictions, through the command line: same bytes under every instruction set.
tandem=${1:-}
if [ -z "$tandem" ]; then
    skip "whole predictions: give the built command line"
else
    "$tandem" generate shop --impressions 3000 --seed 3 --out "$work/shop.csv"
    "$tandem" recipe show shop-mmoe >"$work/shop.toml"
    "$tandem" train "$work/shop.toml" "$work/shop.csv" --out "$work/models/shop/1" >/dev/null 2>&1
    # Rounded by measurement: rows share grids, and products write bytes.
    "$tandem" quantize "$work/models/shop/1" "$work/shop.csv" --out "$work/models/shop/2" \
        >/dev/null 2>&1
    head -301 "$work/shop.csv" >"$work/rows.csv"
    for choice in 1:int8 1:float 2:int8; do
        version=${choice%%:*} executor=${choice##*:}
        predict=("$tandem" predict "$work/models/shop/$version" "$work/rows.csv"
            --executor $executor)
        "${predict[@]}" >"$work/native.csv"
        for isa in scalar avx2 avxvnni avx512vnni; do
            if [ $isa = avxvnni ] && ! grep -qw avx_vnni /proc/cpuinfo; then
                skip "predictions with AVX-VNNI: this processor has none"
                continue
            fi
            TANDEM_FORCE_ISA=$isa "${predict[@]}" >"$work/other.csv"
            cmp "$work/native.csv" "$work/other.csv"
            echo "ok: predictions, version $version, $executor, TANDEM_FORCE_ISA=$isa"
        done
        command -v qemu-x86_64 >/dev/null || continue
        for cpu in Haswell Nehalem; do
            qemu-x86_64 -cpu $cpu "${predict[@]}" >"$work/other.csv" 2>"$work/err" || {
                cat "$work/err" >&2
                exit 1
            }
            cmp "$work/native.csv" "$work/other.csv"
            echo "ok: predictions, version $version, $executor, whole program on $cpu"
        done
    done
fi
[ $skipped -eq 0 ] || echo "test-isa: $skipped step(s) SKIPPED, see above" >&2
