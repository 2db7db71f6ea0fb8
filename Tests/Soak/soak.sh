#!/usr/bin/env bash
# Hours of life in minutes: `make soak` calls this with the folder of the executables, a folder to
# work in and the seconds to run. Clients come, pipeline, vanish and send garbage while the
# repository changes under the daemon; every answer of the checking client is compared with what the
# packages say offline. At the end memory, descriptors and threads must be where they were.
set -euo pipefail

bin=$1
out=$2
seconds=$3
tandem=$bin/tandem
socket=$out/tandem.sock
admin=$out/admin.sock

rm -rf "$out"
mkdir -p "$out/models"
"$tandem" generate shop --impressions 3000 --seed 1 --out "$out/shop.csv" > "$out/log"
"$tandem" recipe show shop-mmoe > "$out/shop.toml"
"$tandem" train "$out/shop.toml" "$out/shop.csv" --out "$out/models/shop/1" >> "$out/log"
"$tandem" train "$out/shop.toml" "$out/shop.csv" --seed 2 --out "$out/second/shop/2" >> "$out/log"
"$bin/tandemd" --repository "$out/models" --socket "$socket" --admin-socket "$admin" \
    2> "$out/tandemd.log" &
daemon=$!
trap 'kill -KILL "$daemon" 2>/dev/null || true' EXIT

# What versions answer according to their packages, computed without the daemon.
head -4 "$out/shop.csv" > "$out/rows.csv"
"$tandem" predict "$out/models/shop/1" "$out/rows.csv" > "$out/first.csv"
"$tandem" predict "$out/second/shop/2" "$out/rows.csv" > "$out/second.csv"
ask() { "$tandem" predict --socket "$socket" --model shop "$out/rows.csv"; }
check() { # VERSION'S ANSWERS
    ask > "$out/now.csv"
    cmp -s "$out/$1.csv" "$out/now.csv" \
        || { echo "soak: an answer is not that of the $1 package" >&2; exit 1; }
}
until ask > /dev/null 2>&1; do kill -0 "$daemon"; sleep 0.1; done

figures() {
    printf '%s %s %s %s %s\n' "$(awk '/VmRSS/ { print $2 }' "/proc/$daemon/status")" \
        "$(ls "/proc/$daemon/fd" | wc -l)" "$(ls "/proc/$daemon/task" | wc -l)" \
        "$(grep -vc ' rw-p 00000000 00:00 0 *$' "/proc/$daemon/maps")" \
        "$(awk '/VmSize/ { print $2 }' "/proc/$daemon/status")"
}
load() {
    "$tandem" load-test --socket "$socket" --model shop --duration 2 "$@" \
        >> "$out/load.log" 2>&1 || true
}
# A round of everything. There are three before the first figures, so that those are of a daemon
# that has seen life.
round() {
    load --rows '1*0.9,1000*0.1' --connections 8 --depth 4 &
    load --rows '1..64' --deadline-ms 2 --rate 500 &
    for _ in 1 2 3 4 5; do
        head -c 3000 /dev/urandom | timeout 1 "$tandem_garbage" "$socket" || true
        timeout 0.3 "$tandem" load-test --socket "$socket" --model shop --rows 5000 --depth 16 \
            > /dev/null 2>&1 || true
    done
    check first
    # A version comes, gets a label, loses it and goes.
    cp -r "$out/second/shop/2" "$out/models/shop/.part"
    mv "$out/models/shop/.part" "$out/models/shop/2"
    "$tandem" reload --admin-socket "$admin" >> "$out/log"
    check second
    "$tandem" label "$out/models/shop" stable=1 canary=2 --admin-socket "$admin" >> "$out/log"
    "$tandem" label "$out/models/shop" canary= --admin-socket "$admin" >> "$out/log"
    rm -rf "$out/models/shop/2"
    "$tandem" unload shop --version 2 --admin-socket "$admin" >> "$out/log" 2>&1 || true
    "$tandem" reload --admin-socket "$admin" >> "$out/log"
    wait %2 %3 2> /dev/null || true
}
tandem_garbage=$out/garbage
cat > "$tandem_garbage" <<'PYTHON'
#!/usr/bin/env python3
import socket, sys
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
peer.settimeout(1)
try:
    peer.sendall(sys.stdin.buffer.read())
    peer.recv(1 << 16)
except OSError:
    pass
PYTHON
chmod +x "$tandem_garbage"

# A loop keeps the memory of 64 calls, and takes it when so many wait at once. They do here, so that
# the first figures have it and not those of a later coincidence.
timeout 3 "$tandem" load-test --socket "$socket" --model shop --rows 65 --connections 16 \
    --depth 16 > /dev/null 2>&1 || true
for _ in 1 2 3; do round; done
before=$(figures)
end=$(($(date +%s) + seconds))
rounds=0
while [ "$(date +%s)" -lt "$end" ]; do
    round
    rounds=$((rounds + 1))
done
after=$(figures)
kill -TERM "$daemon"
wait "$daemon" || { echo "soak: the daemon ended badly" >&2; exit 1; }
trap - EXIT
read -r memory descriptors threads mappings space <<< "$before"
read -r memory_after descriptors_after threads_after mappings_after space_after <<< "$after"
echo "soak: $rounds rounds; memory $memory -> $memory_after kB, descriptors $descriptors ->" \
    "$descriptors_after, threads $threads -> $threads_after," \
    "mappings $mappings -> $mappings_after, addresses $space -> $space_after kB"
[ "$descriptors_after" -le "$descriptors" ] || { echo "soak: descriptors leak" >&2; exit 1; }
[ "$threads_after" -le "$threads" ] || { echo "soak: threads leak" >&2; exit 1; }
# Of files, code and tables; each round makes and drops a version's. Buffers are not counted but
# measured: neighbours become one mapping and come apart again.
[ "$mappings_after" -le $((mappings + 8)) ] || { echo "soak: mappings leak" >&2; exit 1; }
[ "$space_after" -le $((space + space / 4)) ] || { echo "soak: addresses leak" >&2; exit 1; }
bound=$((memory + memory / 5 + 8192))
[ "$memory_after" -le $bound ] || { echo "soak: memory leaks" >&2; exit 1; }
