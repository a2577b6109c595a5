#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: tools.sh
# What ctfull makes of a dump of the table and of names (tools/table_test.c), whom the
# guard bans (tools/offenders_test.c), and what ctwhy makes of packets and of doc/states.md
# (tools/ctwhy_test.c), TAP. Here, not in a guest: needs a compiler, libmnl
# and jansson, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compiler.sh"
tools=$here/../tools

# run TEST FILE...: a test of tools/, with these
run() {
	run_test "$1" -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DVERSION='"test"' -I"$here/../include" "$here/tools/$1.c" "${@:2}" \
		-lmnl -ljansson
}

{
	run table_test "$tools"/ctfull/{conntrack,key,table}.c "$tools"/lib/{output,program}.c
	run offenders_test "$tools"/ctfull/{key,nets,offenders}.c \
		"$tools"/lib/{options,output,program}.c
	awk -f "$tools/ctwhy/reasons.awk" "$here/../doc/states.md" >"$work/reasons.c"
	run ctwhy_test -I"$tools/ctwhy" "$work/reasons.c" "$tools/ctwhy/packet.c" \
		"$tools"/lib/{options,output,program}.c
} | numbered
