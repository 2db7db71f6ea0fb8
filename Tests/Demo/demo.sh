#!/usr/bin/env bash
# The main job from nothing to a ranked list: `make demo` calls this with the folder of the release
# executables and the folder to work in. Everything it makes is in that folder; the daemon it starts
# is stopped whatever happens.
set -euo pipefail

bin=$1
out=$2
tandem=$bin/tandem
socket=$out/tandem.sock
admin=$out/admin.sock
daemon=

step_name=
step_began=0
now_ms() { echo $(($(date +%s%N) / 1000000)); }
begin() {
    step_name=$1
    printf '\n== %s\n' "$step_name"
    step_began=$(now_ms)
}
end() { printf -- '-- %s: %d ms\n' "$step_name" $(($(now_ms) - step_began)); }
stop_daemon() {
    [ -n "$daemon" ] || return 0
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" || return $?
    daemon=
}
trap 'stop_daemon || true' EXIT

rm -rf "$out"
mkdir -p "$out/models"
whole_began=$(now_ms)

begin "generate 200,000 impressions of an invented shop"
"$tandem" generate shop --impressions 200000 --seed 1 --out "$out/shop.csv"
end

begin "train a mixture of experts for click, purchase and rating, and publish it"
"$tandem" recipe show shop-mmoe > "$out/shop.toml"
"$tandem" train "$out/shop.toml" "$out/shop.csv" --out "$out/models/shop/1"
end

begin "evaluate the package with the float and the int8 executor"
"$tandem" evaluate "$out/models/shop/1" "$out/shop.csv" --executor float --executor int8
end

begin "start the daemon"
"$bin/tandemd" --repository "$out/models" --socket "$socket" --admin-socket "$admin" \
    2> "$out/tandemd.log" &
daemon=$!
for _ in $(seq 1 100); do
    "$tandem" models --admin-socket "$admin" --ready --json 2>/dev/null | grep -q READY && break
    kill -0 "$daemon" 2>/dev/null || { cat "$out/tandemd.log" >&2; exit 1; }
    sleep 0.1
done
"$tandem" models --admin-socket "$admin"
end

begin "rank 200 items for one user"
# The candidates: the header and the last 200 different items of the log.
head -n 1 "$out/shop.csv" > "$out/items.csv"
tac "$out/shop.csv" | awk -F, 'n < 200 && !seen[$11]++ { print; n++ }' >> "$out/items.csv"
"$tandem" rank --socket "$socket" --model shop \
    --context user_id=7 --context country=DE --context segment=premium --context device=phone \
    --context hour=20 --context age=34 --context tenure_days=400 \
    --candidates "$out/items.csv" --formula 'click * purchase * rating' --top 10
end

begin "answer 1,000 requests of 200 candidates"
"$tandem" rank --socket "$socket" --model shop --context user_id=7 --context country=DE \
    --candidates "$out/items.csv" --formula value --top 1 --repeat 1000
"$tandem" status --admin-socket "$admin"
end

begin "stop the daemon"
stop_daemon
end

printf '\nall steps: %d ms; everything is in %s\n' $(($(now_ms) - whole_began)) "$out"
