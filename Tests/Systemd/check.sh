#!/usr/bin/env bash
# The daemon in a real systemd: `make test-systemd` boots one, and runs this in it as root.
#
# Each check is a sentence and a function; what one leaves behind is the next one's start. The first
# that fails ends the run with the unit's status and the journal's end.
set -euo pipefail

bin=$1                  # where tandemd and tandem were built
src=$2                  # the source tree
tandem="$bin/tandem"
socket=/run/tandem/tandem.sock
admin=/run/tandem/admin.sock
checks=0

fail() {
    printf 'not ok - %s\n' "$*" >&2
    systemctl status --no-pager --lines=0 tandemd.service >&2 || true
    journalctl --no-pager -u tandemd.service -n 30 >&2 || true
    exit 1
}
check() { # SENTENCE COMMAND...
    local sentence=$1
    shift
    "$@" || fail "$sentence"
    checks=$((checks + 1))
    printf 'ok - %s\n' "$sentence"
}
until_true() { # COMMAND..., for at most 20 s
    for _ in $(seq 200); do
        if "$@" > /dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    return 1
}
property() { systemctl show --property="$1" --value tandemd.service; }
is_active() { [ "$(property ActiveState)" = active ]; }
rank() {
    "$tandem" rank --socket "$socket" --model shop --context user_id=7 --context country=DE \
        --candidates /var/tmp/items.csv --formula 'click * purchase' --top 2
}
answers() { rank > /dev/null; }

# ---- Set-up ----
. "$src/Tests/Systemd/install.sh" "$bin" "$src"
cat > /var/tmp/items.csv <<ITEMS
item_id,category,price,age_days
11,3,9.5,4
12,5,20,90
13,1,3.25,1
ITEMS
"$tandem" generate shop --impressions 3000 --seed 1 --out /var/tmp/shop.csv > /dev/null
"$tandem" recipe show shop-mmoe > /var/tmp/shop.toml
"$tandem" train /var/tmp/shop.toml /var/tmp/shop.csv --out /var/lib/tandem/models/shop/1 > /dev/null
systemctl daemon-reload

# ---- The unit files ----
verifies_silently() {
    local said
    said=$(systemd-analyze verify --man=no tandemd.service tandemd.socket tandemd-admin.socket 2>&1)
    [ -z "$said" ] || { echo "$said" >&2; return 1; }
}
check "systemd-analyze verify has nothing to say" verifies_silently
exposure() {
    systemd-analyze security --no-pager --threshold=4 tandemd.service > /var/tmp/exposure 2>&1 \
        || { tail -1 /var/tmp/exposure >&2; return 1; }
    tail -1 /var/tmp/exposure
}
check "the exposure is at most 0.4" exposure

# ---- Starting ----
systemctl start tandemd.socket tandemd-admin.socket
check "the daemon does not run before anybody asks" [ "$(property ActiveState)" = inactive ]
check "the first connection starts it and is answered" until_true answers
check "it is ready, and says what it serves" [ "$(property StatusText)" = "serving shop/1" ]
check "the admin socket answers" "$tandem" status --admin-socket "$admin"
check "it runs as its own user" [ "$(stat -c %U "/proc/$(property MainPID)")" = tandem ]
check "loaders may be SCHED_IDLE in the sandbox" sh -c \
    "! journalctl --no-pager -u tandemd.service | grep -i 'sched'"
