#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (h): TCP's handshake walks SYN_SENT, SYN_RECV, ESTABLISHED.
#
# Observed: the sub-state after each packet of a connection of two sockets.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	watch_tcp "$router" "$iptables"
	forget "$router"
	send "both = connect(client, 5001, server, 80)"
	is "$(counted "$router" "$iptables" mangle)" \
		"ORIGINAL-SYN_SENT=1 REPLY-SYN_RECV=1 ORIGINAL-ESTABLISHED=1" \
		"$iptables: SYN: SYN_SENT; SYN/ACK: SYN_RECV; ACK: ESTABLISHED"
	send "say(*both, 'x'); say(*reversed(both), 'y'); acknowledged(*both)"
	like "$(counted "$router" "$iptables" mangle)" \
		"^ORIGINAL-SYN_SENT=1 REPLY-SYN_RECV=1 ORIGINAL-ESTABLISHED=[3-9] REPLY-ESTABLISHED=[1-9]$" \
		"$iptables: data, both ways: ESTABLISHED"
	send "reset(*both)"
done

finish
