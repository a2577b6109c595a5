# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For scripts that compile tests for this machine: $compiler, and the flags of the array
# sanitize, if the sanitizers' libraries are there; $work, which goes with the script. Ends
# the script as skipped if there is no compiler.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
	echo "1..0 # SKIP no $compiler"
	exit 4
fi
sanitize=(-fsanitize='address,undefined' -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$work/try.c"
"$compiler" "${sanitize[@]}" "$work/try.c" -o "$work/try" 2>/dev/null || sanitize=()
