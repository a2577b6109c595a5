#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: tools.sh
# What ctfull makes of a dump of the table and of names (tools/table_test.c), and whom the
# guard bans (tools/offenders_test.c), TAP. Here, not in a guest: needs a compiler, libmnl
# and jansson, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compiler.sh"

# run TEST FILE...: a test of tools/, with these of ../tools. Its plan is left out.
run() {
	local test=$1 status=0

	shift
	"$compiler" -std=gnu11 -g -O1 -Wall -Wextra -Werror -D_GNU_SOURCE -DVERSION='"test"' \
		${sanitize[@]+"${sanitize[@]}"} -I"$here/../include" "$here/tools/$test.c" \
		"${@/#/$here/../tools/}" -lmnl -ljansson -o "$work/$test"
	"$work/$test" >"$work/out" || status=$?
	sed '/^1\.\./d' "$work/out"
	# a failed test was told of; what a sanitizer finds, or a crash, was not
	[ "$status" -le 1 ] && grep -q '^1\.\.' "$work/out" || echo "not ok 0 - $test: exit $status"
}

{
	run table_test ctfull/{conntrack,key,table}.c lib/{output,program}.c
	run offenders_test ctfull/{key,nets,offenders}.c lib/{options,output,program}.c
} | awk '
	/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) }
	/^not / { bad = 1 }
	{ print; fflush() }
	END { print "1.." n; exit bad }'
