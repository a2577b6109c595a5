#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (f): a packet that belongs to no connection is INVALID, unless a rule (or,
# for IPv6 neighbour discovery, the kernel) exempted it: then it is UNTRACKED.
#
# Observed: packets that the tracker refuses, each alone, in FORWARD; packets that
# a CT --notrack rule exempts; and that before the tracker had its turn, in the raw
# table, every ordinary packet is INVALID, too.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets client="$client" router="$router" server="$server"

# then_is NAME STATES WHAT
then_is() {
	is "${seen[$1]}" "$2" "$iptables: $3: $2"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	icmp=$(by_family "$iptables" "-p icmp --icmp-type" "-p icmpv6 --icmpv6-type")
	watch_states "$router" "$iptables" mangle \
		"SYN-FIN=FORWARD -p tcp --tcp-flags ALL SYN,FIN" \
		"SYN-ACK=FORWARD -p tcp --tcp-flags ALL SYN,ACK" \
		"echo-reply=FORWARD $icmp echo-reply" \
		"error=FORWARD $icmp destination-unreachable" \
		"checksum=FORWARD -p udp --dport 7001" \
		"exempt=FORWARD -p udp --dport 7002" \
		"not-exempt=FORWARD -p udp --sport 7002" \
		"ND=INPUT $(by_family "$iptables" "-p igmp" "$icmp neighbour-solicitation")"
	# The rules that count come before the one that exempts.
	watch_states "$router" "$iptables" raw "PREROUTING -p udp -m multiport --ports 5000" \
		"OUTPUT -p udp -m multiport --ports 5000"
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p udp --dport 7002 \
		-j CT --notrack || die "$iptables: no CT target"
	forget "$router"

	send "flow(); alice(tcp('SF'))"
	send "flow(); alice(tcp('SA'))"
	send "flow(); bob(echo_reply())"
	send "flow(); bob(error('port', from_alice(udp())))"
	send "flow(7001); alice(udp(chksum=0x1234))"
	send "flow(7002); alice(udp()); bob(udp())"
	read_states "$router" "$iptables" mangle
	then_is SYN-FIN "INVALID=1 all=1" "TCP with SYN and FIN"
	then_is SYN-ACK "INVALID=1 all=1" "a SYN/ACK that nobody asked for"
	then_is echo-reply "INVALID=1 all=1" "an echo reply that nobody asked for"
	then_is error "INVALID=1 all=1" "an ICMP error about an unknown connection"
	then_is checksum "INVALID=1 all=1" "UDP with a wrong checksum"
	then_is exempt "UNTRACKED=1 all=1" "a packet that a rule exempts"
	then_is not-exempt "NEW=1 all=1" "its reply, which the rule does not exempt"

	if is_ipv6 "$iptables"; then
		send "alice(ICMPv6ND_NS(tgt=addr['router']), dst='router', ttl=255)"
		read_states "$router" "$iptables" mangle
		like "${seen[ND]}" "^UNTRACKED=([1-9][0-9]*) all=([1-9][0-9]*)$" \
			"$iptables: neighbour discovery: UNTRACKED"
		is "${BASH_REMATCH[1]-}" "${BASH_REMATCH[2]-}" \
			"$iptables: neighbour discovery: always"
	fi

	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	send "answer(client, 5000); datagram(router, 5000, server, 6000)"
	read_states "$router" "$iptables" raw
	then_is PREROUTING "INVALID=3 all=3" "before tracking, all that comes"
	then_is OUTPUT "INVALID=1 all=1" "before tracking, all that goes"
	run_in "$router" "$iptables" -w -t raw -F
done

finish
