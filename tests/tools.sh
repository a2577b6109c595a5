#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: tools.sh
# What ctfull makes of a dump of the table, and of names, tools/table_test.c, TAP. Here, not
# in a guest: needs a compiler and libmnl, no root and no kernel.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
. "$here/compiler.sh"

"$compiler" -std=gnu11 -g -O1 -Wall -Wextra -Werror -D_GNU_SOURCE \
	${sanitize[@]+"${sanitize[@]}"} -I"$here/../include" "$here/tools/table_test.c" \
	"$here/../tools/ctfull"/{table,text}.c -lmnl -o "$work/table_test"
"$work/table_test"
