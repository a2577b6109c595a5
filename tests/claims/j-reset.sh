#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (j): a RST takes the entry to CLOSE, from any state; from ESTABLISHED, if its
# number is exactly what the other end waits for.
#
# Observed: connections of two sockets that either side resets; made connections, one
# for each state and each end, which then gets a RST; and one that gets a RST of a
# number further on before.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets client="$client" router="$router" server="$server"

# Packets from the first SYN on, each with the state that it leads to
steps=("alice(tcp('S', 1000))" "bob(tcp('SA', 5000, 1001))" "alice(tcp('A', 1001, 5001))"
	"alice(tcp('FA', 1001, 5001))" "bob(tcp('A', 5001, 1002))"
	"bob(tcp('FA', 5001, 1002))" "alice(tcp('A', 1002, 5002))")
states=(SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT)

# resets SENDER: a RST of SENDER in each state
resets() {
	local last i

	for last in "${!states[@]}"; do
		send "flow(80)"
		for ((i = 0; i <= last; i++)); do
			send "${steps[i]}"
		done
		# what the other end waits for, or the answer to a SYN
		if [ "$1" = alice ]; then
			send "alice(tcp('R', 1001))"
		else
			send "bob(tcp('RA', $((last < 2 ? 0 : 5001)), 1001))"
		fi
	done
	send "flow(80); alice(tcp('S', 1000)); bob(tcp('S', 5000))"
	send "alice(tcp('R', 1001)) if '$1' == 'alice' else bob(tcp('RA', 5001, 1001))"
	send "flow(80); handshake(); alice(tcp('R', 1001)); $1(tcp('R', 1))"
}

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
	counting_rule "$router" "$iptables" mangle FORWARD sent2 \
		-p tcp -m ctstate2 --direction REPLY --tcp-state SYN_SENT2
	resets bob
	is "$(counted "$router" "$iptables" mangle)" "ORIGINAL-CLOSE=1 REPLY-CLOSE=9 sent2=1" \
		"$iptables: the server's RST in each of ${states[*]} SYN_SENT2 CLOSE: CLOSE"
	zero "$router" "$iptables" mangle
	resets alice
	is "$(counted "$router" "$iptables" mangle)" "ORIGINAL-CLOSE=10 sent2=1" \
		"$iptables: the client's, likewise"
	zero "$router" "$iptables" mangle
	send "flow(80); handshake(); bob(tcp('R', 5500))"
	is "$(counted "$router" "$iptables" mangle)" "REPLY-ESTABLISHED=1" \
		"$iptables: a RST of a number further on: still ESTABLISHED"
	send "bob(tcp('R', 5001))"
	is "$(counted "$router" "$iptables" mangle)" "REPLY-ESTABLISHED=1 REPLY-CLOSE=1" \
		"$iptables: the exact one after it: CLOSE"
done

finish
