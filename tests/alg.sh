#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: alg.sh
# The pure part of the helpers (kernel/alg/line.c, ftp.c, stream.c) against tables
# of dialogues, and between two ends of TCP on bad networks, TAP. Here, not in a guest:
# needs a compiler, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compiler.sh"
# as the kernel's: a string is text of any sign
flags=(-std=gnu11 -g -O1 -Wall -Wextra -Wno-missing-field-initializers -Wno-pointer-sign -Werror)

# run TEST FILE...: a test of fuzz/, with these of kernel/alg/. Its plan is left out.
run() {
	local test=$1 status=0

	shift
	"$compiler" "${flags[@]}" ${sanitize[@]+"${sanitize[@]}"} -I"$here/fuzz/include" \
		"$here/fuzz/$test.c" "${@/#/$here/../kernel/alg/}" -o "$work/$test"
	"$work/$test" >"$work/out" || status=$?
	sed '/^1\.\./d' "$work/out"
	# a failed test was told of; what a sanitizer finds, or a crash, was not
	[ "$status" -le 1 ] && grep -q '^1\.\.' "$work/out" || echo "not ok 0 - $test: exit $status"
}

# The code of doc/alg.md
sed -n '/^```c$/,/^```$/ { /^```/!p }' "$here/../doc/alg.md" >"$work/example.c"

{
	run ftp_test line.c ftp.c verdict.c
	run stream_test line.c stream.c
	flags+=(-Wno-unused-parameter -I"$here/../kernel/alg" "-DEXAMPLE=\"$work/example.c\"")
	run example_test line.c verdict.c
} | awk '
	/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) }
	/^not / { bad = 1 }
	{ print; fflush() }
	END { print "1.." n; exit bad }'
