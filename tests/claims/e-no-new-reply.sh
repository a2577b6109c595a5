#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (e): there is no "new" packet in the reply direction: the side that speaks
# first defines which direction is the original one. So the named states are all
# that there are.
#
# Observed: under mixed traffic, the counts of all named states add up to the count
# of a bare rule, in every chain. And where that might be doubted, on the second
# router of an asymmetric path, which sees replies only: for it they are NEW, that
# is, of the original direction.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

chains="PREROUTING INPUT FORWARD OUTPUT POSTROUTING"

# adds_up CHAIN STATES: the states' counts have to be that of "all", which is last
adds_up() {
	local item sum=0 all=0

	for item in ${seen[$1]}; do
		if [ "${item%=*}" = all ]; then
			all=${item#*=}
		else
			sum=$((sum + ${item#*=}))
		fi
	done
	is "$sum" "$all" "$iptables: $1: the states add up (${seen[$1]})"
	[ "$all" -gt 0 ]
	ok $? "$iptables: $1: saw packets"
}

topology_router
start_packets client="$client" router="$router" server="$server"
for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	# shellcheck disable=SC2086 # a list of words
	watch_states "$router" "$iptables" mangle $chains
	watch_states "$router" "$iptables" raw PREROUTING OUTPUT
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p udp --dport 6099 \
		-j CT --notrack || die "$iptables: no CT target"
	forget "$router"

	send "datagram(client, 5000, server, 6000); datagram(client, 5000, server, 6000)"
	send "answer(server, 6000); answer(client, 5000)"
	send "datagram(client, 5000, router, 6000); answer(router, 6000)"
	send "datagram(router, 5000, server, 6001); answer(server, 6001)"
	send "datagram(client, 5000, server, 6099)"
	send "lost_datagram(client, 5000, server, 6666)"
	send "lost_datagram(client, 5000, router, 6666)"
	send "c = connect(client, 5000, server, 80); say(*c, 'x'); acknowledged(*c); hang_up(*c)"
	send "c = connect(client, 5001, server, 80); say(*c, 'x'); acknowledged(*c); reset(*c)"
	send "flow(); alice(echo()); bob(echo_reply())"
	send "flow(); bob(echo_reply()); alice(tcp('SF')); alice(tcp('SA'))"
	send "flow(); bob(error('port', from_alice(udp())))"
	send "flow(); alice(udp(), ttl=1)"

	read_states "$router" "$iptables" mangle
	for chain in $chains; do
		adds_up "$chain"
	done
	for state in NEW ESTABLISHED_ORIGINAL ESTABLISHED_REPLY RELATED_REPLY INVALID \
		UNTRACKED; do
		like " ${seen[PREROUTING]}" " $state=[1-9]" \
			"$iptables: the traffic had packets that are $state"
	done
	read_states "$router" "$iptables" raw
	for chain in PREROUTING OUTPUT; do
		adds_up "$chain"
	done
	run_in "$router" "$iptables" -w -t raw -F
done

topology_two_routers
start_packets --sockets client="$client" server="$server"
for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	for router in "$router1" "$router2"; do
		watch_states "$router" "$iptables" mangle "FORWARD -p udp"
		forget "$router"
	done
	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	read_states "$router1" "$iptables" mangle
	is "${seen[FORWARD]}" "NEW=1 all=1" "$iptables: a router on the way there: NEW"
	read_states "$router2" "$iptables" mangle
	is "${seen[FORWARD]}" "NEW=1 all=1" \
		"$iptables: another on the way back, which sees the reply only: NEW"
done

finish
