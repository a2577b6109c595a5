#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the KUnit modules, and turns their results into ours.
. "$(dirname "$0")/../lib.sh"

if [ ! -d /sys/kernel/debug/kunit ]; then
	skip "this kernel has no KUnit" "KUnit"
	finish
fi
modprobe ctstate2_kunit || die "cannot load ctstate2_kunit"
results=/sys/kernel/debug/kunit/ctstate2/results
while IFS= read -r line; do
	case $line in
	"    ok "*) ok 0 "ctstate2: ${line##*[0-9] }" ;;
	"    not ok "*) ok 1 "ctstate2: ${line##*[0-9] }" ;;
	esac
done <$results
is "$(tail -n 1 $results)" "ok 1 ctstate2" "ctstate2: the suite passed"
modprobe -r ctstate2_kunit
finish
