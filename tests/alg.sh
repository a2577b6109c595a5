#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: alg.sh
# The pure part of the helpers (kernel/alg/line.c, ftp.c, rtsp.c, stream.c) against tables
# of dialogues, and between two ends of TCP on bad networks, TAP. Here, not in a guest:
# needs a compiler, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compiler.sh"
alg=$here/../kernel/alg
# as the kernel's: a string is text of any sign
flags=(-Wno-missing-field-initializers -Wno-pointer-sign -I"$here/fuzz/include")

# run TEST FILE...: a test of fuzz/, with these
run() {
	run_test "$1" "${flags[@]}" "$here/fuzz/$1.c" "${@:2}"
}

# The code of doc/alg.md
sed -n '/^```c$/,/^```$/ { /^```/!p }' "$here/../doc/alg.md" >"$work/example.c"

{
	run ftp_test "$alg"/{line,ftp,verdict}.c
	run rtsp_test "$alg"/{line,rtsp,verdict}.c
	run stream_test "$alg"/{line,stream}.c
	flags+=(-Wno-unused-parameter -I"$alg" "-DEXAMPLE=\"$work/example.c\"")
	run example_test "$alg"/{line,verdict}.c
} | numbered
