#!/usr/bin/env bash
# Hours of life in minutes: `make soak` calls this with the folder of the executables, a folder to
# work in and the seconds to run. Clients come, pipeline, vanish and send garbage while the
# repository changes under the daemon; every answer of the checking client is compared with what the
# package says offline. At the end memory, descriptors and threads must be where they were.
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

cat > "$out/items.csv" <<ITEMS
item_id,category,price,age_days
11,3,9.5,4
12,5,20,90
13,1,3.25,1
ITEMS
ask() { # VERSION
    "$tandem" rank --socket "$socket" --model shop --context user_id=7 --context country=DE \
        --candidates "$out/items.csv" --formula 'click * purchase' --top 3 --json
}
until ask > /dev/null 2>&1; do kill -0 "$daemon"; sleep 0.1; done
ask > "$out/first.json"

figures() {
    printf '%s %s %s\n' "$(awk '/VmRSS/ { print $2 }' "/proc/$daemon/status")" \
        "$(ls "/proc/$daemon/fd" | wc -l)" "$(ls "/proc/$daemon/task" | wc -l)"
}
load() {
    "$tandem" load-test --socket "$socket" --model shop --duration 2 "$@" \
        >> "$out/load.log" 2>&1 || true
}
# One round of everything, so that the first figures are those of a daemon that has seen life.
round() {
    load --rows '1*0.9,1000*0.1' --connections 8 --depth 4 &
    load --rows '1..64' --deadline-ms 2 --rate 500 &
    for _ in 1 2 3 4 5; do
        head -c 3000 /dev/urandom | timeout 1 "$tandem_garbage" "$socket" || true
        timeout 0.3 "$tandem" load-test --socket "$socket" --model shop --rows 5000 --depth 16 \
            > /dev/null 2>&1 || true
    done
    ask > "$out/now.json"
    cmp -s "$out/first.json" "$out/now.json" || { echo "soak: an answer changed" >&2; exit 1; }
    # A version comes and goes; its answers are others, so it is unloaded before the next check.
    cp -r "$out/second/shop/2" "$out/models/shop/.part"
    mv "$out/models/shop/.part" "$out/models/shop/2"
    "$tandem" reload --admin-socket "$admin" >> "$out/log"
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

round
round
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
read -r memory descriptors threads <<< "$before"
read -r memory_after descriptors_after threads_after <<< "$after"
echo "soak: $rounds rounds; memory $memory -> $memory_after kB, descriptors $descriptors ->" \
    "$descriptors_after, threads $threads -> $threads_after"
[ "$descriptors_after" -le "$descriptors" ] || { echo "soak: descriptors leak" >&2; exit 1; }
[ "$threads_after" -le "$threads" ] || { echo "soak: threads leak" >&2; exit 1; }
bound=$((memory + memory / 5 + 8192))
[ "$memory_after" -le $bound ] || { echo "soak: memory leaks" >&2; exit 1; }
