#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -m ctstate2 --state X counts the very packets that -m conntrack --ctstate X does,
# for every X that both have, alone, inverted and in lists, in all chains of mangle
# and raw, in whatever situation a packet may be.
#
# The router has both rules for each X, one after the other, four times: legacy and
# nft, IPv4 and IPv6. After each situation of the table below, the two must have
# counted the same everywhere; and -m conntrack alone must have counted what the
# table says, or else the situation was not the one that the line is about.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

# What the rules are about: words of --state and --ctstate, inverted with !
lists="NEW ESTABLISHED RELATED INVALID UNTRACKED SNAT DNAT
	!NEW !ESTABLISHED !RELATED !INVALID !UNTRACKED !SNAT !DNAT
	ESTABLISHED,RELATED !ESTABLISHED,RELATED INVALID,UNTRACKED !NEW,SNAT SNAT,DNAT
	NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED,SNAT,DNAT"

# Ports of bob for which the router does something with a packet
untracked=7001		# exempt from tracking
zone=7002		# in a zone of its own, in both directions
half_zone=7003		# in another zone, but the replies in none
snat=7004
dnat=7005
both=7006		# SNAT and DNAT
rejected=7007		# REJECT answers with an ICMP error
reset=7008		# REJECT answers with a TCP RST
untracked_rejected=7009	# exempt, and REJECT answers
redirected=7010		# REDIRECT to the router itself
tftp=69			# the TFTP helper looks into it

