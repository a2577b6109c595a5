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

# build_packages SUITE FOLDER [SUFFIX]: from the release, whose archive is in the folder release
# of $work; for the iptables of that Debian, so in it, if it is not this one. SUFFIX makes
# another version of them. They are in the arrays debs and depends then, see find_packages.
build_packages() {
	local folder=$2 needs builder

	. /etc/os-release
	if [ "$1${3-}" = "$VERSION_CODENAME" ]; then
		find_packages "$work/release" # they were built with it
		return
	fi
	mkdir -p "$folder/files/srv/source"
	tar -xf "$work/release/$name"-*.tar.xz --strip-components=1 -C "$folder/files/srv/source" ||
		die "no release"
	sed -i "1s/)/${3-})/" "$folder/files/srv/source/debian/changelog"
	if [ "$1" = "$VERSION_CODENAME" ]; then
		(cd "$folder/files/srv/source" && dpkg-buildpackage -us -uc -b)
	else
		# The names that begin a line of Build-Depends
		mapfile -t needs < <(sed -n '/^Build-Depends:/,/^[^ B]/p' "$top/debian/control" |
			sed -n 's/^ *\(Build-Depends: *\)\?\([a-z][a-z0-9-]*\).*/\2/p' |
			sed 's/^debhelper-compat$/debhelper/; s/^dh-sequence-dkms$/dh-dkms/')
		builder=$("$tests/packages/tree" "$1" build-essential "${needs[@]}") || die "no tree of $1"
		"$tests/packages/enter" --over "$folder" "$builder" sh -c \
			"cd /srv/source && dpkg-buildpackage -us -uc -b"
	fi >"$log" 2>&1 || die "no packages for $1: $(tail -n 20 "$log")"
	find_packages "$folder/files/srv"
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
