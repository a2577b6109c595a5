#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: refusal.sh
# Runs on this machine: whatever is written for guests refuses to run here, before it does
# anything, in whatever way it is started. Tried as nobody, without a network, and without
# programs, so that one which does not refuse does no harm and is noticed.
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh" || exit
no_arguments "$@"

# Scripts are for guests, but for these,
here=('tests/+([a-z_]).sh' tests/lint tests/install-packages tests/bench/run tests/fuzz/run 'tests/vm/*'
	'tests/packages/*')
# and of those, these are for guests
guests=(tests/lib.sh tests/vm/guest tests/vm/in_guest.sh)

# A copy that nobody can read, and programs that a script may use before it refuses
chmod 755 "$work"
mkdir -p "$work/copy" "$work/bin"
cp -r "$tests" "$work/copy/tests"
chmod -R a+rX "$work/copy"
ln -s "$(type -P dirname)" "$work/bin/"
cd "$work/copy" || exit

nobody=(timeout 60)
if [ "$(id -u)" = 0 ]; then
	nobody+=(unshare --net --ipc --pid --fork --kill-child
		setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs)
else
	nobody+=(unshare --user --net --ipc --pid --fork --kill-child)
fi
nobody+=(/usr/bin/env -i "PATH=$work/bin" VM_KERNEL=uml VM_OUT=/nonexistent CHECK_ALL=1)
"${nobody[@]}" /bin/true || die "unshare, setpriv: nobody cannot be set up"

said="this is for a guest, not for this machine, whose network it would change: tests/vm/run -- COMMAND"

# refuses NAME HOW COMMAND...: a test that it ends with 2, and says why and nothing else
refuses() {
	local output status

	output=$("${nobody[@]}" "${@:3}" 2>&1 </dev/null)
	status=$?
	is "$status: $output" "2: $1: $said" "$2"
}

# is_one_of FILE PATTERN...
is_one_of() {
	local pattern

	# shellcheck disable=SC2053 # it is a pattern
	for pattern in "${@:2}"; do
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

# shell FILE [ARG...]: the ways to start a script of the shell's
shell() {
	local file=$1 name=${1##*/} sourced=bash output

	shift
	# it is another program then
	[ "$file" != tests/plugins/xlate.sh ] || sourced=$name
	if [ -x "$file" ]; then
		refuses "$name" "$file" "./$file" "$@"
		refuses "$name" "$file, from its folder" \
			/bin/sh -c "cd ${file%/*} && exec ./$name \"\$@\"" sh "$@"
	fi
	refuses "$name" "$file, by bash, from another folder" \
		/bin/bash -c "cd / && exec /bin/bash $PWD/$file \"\$@\"" bash "$@"
	refuses "$sourced" "$file, sourced by bash" \
		/bin/bash -c "cd / && . $PWD/$file && echo went on; echo went on" bash "$@"
	# Without a name of its own, it does not find what says so.
	output=$("${nobody[@]}" /bin/bash -c "cd / && exec /bin/bash -s -- \"\$@\" <$PWD/$file" bash "$@" 2>&1)
	is "$((! $?))$(grep -vE "(No such file or directory|unbound variable|: $said)\$" <<<"$output")" 0 \
		"$file, by bash from its standard input"
}

count=0
while IFS= read -r file; do
	is_one_of "$file" "${here[@]}" && ! is_one_of "$file" "${guests[@]}" && continue
	first=$(head -n 1 "$file")
	case $first in
	'#!/bin/bash' | '# shellcheck shell='*)
		case $file in
		tests/suite) shell "$file" "$PWD/tests/ctfull/full.sh" ;;
		*) shell "$file" x ;;
		esac
		;;
	*)
		module=${file##*/}
		module=${module%.py}
		refuses "${file##*/}" "$file" /usr/bin/python3 "$file" a=b
		refuses -c "$file, imported" /usr/bin/python3 -c "import sys
sys.path[:0] = ['$PWD/${file%/*}', '$PWD/tests']
import $module"
		;;
	esac
	count=$((count + 1))
done < <(find tests -type f ! -path 'tests/fuzz/corpus/*' ! -path '*/__pycache__/*' \
	-exec grep -lIE '^#!|^# shellcheck shell=|^import ' {} + | sort)
note "$count files for guests"
[ "$count" -ge 50 ]
ok $? "most of the tests are for guests"
shell tests/xlate.sh --nft
finish