# FAMILIES|SITUATION|WHERE STATE=PACKETS...|PYTHON for packets.py
#
# WHERE is a chain of mangle, or raw-CHAIN (raw, before its CT rules) or ct-CHAIN
# (raw, behind them). It must have seen that and nothing else; or, with "WHERE has
# STATE=PACKETS", that and maybe other packets, too.
situations() {
	grep '^[46]' <<-EOF
	46|TCP: SYN|FORWARD NEW=1|alice(tcp("S"))
	46|TCP: SYN sent again|FORWARD NEW=2|alice(tcp("S")); alice(tcp("S"))
	46|TCP: half-open|FORWARD NEW=1 ESTABLISHED=1|alice(tcp("S", 1000)); bob(tcp("SA", 5000, 1001))
	46|TCP: handshake|FORWARD NEW=1 ESTABLISHED=2|handshake()
	46|TCP: data|FORWARD NEW=1 ESTABLISHED=4|handshake(); alice(tcp("PA", 1001, 5001, b"hello")); bob(tcp("A", 5001, 1006))
	46|TCP: close|FORWARD NEW=1 ESTABLISHED=6|handshake(); alice(tcp("FA", 1001, 5001)); bob(tcp("A", 5001, 1002)); bob(tcp("FA", 5001, 1002)); alice(tcp("A", 1002, 5002))
	46|TCP: new connection in TIME_WAIT|FORWARD NEW=2 ESTABLISHED=6|handshake(); alice(tcp("FA", 1001, 5001)); bob(tcp("FA", 5001, 1002)); alice(tcp("A", 1002, 5002)); bob(tcp("A", 5002, 1002)); alice(tcp("S", 900000))
	46|TCP: RST|FORWARD NEW=1 ESTABLISHED=3|handshake(); bob(tcp("R", 5001))
	46|TCP: RST answers SYN|FORWARD NEW=1 ESTABLISHED=1|alice(tcp("S", 1000)); bob(tcp("RA", 0, 1001))
	46|TCP: simultaneous open|FORWARD NEW=1 ESTABLISHED=3|alice(tcp("S", 1000)); bob(tcp("S", 5000)); alice(tcp("SA", 1000, 5001)); bob(tcp("SA", 5000, 1001))
	46|TCP: picked up mid-stream|FORWARD NEW=1 ESTABLISHED=1|alice(tcp("A", 1001, 5001)); bob(tcp("A", 5001, 1001))
	46|TCP: SYN/ACK of an asymmetric path|FORWARD INVALID=1|bob(tcp("SA", 5000, 1001))
	46|TCP: one side of an asymmetric path|FORWARD NEW=2 INVALID=1|bob(tcp("SA", 5000, 1001)); bob(tcp("A", 5001, 1001)); bob(tcp("PA", 5001, 1001, b"data"))
	46|TCP: FIN of no connection|FORWARD INVALID=1|alice(tcp("FA", 1001, 5001))
	46|TCP: RST of no connection|FORWARD INVALID=1|alice(tcp("R", 1001))
	46|TCP: SYN and FIN|FORWARD INVALID=1|alice(tcp("SF"))
	46|TCP: no flags|FORWARD INVALID=1|alice(tcp(""))
	46|TCP: outside of the window|FORWARD NEW=1 ESTABLISHED=2 INVALID=1|handshake(); alice(tcp("PA", 900000, 5001, b"hello"))
	46|TCP: truncated header|FORWARD INVALID=1|alice(src="carol", **protocol(6, bytes(tcp("S"))[:12]))
	46|TCP: header longer than the packet|FORWARD INVALID=1|alice(tcp("S", dataofs=15))
	46|TCP: wrong checksum|FORWARD INVALID=1|alice(tcp("S", chksum=0x1234))
	46|TCP: real sockets|FORWARD has NEW=1|c = connect(client, port, server, 80); say(*c, "x" * 5000); say(*reversed(c), "y"); hang_up(*c)
	46|TCP: real sockets, RST|FORWARD has NEW=1|c = connect(client, port, server, 80); say(*c, "x"); reset(*c)
	46|UDP: one way|FORWARD NEW=2|alice(udp()); alice(udp())
	46|UDP: two ways|FORWARD NEW=1 ESTABLISHED=2|alice(udp()); bob(udp()); alice(udp())
	46|UDP: the entry is gone and the other side speaks|FORWARD NEW=2 ESTABLISHED=1|alice(udp()); bob(udp()); forget(); bob(udp())
	46|UDP: wrong checksum|FORWARD INVALID=1|alice(udp(chksum=0x1234))
	4|UDP: no checksum|FORWARD NEW=1|alice(udp(chksum=0))
	46|UDP: truncated header|FORWARD INVALID=1|alice(src="carol", **protocol(17, bytes(udp())[:6]))
	46|UDP: longer than the packet|FORWARD INVALID=1|alice(udp(len=500))
	46|UDP: fragments|FORWARD NEW=1|[put("client", f) for f in fragments(udp(bytes(3000)))]
	46|UDP: fragments, last one first|FORWARD NEW=1|[put("client", f) for f in reversed(fragments(udp(bytes(3000))))]
	46|UDP: real sockets|FORWARD NEW=1 ESTABLISHED=2|datagram(client, port, server, 6000); answer(server, 6000); answer(client, port)
	46|UDP-Lite: real sockets|OUTPUT NEW=1|datagram(router, port, server, 6000, proto=136)
	46|SCTP: INIT|FORWARD NEW=1|alice(sctp(SCTPChunkInit(init_tag=1)))
	46|SCTP: INIT ACK of no association|FORWARD INVALID=1|bob(sctp(SCTPChunkInitAck(init_tag=1), tag=1))
	46|SCTP: ABORT of no association|FORWARD INVALID=1|bob(sctp(SCTPChunkAbort(), tag=1))
	46|SCTP: wrong checksum|FORWARD INVALID=1|alice(SCTP(tag=0, chksum=1) / SCTPChunkInit(init_tag=1))
	46|SCTP: real sockets|FORWARD has NEW=1|c = connect(client, port, server, 80, proto=132); say(*c, "x"); c[0].close(); c[1].close()
	46|ICMP: echo request|FORWARD NEW=1|alice(echo())
	46|ICMP: echo request and reply|FORWARD NEW=1 ESTABLISHED=2|alice(echo()); bob(echo_reply()); alice(echo())
	46|ICMP: echo reply to nothing|FORWARD INVALID=1|bob(echo_reply())
	4|ICMP: timestamp request and reply|FORWARD NEW=1 ESTABLISHED=1|alice(icmp((13, 0), bytes(12), id=port)); bob(icmp((14, 0), bytes(12), id=port))
	4|ICMP: unknown type|FORWARD INVALID=1|alice(icmp((42, 0), bytes(12)))
	6|ICMP: unknown type|FORWARD INVALID=1|alice(icmp((200, 0), bytes(12)))
	46|ICMP: wrong checksum|FORWARD INVALID=1|alice(echo(checksum=0x1234))
	46|ICMP: truncated header|FORWARD INVALID=1|alice(**protocol(1 if version == 4 else 58, b"\x08\x00\x00"))
	46|ICMP: port unreachable|FORWARD NEW=1 RELATED=1|alice(udp()); bob(error("port", from_alice(udp())))
	46|ICMP: port unreachable about a reply|FORWARD NEW=1 ESTABLISHED=1 RELATED=1|alice(udp()); bob(udp()); alice(error("port", from_bob(udp())))
	46|ICMP: host unreachable from elsewhere|FORWARD NEW=1 RELATED=1|alice(udp()); bob(error("host", from_alice(udp())), src="nobody")
	46|ICMP: time exceeded|FORWARD NEW=1 RELATED=1|alice(tcp("S")); bob(error("time", from_alice(tcp("S"))))
	46|ICMP: fragmentation needed|FORWARD NEW=1 ESTABLISHED=2 RELATED=1|handshake(); bob(error("size", from_alice(tcp("A", 1001, 5001))))
	46|ICMP: parameter problem about an echo request|FORWARD NEW=1 RELATED=1|alice(echo()); bob(error("parameter", from_alice(echo())))
	46|ICMP: error about nothing known|FORWARD INVALID=1|bob(error("port", from_alice(udp())))
	46|ICMP: error about nothing known, from the client|FORWARD INVALID=1|alice(error("port", from_bob(udp())))
	46|ICMP: error to another than the packet's sender|FORWARD NEW=1 INVALID=1|alice(udp()); bob(error("port", from_alice(udp())), dst="client")
	46|ICMP: error with a truncated packet|FORWARD NEW=1 INVALID=1|alice(udp()); bob(error("port", bytes(from_alice(udp()))[:14]))
	4|ICMP: redirect|FORWARD NEW=1 RELATED=1|alice(udp()); bob(icmp((5, 1), bytes(from_alice(udp()))))
	46|ICMP: real port unreachable|FORWARD NEW=1 RELATED=1|lost_datagram(client, port, server, 6666)
	46|ICMP: the router's port unreachable|OUTPUT RELATED=1|alice(udp(), dst="router")
	46|ICMP: the router's time exceeded|OUTPUT RELATED=1|alice(udp(), ttl=1)
	46|ICMP: the router's time exceeded, in raw|raw-OUTPUT RELATED=1|alice(udp(), ttl=1)
	46|ICMP: the router's error about an untracked packet|POSTROUTING INVALID=1|flow($untracked); alice(udp(), ttl=1)
	46|ICMP: the router's error about an invalid packet|POSTROUTING INVALID=1|bob(tcp("SA"), ttl=1)
	46|GRE: two ways|FORWARD NEW=1 ESTABLISHED=1|alice(**protocol(47, bytes(8))); bob(**protocol(47, bytes(8)))
	46|unknown protocol: two ways|FORWARD NEW=1 ESTABLISHED=1|alice(**protocol(253, bytes(8))); bob(**protocol(253, bytes(8)))
	4|IPv4 options|FORWARD NEW=1|alice(udp(), options=[IPOption_NOP()] * 4)
	6|IPv6 extension header|FORWARD NEW=1|alice(IPv6ExtHdrDestOpt() / udp())
	6|IPv6 without a next header|FORWARD INVALID=1|alice(**protocol(59, b""))
	46|before tracking|raw-PREROUTING INVALID=3|alice(udp()); bob(udp()); alice(udp())
	46|untracked|FORWARD UNTRACKED=1|flow($untracked); alice(udp())
	46|untracked, behind the rule in raw|ct-PREROUTING UNTRACKED=1|flow($untracked); alice(udp())
	46|untracked, but not the replies|FORWARD NEW=1 UNTRACKED=2|flow($untracked); alice(udp()); bob(udp()); alice(udp())
	46|a template, before tracking|ct-PREROUTING NEW=1|flow($zone); alice(udp())
	46|a template, and an invalid packet|FORWARD INVALID=1|flow($zone); alice(tcp("SF"))
	46|zone|FORWARD NEW=1 ESTABLISHED=2|flow($zone); alice(udp()); bob(udp()); alice(udp())
	46|zone of one direction only|FORWARD NEW=3|flow($half_zone); alice(udp()); bob(udp()); alice(udp())
	46|SNAT|FORWARD NEW=1 ESTABLISHED=2 SNAT=2|flow($snat); alice(udp()); bob(udp(), dst="router2"); alice(udp())
	46|SNAT, before POSTROUTING|POSTROUTING NEW=1|flow($snat); alice(udp())
	46|SNAT, a reply that comes in|PREROUTING NEW=1 ESTABLISHED=1 SNAT=1|flow($snat); alice(udp()); bob(udp(), dst="router2")
	46|SNAT, an ICMP error|FORWARD NEW=1 RELATED=1 SNAT=1|flow($snat); alice(udp()); bob(error("port", from_alice(udp(), src="router2")), dst="router2")
	46|DNAT|FORWARD NEW=1 ESTABLISHED=2 DNAT=3|flow($dnat); alice(udp(), dst="nobody"); bob(udp()); alice(udp(), dst="nobody")
	46|DNAT, before it is decided|PREROUTING NEW=1|flow($dnat); alice(udp(), dst="nobody")
	46|DNAT, an ICMP error|FORWARD NEW=1 RELATED=1 DNAT=2|flow($dnat); alice(udp(), dst="nobody"); bob(error("port", from_alice(udp())))
	46|SNAT and DNAT|FORWARD NEW=1 ESTABLISHED=2 SNAT=2 DNAT=3|flow($both); alice(udp(), dst="nobody"); bob(udp(), dst="router2"); alice(udp(), dst="nobody")
	46|SNAT, TCP|FORWARD NEW=1 ESTABLISHED=2 SNAT=2|flow($snat); alice(tcp("S", 1000)); bob(tcp("SA", 5000, 1001), dst="router2"); alice(tcp("A", 1001, 5001))
	46|REDIRECT to the router|INPUT NEW=1 DNAT=1|datagram(client, port, server, $redirected, at=(router, 6000))
	46|DNAT of the router's own packet|POSTROUTING NEW=1 DNAT=1|datagram(router, port, "nobody", $dnat, at=(server, 6000))
	46|expected connection|FORWARD NEW=1 ESTABLISHED=1 RELATED=1|flow($tftp); alice(udp(b"\0\1file\0octet\0")); peer_port = 33333; bob(udp()); alice(udp())
	46|expected connection without a reply|FORWARD NEW=1 RELATED=2|flow($tftp); alice(udp(b"\0\1file\0octet\0")); peer_port = 33333; bob(udp()); bob(udp())
	46|to the router|INPUT NEW=1 ESTABLISHED=1|datagram(client, port, router, 6000); answer(router, 6000); answer(client, port)
	46|from the router|OUTPUT NEW=1 ESTABLISHED=1|datagram(router, port, server, 6000); answer(server, 6000); answer(router, port)
	46|from the router, in raw|raw-OUTPUT INVALID=1|datagram(router, port, server, 6000)
	46|loopback|OUTPUT NEW=1 ESTABLISHED=2|datagram(loopback, port, loopback, 6000); answer(loopback, 6000); answer(loopback, port)
	46|loopback, where a packet comes in with its entry|raw-PREROUTING NEW=1 ESTABLISHED=1|datagram(loopback, port, loopback, 6000); answer(loopback, 6000)
	46|REJECT, an ICMP error|OUTPUT RELATED=1|flow($rejected); alice(udp())
	46|REJECT, a TCP RST|OUTPUT RELATED=1|flow($reset); alice(tcp("S"))
	46|REJECT, a TCP RST, in raw|raw-OUTPUT RELATED=1|flow($reset); alice(tcp("S"))
	46|REJECT of an untracked packet|OUTPUT INVALID=1|flow($untracked_rejected); alice(udp())
	46|REJECT of an untracked packet, in raw|raw-OUTPUT INVALID=1|flow($untracked_rejected); alice(udp())
	46|REJECT of an untracked packet, a TCP RST|raw-OUTPUT INVALID=1|flow($untracked_rejected); alice(tcp("S"))
	46|REJECT of an invalid packet|OUTPUT INVALID=1|flow($rejected); alice(tcp("SA"))
	46|broadcast|INPUT NEW=1|alice(udp(), dst="everyone")
	46|multicast|PREROUTING NEW=1|alice(udp(), dst="group")
	4|IGMP|INPUT NEW=1|alice(dst="group", **protocol(2, b"\x11\0\xee\xff\0\0\0\0"))
	6|neighbour discovery|INPUT has UNTRACKED=1|alice(ICMPv6ND_NS(tgt=addr["router"]), dst="router", ttl=255)
	6|neighbour discovery, the router's answer|OUTPUT has UNTRACKED=1|alice(ICMPv6ND_NS(tgt=addr["router"]), dst="router", ttl=255)
	EOF
}


