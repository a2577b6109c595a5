#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: tools.sh
# What ctfull makes of a dump of the table, and of names, tools/table_test.c, TAP. Here, not
# in a guest: needs a compiler and libmnl, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
	echo "1..0 # SKIP no $compiler"
	exit 4
fi
# with the sanitizers, if their libraries are there
sanitize=(-fsanitize='address,undefined' -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$work/try.c"
"$compiler" "${sanitize[@]}" "$work/try.c" -o "$work/try" 2>/dev/null || sanitize=()

"$compiler" -std=gnu11 -g -O1 -Wall -Wextra -Werror -D_GNU_SOURCE \
	${sanitize[@]+"${sanitize[@]}"} -I"$here/../include" "$here/tools/table_test.c" \
	"$here/../tools/ctfull"/{table,text}.c -lmnl -o "$work/table_test"
"$work/table_test"
