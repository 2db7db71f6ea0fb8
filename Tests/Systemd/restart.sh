#!/usr/bin/env bash
# How long a restart takes in a real systemd; to be run in one as root, with a package that
# `tandem-bench package` wrote:
#
#   with-systemd -s . -r PACKAGE:/package -- Tests/Systemd/restart.sh .build/release . /package
set -euo pipefail
. "$2/Tests/Systemd/install.sh" "$(realpath "$1")" "$(realpath "$2")"
tandem publish "$3" /var/lib/tandem/models --model big
systemctl daemon-reload
systemctl start tandemd.socket tandemd-admin.socket
exec python3 "$2/Tests/Systemd/restart_time.py" "${@:4}"