# pairs NAME CHAIN: the rules of one place, of the table that is being written
pairs() {
	local list not

	for list in $lists; do
		not=
		[[ $list = !* ]] && not="! "
		echo "-A $2 -m conntrack $not--ctstate ${list#!}" \
			"-m comment --comment conntrack:$1:$list"
		echo "-A $2 -m ctstate2 $not--state ${list#!}" \
			"-m comment --comment ctstate2:$1:$list"
	done
}

# counting_rules CAROL: the rules of raw and mangle
counting_rules() {
	local chain port

	echo "*raw"
	pairs raw-PREROUTING PREROUTING
	pairs raw-OUTPUT OUTPUT
	# A rule that looks for a port drops a packet that has no room for ports.
	echo "-A PREROUTING -s $1 -j ACCEPT"
	for port in $untracked $untracked_rejected; do
		echo "-A PREROUTING -p udp --dport $port -j CT --notrack"
		echo "-A PREROUTING -p tcp --dport $port -j CT --notrack"
	done
	echo "-A PREROUTING -p tcp --dport $zone -j CT --zone 5"
	echo "-A PREROUTING -p udp --dport $zone -j CT --zone 5"
	echo "-A PREROUTING -p udp --sport $zone -j CT --zone 5"
	echo "-A PREROUTING -p udp --dport $half_zone -j CT --zone 6"
	echo "-A PREROUTING -p udp --dport $tftp -j CT --helper tftp"
	pairs ct-PREROUTING PREROUTING
	echo COMMIT
	echo "*mangle"
	for chain in PREROUTING INPUT FORWARD OUTPUT POSTROUTING; do
		pairs $chain $chain
	done
	echo COMMIT
}

