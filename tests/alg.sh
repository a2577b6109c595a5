#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# alg.sh: the pure part of the helpers (kernel/alg/line.c, ftp.c) against tables of
# dialogues, TAP. Here, not in a guest: needs a compiler, no root and no kernel.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
	echo "1..0 # SKIP no $compiler"
	exit 4
fi
flags=(-std=gnu11 -g -O1 -Wall -Wextra -Wno-missing-field-initializers -Werror)
# with the sanitizers, if their libraries are there
sanitize=(-fsanitize='address,undefined' -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$work/try.c"
"$compiler" "${sanitize[@]}" "$work/try.c" -o "$work/try" 2>/dev/null || sanitize=()
"$compiler" "${flags[@]}" ${sanitize[@]+"${sanitize[@]}"} -I"$here/fuzz/include" \
	"$here/fuzz/ftp_test.c" "$here"/../kernel/alg/{line,ftp}.c -o "$work/ftp_test"
"$work/ftp_test"
