#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: machines.sh
# The unit tests of alg.sh and tools.sh for two other machines, TAP: i386, which has 32 bits,
# and whose programs an x86 runs; and s390x, which is big-endian, emulated by qemu. Here, not in
# a guest: needs no kernel, and root only to install compilers.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh" || exit
no_arguments "$@"

"$tests/install-packages" build machines || die "compilers or libraries are missing"
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xtables-conntrack-addons

# machine NAME COMPILER...: for this one, with that
machine() {
	local libraries=$cache/machines/usr/lib/$1-linux-gnu script status line

	export CC="${*:2} -L$libraries -Wl,-rpath,$libraries"
	for script in alg.sh tools.sh; do
		"$tests/$script" >"$work/out"
		status=$?
		while IFS= read -r line; do
			case $line in
			"ok "*) ok 0 "$1: ${line#* - }" ;;
			"not ok "*) ok 1 "$1: ${line#* - }" ;;
			"1.."*) ;;
			*) printf '%s\n' "$line" ;;
			esac
		done <"$work/out"
		ok "$status" "$1: $script passed"
	done
}

case $(uname -m) in
x86_64 | i?86)
	# gcc-multilib would link the kernel's headers to where -m32 looks for them.
	machine i386 gcc -m32 -idirafter "/usr/include/$(gcc -print-multiarch)"
	;;
*) skip "this machine is no x86" "i386: alg.sh and tools.sh" ;;
esac
# AddressSanitizer takes more address space than qemu has.
export RUN_WITH="qemu-s390x -L /usr/s390x-linux-gnu" SANITIZE=undefined
machine s390x s390x-linux-gnu-gcc
finish