if grep -q '^se.slice' /proc/self/sched; then
    has_short_slices() {
        local loop
        loop=$(grep -lx 'tandem-loop-0' "/proc/$(property MainPID)"/task/*/comm)
        grep -q '^se.slice *: *100000$' "${loop%comm}sched"
    }
    check "loops may have short slices in the sandbox" has_short_slices
else
    echo "skipped - this kernel does not tell slices (it does since Linux 6.12)"
fi

# ---- Reloading ----
pid=$(property MainPID)
"$tandem" train /var/tmp/shop.toml /var/tmp/shop.csv --seed 2 \
    --out /var/lib/tandem/models/shop/2 > /dev/null
printf 'repository = "/var/lib/tandem/models"\n[limits]\nframes_per_turn = 8\n' \
    > /etc/tandem/tandemd.toml
systemctl reload tandemd.service
serves_two() { [ "$(property StatusText)" = "serving shop/2" ]; }
check "a reload brings the new version up" until_true serves_two
check "the journal finds a version by its fields" sh -c \
    "journalctl --no-pager -o cat -u tandemd.service MODEL=shop VERSION=2 | grep -q 'is ready'"
check "a reload keeps the process" [ "$(property MainPID)" = "$pid" ]
check "a reload applies the configuration" sh -c \
    "journalctl --no-pager -u tandemd.service | grep -q 'changed limits.frames_per_turn'"
printf 'repository = "/var/lib/tandem/models"\n[limits]\nframes_per_turn = 0\n' \
    > /etc/tandem/tandemd.toml
systemctl reload tandemd.service
check "a wrong configuration is refused by line and changes nothing" until_true sh -c \
    "journalctl --no-pager -u tandemd.service | grep -q 'tandemd.toml:3: limits.frames_per_turn'"
check "and the daemon goes on" answers
printf 'repository = "/var/lib/tandem/models"\n' > /etc/tandem/tandemd.toml

# ---- Restarting under load: no connect is refused ----
( for _ in $(seq 60); do rank > /dev/null 2>> /var/tmp/restart.err || true; done ) &
load=$!
sleep 0.3
systemctl restart tandemd.service
systemctl restart tandemd.service
wait $load
no_refused_connect() { ! grep -q 'cannot connect\|refused' /var/tmp/restart.err; }
check "two restarts under load refuse no connect" no_refused_connect

# ---- Dying ----
pid=$(property MainPID)
kill -9 "$pid"
came_back() { is_active && [ "$(property MainPID)" != "$pid" ]; }
check "it comes back after kill -9" until_true came_back
check "and answers" until_true answers
pid=$(property MainPID)
kill -STOP "$pid"
check "the watchdog ends a process that hangs" until_true came_back
check "the journal says that it was the watchdog" sh -c \
    "journalctl --no-pager -u tandemd.service | grep -qi 'watchdog timeout'"
check "and it answers again" until_true answers
pid=$(property MainPID)
sleep 9
check "a healthy daemon is fed for longer than the watchdog's time" \
    [ "$(property MainPID)" = "$pid" ]

# ---- Tables outlive the process ----
models=/var/lib/tandem/models
mkdir /var/tmp/big
"$bin/tandem-bench" package /var/tmp/big/1 --mebibytes 4 > /dev/null
"$tandem" publish /var/tmp/big/1 "$models" --model big > /dev/null
is_ready() { # MODEL
    "$tandem" models --admin-socket "$admin" --json \
        | grep -o '{"model": "'"$1"'"[^}]*}' | grep -q '"state": "READY"'
}
check "a large model is picked up" until_true is_ready big
is_stored() { [ "$(property NFileDescriptorStore)" -gt 0 ]; }
check "its table is in the service manager's store" until_true is_stored
# Whoever read the table from the disk now would refuse it.
table=$(ls -S "$models"/big/1/*.shard | head -1)
printf damage | dd of="$table" bs=1 seek=$(($(stat -c %s "$table") - 6)) conv=notrunc status=none
systemctl restart tandemd.service
check "a restart takes it from there and reads nothing" is_ready big
pid=$(property MainPID)
kill -9 "$pid"
check "after kill -9 it comes back" until_true came_back
check "and takes it from there too" until_true is_ready big
"$tandem" unload big --admin-socket "$admin" > /dev/null
is_dropped() { answers && [ "$(property NFileDescriptorStore)" -eq 0 ]; }
check "what is unloaded leaves the store" until_true is_dropped
rm -r "$models/big"

# ---- Limits of the control group ----
unit=/run/systemd/system/tandemd.service.d
printf '[Service]\nCPUQuota=50%%\nMemoryMax=96M\n' > "$unit/limits.conf"
systemctl daemon-reload
systemctl restart tandemd.service
group=system.slice/tandemd.service
if grep -qsx 100663296 "/sys/fs/cgroup/memory/$group/memory.limit_in_bytes" \
    "/sys/fs/cgroup/$group/memory.max"; then
    status=$("$tandem" status --json --admin-socket "$admin")
    check "half a core makes one loop" grep -q '"loops": 1,' <<< "$status"
    check "models may take four fifths of the group's memory" \
        grep -q '"model_bytes_max": 80530636,' <<< "$status"
    pid=$(property MainPID)
    "$bin/tandem-bench" package /var/tmp/big/2 --mebibytes 128 --sparse > /dev/null
    "$tandem" publish /var/tmp/big/2 "$models" --model big > /dev/null
    refused() {
        journalctl --no-pager -o cat -u tandemd.service MODEL=big CODE=LOAD_FAILED \
            | grep -q 'memory.max is 80530636'
    }
    check "a model that the group has no memory for is refused with the numbers" \
        until_true refused
    check "and the daemon lives and answers" answers
    check "as the same process" [ "$(property MainPID)" = "$pid" ]
    rm -r "$models/big"
else
    echo "SKIPPED: limits of the control group: none is enforced here"
fi
rm "$unit/limits.conf"
systemctl daemon-reload
systemctl restart tandemd.service

# ---- A folder that is read-only ----
systemd-run --quiet --wait --pipe -p ReadOnlyPaths=/run/tandem "$bin/tandemd" \
    --repository "$models" --socket /run/tandem/other.sock 2> /var/tmp/readonly.err \
    && fail "a socket in a read-only folder must be refused"
check "a socket in a read-only folder is refused by its path" \
    grep -q '/run/tandem/other.sock: Read-only file system' /var/tmp/readonly.err

# ---- Stopping ----
( for _ in $(seq 20); do rank > /dev/null 2>&1 || true; done ) &
load=$!
sleep 0.2
systemctl stop tandemd.socket tandemd-admin.socket tandemd.service
check "it stops while busy, in time and with success" [ "$(property Result)" = success ]
wait $load || true
check "the sockets are gone" [ ! -e "$socket" ]

# ---- A wrong configuration at the start ----
printf 'repositry = "/var/lib/tandem/models"\n' > /etc/tandem/tandemd.toml
systemctl start tandemd.service 2> /dev/null && fail "a wrong configuration must not start"
check "a wrong configuration keeps it from starting and says the line and the likely key" sh -c \
    "journalctl --no-pager -u tandemd.service | grep 'toml:1: repositry' | grep -q repository"
systemctl reset-failed tandemd.service tandemd.socket 2> /dev/null || true

printf '%d checks passed\n' "$checks"
