# Does what `make install` does, from the build and source tree given; to be read by a script that
# runs as root in a real systemd. The watchdog is quick, so that tests need not wait for it.
bin=$1
src=$2
unit=/run/systemd/system/tandemd.service.d
install -Dm755 -t /usr/bin "$bin/tandemd" "$bin/tandem"
install -Dm644 -t /etc/systemd/system "$src"/systemd/*.service "$src"/systemd/*.socket
install -Dm644 "$src/systemd/tandemd.toml" /etc/tandem/tandemd.toml
install -Dm644 "$src/systemd/tandemd.sysusers" /usr/lib/sysusers.d/tandemd.conf
install -Dm644 "$src/systemd/tandemd.tmpfiles" /usr/lib/tmpfiles.d/tandemd.conf
systemd-sysusers tandemd.conf
systemd-tmpfiles --create tandemd.conf
mkdir -p "$unit"
printf '[Service]\nWatchdogSec=4\nRestartSec=100ms\n' > "$unit/test.conf"
# A build against the toolchain's own runtime needs that in the unit's root too.
runtime=$(ldd "$bin/tandemd" | awk '/libswiftCore/ { print $3 }')
[ -z "$runtime" ] || printf 'BindReadOnlyPaths=%s\nEnvironment=LD_LIBRARY_PATH=%s\n' \
    "$(dirname "$runtime")" "$(dirname "$runtime")" >> "$unit/test.conf"
