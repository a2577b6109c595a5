#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (g): ESTABLISHED is about two-way traffic, not about TCP's ESTABLISHED.
#
# Observed: a pair of UDP packets reaches it, and so do echo request and reply,
# which have no connection at all; and the SYN/ACK of a TCP handshake is
# ESTABLISHED while the tracker's TCP sub-state is still SYN_RECV.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	watch_states "$router" "$iptables" mangle \
		"UDP=FORWARD -p udp" "TCP=FORWARD -p tcp" \
		"ICMP=FORWARD $(by_family "$iptables" "-p icmp" "-p icmpv6")"
	forget "$router"

	two_way="NEW=1 ESTABLISHED_ORIGINAL=1 ESTABLISHED_REPLY=1 all=3"
	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	send "answer(client, 5000)"
	send "flow(); alice(echo()); bob(echo_reply()); alice(echo())"
	send "flow(80); alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001))"
	read_states "$router" "$iptables" mangle
	is "${seen[UDP]}" "$two_way" "$iptables: a pair of UDP packets, and one more"
	is "${seen[ICMP]}" "$two_way" "$iptables: a pair of ICMP packets, and one more"
	is "${seen[TCP]}" "NEW=1 ESTABLISHED_REPLY=1 all=2" \
		"$iptables: half a TCP handshake"
	like "$(run_in "$router" conntrack -L -f "$(by_family "$iptables" ipv4 ipv6)" \
		-p tcp 2>/dev/null)" "SYN_RECV" \
		"$iptables: its sub-state is SYN_RECV, not TCP's ESTABLISHED"
done

finish
