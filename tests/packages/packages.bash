# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the test scripts of this folder: the Debian packages, and a tree of Debian into which they
# are installed. A script sources this; it sets the variable name.
. "${BASH_SOURCE[0]%/*}/../tap.sh" || exit
no_arguments "$@"

# shellcheck disable=SC2034 # for the scripts
top=$(cd "$tests/.." && pwd)
log=$work/log
name=xtables-conntrack-addons
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR
"$tests/install-packages" build packages vm || die "what builds packages is missing"

# try DESCRIPTION COMMAND...: a test that COMMAND succeeds; $log has its output
try() {
	local description=$1 status

	shift
	"$@" >"$log" 2>&1 </dev/null
	status=$?
	ok "$status" "$description"
	[ "$status" = 0 ] || note "$(tail -n 40 "$log")"
	return "$status"
}

# find_packages FOLDER: sets the arrays debs, the packages there, and depends, what they need
# shellcheck disable=SC2034 # for the scripts
find_packages() {
	local deb

	debs=("$1/${name}_"*.deb "$1/$name-dkms_"*.deb)
	mapfile -t depends < <(for deb in "${debs[@]}"; do dpkg-deb -f "$deb" Depends; done |
		tr , '\n' | sed 's/^ *//; s/[ (|].*//' | sort -u)
}

# use_tree SUITE PACKAGE...: makes in_tree run commands in a tree with these packages, and with
# ours in its folder /srv
use_tree() {
	tree=$("$tests/packages/tree" "$@") || die "no tree of $1"
	rm -rf "$work/over"
	mkdir -p "$work/over/files/srv"
	cp "${debs[@]}" "$work/over/files/srv/"
}

in_tree() {
	"$tests/packages/enter" --over "$work/over" "$tree" "$@"
}
