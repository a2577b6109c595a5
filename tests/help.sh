#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: help.sh
# Runs on this machine: each program that people start says with --help what it is for, and
# after arguments that it does not know how it is used; and does nothing then.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh" || exit
no_arguments "$@"

cd "$tests/.." || exit

# says STATUS PROGRAM ARG...: a test that it ends so, and says how it is used: on its
# standard error, if it is an error, and nothing on the other one
says() {
	local wanted=$1 status text=$work/output other=$work/errors

	shift
	timeout 20 "$@" >"$work/output" 2>"$work/errors" </dev/null
	status=$?
	[ "$wanted" = 0 ] || { text=$work/errors other=$work/output; }
	is "$status $(grep -c '^usage: ' "$text" | sed 's/[1-9][0-9]*/usage/') $(wc -c <"$other")" \
		"$wanted usage 0" "$*"
}

for program in ./check ./demo tests/{install-packages,suite,lint} tests/*.sh tests/{bench,fuzz}/run \
	tests/vm/{run,prepare} tests/vm/*.sh tests/packages/*; do
	[ -x "$program" ] || continue	# others read it
	says 0 "$program" --help
	says 0 "$program" -h
	says 2 "$program" --no-such-option
done
# What each of them needs, and what it does not take
says 2 tests/suite
says 2 tests/suite tests/no-such-script
says 2 tests/install-packages
says 2 tests/install-packages no-such-group
says 2 tests/install-packages --apt
says 2 tests/vm/prepare
says 2 tests/vm/prepare no-such-kernel
says 2 tests/vm/prepare uml debian-6.1
says 2 tests/vm/run
says 2 tests/vm/run --kernel uml
says 2 tests/vm/run --kernel no-such-kernel -- true
says 2 tests/vm/run --smp none -- true
says 2 tests/vm/run --kernel uml --icount -- true
says 2 tests/vm/run --timeout
says 2 tests/packages/tree
says 2 tests/packages/tree no-such-suite
says 2 tests/packages/enter --network
says 2 tests/packages/enter tests true
says 2 tests/bench/run --json
says 2 tests/bench/run --json file more
says 2 tests/fuzz/run many
says 2 tests/fuzz/run 1 2
says 2 tests/fuzz/run --merge
says 2 tests/lint --files more
says 2 ./check no-such-part
says 2 env KERNELS=no-such-kernel ./check vm
finish
