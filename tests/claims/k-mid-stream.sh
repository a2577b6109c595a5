#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (k): a connection that is picked up in mid-stream is NEW with the sub-state
# ESTABLISHED, and INVALID with tcp_loose=0.
#
# Observed: an ACK of a connection whose handshake the router has not seen.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	watch_rules "$router" "$iptables" mangle \
		"picked-up=FORWARD -m ctstate2 --state NEW --tcp-state ESTABLISHED" \
		"answered=FORWARD -m ctstate2 --state ESTABLISHED_REPLY --tcp-state ESTABLISHED" \
		"too-new=FORWARD -m ctstate2 --invalid-reason TCP_NEW" \
		"all=FORWARD -p tcp"
	forget "$router"
	set_sysctl "$router" net.netfilter.nf_conntrack_tcp_loose=1
	send "flow(80); alice(tcp('A', 1000, 5000, b'data'))"
	is "$(counted "$router" "$iptables" mangle)" "picked-up=1 all=1" \
		"$iptables: an ACK that comes first: NEW, with sub-state ESTABLISHED"
	send "bob(tcp('A', 5000, 1004))"
	is "$(counted "$router" "$iptables" mangle)" "picked-up=1 answered=1 all=2" \
		"$iptables: its answer: ESTABLISHED_REPLY"
	set_sysctl "$router" net.netfilter.nf_conntrack_tcp_loose=0
	send "flow(80); alice(tcp('A', 1000, 5000, b'data'))"
	is "$(counted "$router" "$iptables" mangle)" "picked-up=1 answered=1 too-new=1 all=3" \
		"$iptables: with tcp_loose=0: INVALID, because of TCP_NEW"
done

finish