# other_rules ROUTER2 NOBODY BOB SERVER_PORT: those that do something to packets
other_rules() {
	cat <<-EOF
	*nat
	-A POSTROUTING -p udp --dport $snat -j SNAT --to-source $1
	-A POSTROUTING -p tcp --dport $snat -j SNAT --to-source $1
	-A PREROUTING -p udp -d $2 --dport $dnat -j DNAT --to-destination $3
	-A OUTPUT -p udp -d $2 --dport $dnat -j DNAT --to-destination $4
	-A PREROUTING -p udp -d $2 --dport $both -j DNAT --to-destination $3
	-A POSTROUTING -p udp --dport $both -j SNAT --to-source $1
	-A PREROUTING -p udp --dport $redirected -j REDIRECT --to-ports 6000
	COMMIT
	*filter
	-A FORWARD -p udp --dport $rejected -j REJECT
	-A FORWARD -p tcp --dport $rejected -j REJECT
	-A FORWARD -p tcp --dport $reset -j REJECT --reject-with tcp-reset
	-A FORWARD -p udp --dport $untracked_rejected -j REJECT
	-A FORWARD -p tcp --dport $untracked_rejected -j REJECT --reject-with tcp-reset
	COMMIT
	EOF
}

modprobe nf_conntrack_tftp || die "no TFTP helper"
topology_router
set_sysctl "$router" net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
start_packets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	counting_rules "$(by_family "$iptables" 10.0.1.8 fd00:1::8)" |
		run_in "$router" "$iptables-restore" -w ||
		die "$iptables does not take the rules"
