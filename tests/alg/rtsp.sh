#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Dialogues of RTSP through the helper rtsp2, with scripted ends: benign ones, of which all
# media have to come, and hostile ones, in which nothing may be opened. What is said, and how it
# is cut into segments, is in rtsp.py, which is all of the ends. $NAT, if set, says with which
# kinds of NAT. Then the same with the helper of Debian's nat-rtsp, in comments, on a kernel
# that it can be built for.
#
#    client ------------ router of alg_router ------------ server
#    10.0.1.2              helper, no NAT, SNAT,          10.0.2.2
#    10.0.1.3, a third     DNAT, both; lets in what       10.0.2.3, another one
#                          it expects and port 554
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

# dialogues HELPER NAT...: what rtsp.py says of them, and how many went well
declare -A good=() count=()
dialogues() {
	local helper=$1 name nat kind result routers=()

	for nat in "${@:2}"; do
		alg_router "$helper" "$nat" legacy 554
		# shellcheck disable=SC2154 # they are set
		routers+=("$helper,$nat,$client,$router,$server,$ftp4,$ftp6,$client4,$client6")
	done
	good=() count=()
	while read -r _ nat kind result name; do
		if [ "$kind" != benign ] && [ "$kind" != hostile ]; then
			note "$nat $kind $result $name"
			continue
		fi
		if [ "$helper" = rtsp2 ]; then
			[ "$result" = ok ]
			ok $? "$nat: $kind: ${name%%: step *}"
		fi
		count[$nat $kind]=$((${count[$nat $kind]-0} + 1))
		# Of another helper, one that does not get on has not opened anything, either.
		if [ "$result" = ok ] || [ "$helper $kind $result" = "rtsp hostile failed" ]; then
			good[$nat $kind]=$((${good[$nat $kind]-0} + 1))
		else
			note "$helper, $nat, $kind, $result: $name"
		fi
	done < <(/usr/bin/python3 "$tests/alg/rtsp.py" "${routers[@]}" 2>"$work/error" ||
		echo "$helper - benign failed the program ended early")
	while IFS= read -r line; do
		note "$line"
	done <"$work/error"
	for nat in "${@:2}"; do
		note "$( [ "$helper" = rtsp2 ] || echo "nat-rtsp's ")$helper, NAT $nat:" \
			"benign ${good[$nat benign]-0} of ${count[$nat benign]-0}," \
			"hostile stopped ${good[$nat hostile]-0} of ${count[$nat hostile]-0}"
	done
}

modprobe nf_conntrack_rtsp2 || die "no helper"
modprobe -aq nf_conntrack_netlink
# shellcheck disable=SC2086 # words
dialogues rtsp2 ${NAT-none snat dnat both}

# Last: what it does to the kernel is not to touch ours.
peer=${helpers%/*}/nat-rtsp
if [ ! -e "$peer/nf_nat_rtsp.ko" ]; then
	note "nat-rtsp is not built for this kernel: $(cat "$peer/why" 2>&1)"
elif ! { modprobe -a nf_conntrack nf_nat && insmod "$peer/nf_conntrack_rtsp.ko" &&
	insmod "$peer/nf_nat_rtsp.ko"; } 2>"$work/error"; then
	note "nat-rtsp does not load: $(<"$work/error")"
else
	# It is often waited for in vain.
	theirs="none snat"
	[ -z "${CHECK_ALL-}" ] || theirs+=" dnat both"
	# shellcheck disable=SC2086
	dialogues rtsp ${NAT-$theirs}
fi
finish
