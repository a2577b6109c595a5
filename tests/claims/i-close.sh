#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (i): the close in four packets walks FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT.
#
# Observed: the sub-state after each packet of a connection of two sockets, which
# the client closes, and the server a while later, so that its ACK comes first.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	# the tracker works while there is a rule
	watch_tcp "$router" "$iptables"
	forget "$router"
	send "sock, peer = connect(client, 5001, server, 80)"
	watch_tcp "$router" "$iptables"
	send "shut(sock)"
	is "$(counted "$router" "$iptables" mangle)" "ORIGINAL-FIN_WAIT=1 REPLY-CLOSE_WAIT=1" \
		"$iptables: FIN: FIN_WAIT; its ACK: CLOSE_WAIT"
	send "shut(peer); peer.close(); sock.close()"
	is "$(counted "$router" "$iptables" mangle)" \
		"ORIGINAL-FIN_WAIT=1 REPLY-CLOSE_WAIT=1 REPLY-LAST_ACK=1 ORIGINAL-TIME_WAIT=1" \
		"$iptables: the other FIN: LAST_ACK; its ACK: TIME_WAIT"
done

finish
