#!/usr/bin/env bash
# Makes a virtual environment for the Python here: environment.sh VENV FAMILY ...
#
# A family is a file of requirements/, installed by one call of pip with a time limit, and again
# only when the file changes. The versions of the first family bind the others; it must install,
# another that does not is left out, loudly.
set -euo pipefail
here=$(dirname "$0")
venv=$1
first=$2
shift
command -v python3 >/dev/null || {
	echo "tandem: no python3 found: install Python 3.10 or later" >&2
	exit 69
}
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
mkdir -p "$venv/installed"
for family in "$@"; do
	wanted=$here/requirements/$family.txt
	installed=$venv/installed/$family.txt
	cmp -s "$wanted" "$installed" && continue
	echo "tandem: installing $family (pip; up to 15 minutes) ..."
	if timeout 900 "$venv/bin/pip" install --quiet --disable-pip-version-check \
		--constraint "$here/requirements/$first.txt" --requirement "$wanted" </dev/null; then
		cp "$wanted" "$installed"
	elif [ "$family" = "$first" ]; then
		echo "tandem: $wanted does not install" >&2
		exit 69
	else
		echo "LEFT OUT: $family: $wanted does not install" >&2
	fi
done
