#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (j): a RST takes the entry to CLOSE, from any state.
#
# Observed: connections of two sockets that either side resets; and one made
# connection for each state, which then gets a RST.
. "$(dirname "$0")/../lib.sh"

topology_router
start_packets client="$client" router="$router" server="$server"

# Packets from the first SYN on, each with the state that it leads to
steps=("alice(tcp('S', 1000))" "bob(tcp('SA', 5000, 1001))" "alice(tcp('A', 1001, 5001))"
	"alice(tcp('FA', 1001, 5001))" "bob(tcp('A', 5001, 1002))"
	"bob(tcp('FA', 5001, 1002))" "alice(tcp('A', 1002, 5002))")
states=(SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT)

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	# the tracker works while there is a rule
	watch_tcp "$router" "$iptables"
	forget "$router"
	send "first = connect(client, 5001, server, 80); second = connect(client, 5002, server, 80)"
	watch_tcp "$router" "$iptables"
	send "reset(*first); reset(*reversed(second))"
	is "$(counted "$router" "$iptables" mangle)" "ORIGINAL-CLOSE=1 REPLY-CLOSE=1" \
		"$iptables: the client's RST, and the server's: CLOSE"

	watch_tcp "$router" "$iptables" --tcp-flags RST RST
	for last in "${!states[@]}"; do
		send "flow(80)"
		for ((i = 0; i <= last; i++)); do
			send "${steps[i]}"
		done
		# what the client acknowledged, or the answer to a SYN
		send "bob(tcp('RA', $((last < 2 ? 0 : 5001)), 1001))"
	done
	is "$(counted "$router" "$iptables" mangle)" "REPLY-CLOSE=${#states[@]}" \
		"$iptables: a RST in each of ${states[*]}: CLOSE"
done

finish
