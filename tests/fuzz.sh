#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: fuzz.sh
# A minute of libFuzzer on each grammar that reads packets' bytes, without a kernel, TAP: nothing
# breaks, and the corpus still reaches the code (95% of its lines). See fuzz/run.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/usage.sh" || exit
no_arguments "$@"

here=$(cd "$(dirname "$0")" && pwd)
seconds=${FUZZ_SECONDS-60}

if ! log=$("$here/fuzz/run" "$seconds" 2>&1); then
	echo "not ok 1 - $seconds s of libFuzzer"
	printf '%s\n' "$log" | sed 's/^/# /'
	echo 1..1
	exit 1
fi
echo "ok 1 - $seconds s of libFuzzer"
printf '%s\n' "$log" | sed 's/^/# /'
number=1
while read -r file lines; do
	number=$((number + 1))
	[ "${lines%.*}" -ge 95 ] || printf 'not '
	echo "ok $number - ${file%:}: 95% of its lines are reached"
done < <(grep -E '^[a-z]+\.c: [0-9.]+%' <<<"$log")
[ "$number" = 5 ] || echo "not ok $((number += 1)) - all files were looked at"
echo "1..$number"
