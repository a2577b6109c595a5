#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (n): a TCP entry goes soon after the close, a UDP one only at its timeout.
#
# Observed: what is left of the lifetime, after each packet, and the entries. TCP's
# is days long until the close, then that of TIME_WAIT; a UDP flow has no end that
# the tracker could see.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"
set_sysctl "$router" net.netfilter.nf_conntrack_tcp_timeout_time_wait=1 \
	net.netfilter.nf_conntrack_udp_timeout=6

gone() {
	! run_in "$router" conntrack -L -f "$family" -p "$1" 2>/dev/null | grep -q .
}

for iptables in $iptables_variants; do
	family=$(by_family "$iptables" ipv4 ipv6)
	send "family($(by_family "$iptables" 4 6))"
	watch_rules "$router" "$iptables" mangle \
		"TCP-days=FORWARD -m ctstate2 --tcp-state ESTABLISHED --expires 431990:432000" \
		"TCP-closed=FORWARD -m ctstate2 --tcp-state TIME_WAIT --expires 0:1" \
		"UDP=FORWARD -p udp -m ctstate2 --expires 5:6"
	forget "$router"
	send "sock, peer = connect(client, 5001, server, 80)"
	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	is "$(counted "$router" "$iptables" mangle)" "TCP-days=1 UDP=2" \
		"$iptables: TCP has 5 days, UDP 6 s"
	send "hang_up(sock, peer)"
	is "$(counted "$router" "$iptables" mangle)" "TCP-days=1 TCP-closed=1 UDP=2" \
		"$iptables: after the close, TCP has 1 s"
	wait_for 20 gone tcp
	ok $? "$iptables: and goes"
	gone udp
	is $? 1 "$iptables: UDP stays"
	wait_for 20 gone udp
	ok $? "$iptables: until its timeout"
done

finish