done
# Once is enough for what is done to a packet; the others only look at it.
other_rules 10.0.2.1 10.0.2.8 10.0.2.9 10.0.2.2:6000 |
	run_in "$router" iptables-legacy-restore -w || die "no NAT or REJECT"
other_rules fd00:2::1 fd00:2::8 fd00:2::9 "[fd00:2::2]:6000" |
	run_in "$router" ip6tables-legacy-restore -w || die "no NAT or REJECT"

no_udplite=$(/usr/bin/python3 -c 'import socket; socket.socket(type=socket.SOCK_DGRAM, proto=136)' 2>&1 |
	tail -n 1)
mapfile -t table < <(situations)
all_lists=$(tr -s ' \t' '\n' <<<"$lists" | LC_ALL=C sort | paste -sd ' ')
for family in 4 6; do
	variants=$(tr ' ' '\n' <<<"$iptables_variants" | grep "^ip${family/4/}t")
	send "family($family)"
	for iptables in $variants; do
		send "compare('$iptables', '')"
	done
	for line in "${table[@]}"; do
		IFS='|' read -r families situation expected python <<<"$line"
		[[ $families = *$family* ]] || continue
		if [[ $python = *proto=136* && $no_udplite ]]; then
			skip "newer kernels have no UDP-Lite: $no_udplite" "IPv$family: $situation"
			continue
		fi
		send "flow(); $python"
		for iptables in $variants; do
			send "result = compare('$iptables', '${expected%% *}')"
			wanted=$expected
			# "has": also other states, but no more and no less of this one
			if [[ $expected = *" has "* &&
				"${result%%;*} " = *" ${expected##* } "* ]]; then
				wanted=${result%%;*}
			fi
			is "$result" "$wanted" "$iptables: $situation: $expected"
		done
	done
	for iptables in $variants; do
		send "result = counted('$iptables')"
		is "$result" "$all_lists" "$iptables: each list matched some packet"
	done
done

finish
