#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Dialogues of RTSP through the helper rtsp2, with scripted ends: benign ones, of which all
# media have to come, and hostile ones, in which nothing may be opened. What is said, and how it
# is cut into segments, is in rtsp.py, which is all of the ends. $NAT, if set, says with which
# kinds of NAT. $HELPER, if set, is another helper than rtsp2, with its modules loaded, of which
# only is said how it fares.
#
#    client ------------ router of alg_router ------------ server
#    10.0.1.2              helper, no NAT, SNAT,          10.0.2.2
#    10.0.1.3, a third     DNAT, both; lets in what       10.0.2.3, another one
#                          it expects and port 554
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

helper=${HELPER-rtsp2}
[ "$helper" != rtsp2 ] || modprobe nf_conntrack_rtsp2 || die "no helper"
modprobe -aq nf_conntrack_netlink
routers=()
for nat in ${NAT-none snat dnat both}; do
	alg_router "$helper" "$nat" legacy 554
	# shellcheck disable=SC2154 # they are set
	routers+=("$helper,$nat,$client,$router,$server,$ftp4,$ftp6,$client4,$client6")
done

declare -A good=() count=()
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
	if [ "$result" = ok ] || { [ "$helper" != rtsp2 ] && [ "$kind $result" = "hostile failed" ]; }; then
		good[$nat $kind]=$((${good[$nat $kind]-0} + 1))
	else
		note "$nat, $kind, $result: $name"
	fi
done < <(/usr/bin/python3 "$tests/alg/rtsp.py" "${routers[@]}" 2>"$work/error" ||
	echo "$helper - program failed it ended early")
while IFS= read -r line; do
	note "$line"
done <"$work/error"
for nat in none snat dnat both; do
	[ -n "${count[$nat benign]-}${count[$nat hostile]-}" ] || continue
	note "$helper, NAT $nat:" "benign ${good[$nat benign]-0} of ${count[$nat benign]-0}," \
		"hostile stopped ${good[$nat hostile]-0} of ${count[$nat hostile]-0}"
done
[ -z "${count[- program]-}" ] || ok 1 "the program ended well"
finish
