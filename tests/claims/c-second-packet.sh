#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (c): what the first side sends is NEW until a reply came, however much it
# sends, and ESTABLISHED (in the original direction) from then on.
#
# Observed: a UDP flow, packet by packet, with a look at the counters after each.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

# then_seen STATES WHEN
then_seen() {
	read_states "$router" "$iptables" mangle
	is "${seen[FORWARD]}" "$1" "$iptables: $2: $1"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	watch_states "$router" "$iptables" mangle "FORWARD -p udp"
	forget "$router"

	send "datagram(client, 5000, server, 6000)"
	then_seen "NEW=1 all=1" "the first packet"
	send "datagram(client, 5000, server, 6000)"
	then_seen "NEW=2 all=2" "a second without a reply"
	send "answer(server, 6000)"
	then_seen "NEW=2 ESTABLISHED_REPLY=1 all=3" "a reply"
	send "datagram(client, 5000, server, 6000)"
	then_seen "NEW=2 ESTABLISHED_ORIGINAL=1 ESTABLISHED_REPLY=1 all=4" \
		"a third, after the reply"
done

finish
