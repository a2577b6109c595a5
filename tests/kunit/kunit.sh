#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the KUnit suites, and turns their results into ours.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

suites="alg ctfull ctlog ctstate2 ctstate2_tcp"

if [ ! -d /sys/kernel/debug/kunit ]; then
	skip "this kernel has no KUnit" "KUnit"
	finish
fi
modprobe ctstate2_kunit || die "cannot load ctstate2_kunit"
for suite in $suites; do
	results=/sys/kernel/debug/kunit/$suite/results
	while IFS= read -r line; do
		case $line in
		"    ok "*) ok 0 "$suite: ${line##*[0-9] }" ;;
		"    not ok "*) ok 1 "$suite: ${line##*[0-9] }" ;;
		esac
	done <"$results"
	like "$(tail -n 1 "$results")" "^ok [0-9]+ $suite\$" "$suite: the suite passed"
done
is "$(cd /sys/kernel/debug/kunit && echo *)" "$suites" "these are all suites"
modprobe -r ctstate2_kunit
finish
