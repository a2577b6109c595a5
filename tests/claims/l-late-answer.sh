#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (l): a UDP flow whose entry timed out is NEW again when the other side
# speaks first, so that a rule that let its packets in now blocks them.
#
# Observed: the server's answers through a router that lets only the client start,
# with lifetimes of three seconds.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"
set_sysctl "$router" net.netfilter.nf_conntrack_udp_timeout=3 \
	net.netfilter.nf_conntrack_udp_timeout_stream=3

no_entry() {
	! run_in "$router" conntrack -L -f "$family" -p udp 2>/dev/null | grep -q dport=6000
}

for iptables in $iptables_variants; do
	family=$(by_family "$iptables" ipv4 ipv6)
	send "family($(by_family "$iptables" 4 6))"
	watch_rules "$router" "$iptables" filter \
		"client=FORWARD -i eth1 -p udp -m ctstate2 --state NEW,ESTABLISHED -j ACCEPT" \
		"answer=FORWARD -i eth2 -p udp -m ctstate2 --state ESTABLISHED_REPLY -j ACCEPT" \
		"late=FORWARD -i eth2 -p udp -m ctstate2 --state NEW --direction ORIGINAL -j DROP"
	forget "$router"
	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	is "$(counted "$router" "$iptables" filter)" "client=1 answer=1" \
		"$iptables: the answer is let in"
	wait_for 20 no_entry || die "the entry stays"
	send "lost_datagram(server, 6000, client, 5000)"
	is "$(counted "$router" "$iptables" filter)" "client=1 answer=1 late=1" \
		"$iptables: after the entry timed out, it is NEW, and blocked"
	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	is "$(counted "$router" "$iptables" filter)" "client=2 answer=2 late=1" \
		"$iptables: until the client speaks again"
	run_in "$router" "$iptables" -w -F FORWARD
done

finish
