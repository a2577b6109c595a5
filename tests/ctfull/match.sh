#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -m ctfull: --above at its bounds, with and without a lower one, in entries and in
# percent; --new-connection for what the tracker makes an entry of, and nothing else.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
nowhere
start_packets client="$client" router="$router" server="$server"

# observe TABLE RULE...: see watch_rules; counts begins anew
observe() {
	table=$1
	watch_rules "$router" "$iptables" "$@"
	before=()
}

# counts WANTED DESCRIPTION: what the rules of observe have counted since the last call
declare -A before=()
counts() {
	local line name more=()

	saved "$router" "$iptables" "$table"
	for line in "${saved[@]}"; do
		[[ $line =~ ^\[([0-9]+):.*--comment\ \"?([a-z-]*) ]] || continue
		name=${BASH_REMATCH[2]}
		[ "${BASH_REMATCH[1]}" = "${before[$name]-0}" ] ||
			more+=("$name=$((BASH_REMATCH[1] - ${before[$name]-0}))")
		before[$name]=${BASH_REMATCH[1]}
	done
	is "${more[*]-}" "$1" "$iptables: $2"
}

# holds COUNT: the table holds so many entries, and a packet passes
holds() {
	local more

	more=$(($1 - $(entry_count "$router")))
	if [ $more -lt 0 ]; then
		forget "$router"
		fill "$router" "$1" 100
	elif [ $more -gt 0 ]; then
		fill "$router" $more $((next += 100))
	fi
	is "$(entry_count "$router")" "$1" "$iptables: $1 entries"
	send "flow(80); alice(tcp('S'))"
}

# sums: a first packet of DCCP and UDP-Lite starts something if its sum is as the tracker wants it
sums() {
	local type packet wanted

	# REQUEST, RESPONSE: ports, offset, no sum, type and long numbers
	set_sysctl "$router" net.netfilter.nf_conntrack_checksum=0
	for type in 0 1; do
		send "x = struct.pack('!HHBBHBBHIII', 7, 9 + port, 5 + $type, 0, 0, $type << 1 | 1, 0, 0, 1, 5, 0)"
		send "flow(9); alice(**protocol(33, x))"
		[ "$type" = 0 ] && wanted=new=1 || wanted=old=1
		counts "$wanted" "DCCP of type $type"
	done
	set_sysctl "$router" net.netfilter.nf_conntrack_checksum=1
	# sums over all, or the first bytes; as the tracker wants them, and others
	for packet in "udplite()" "udplite(8)" "udplite(12)" "dccp_request()" "dccp_request(6)" \
		      "dccp_request(7, size=5)"; do
		send "flow(9); alice(**$packet)"
		counts "new=1" "a sum as the tracker wants it: $packet"
	done
	for packet in "udplite(length=99)" "udplite(12, length=99)" "udplite(99)" "udplite(7)" \
		      "dccp_request(length=99)" "dccp_request(6, length=99)" "dccp_request(9)"; do
		send "flow(9); alice(**$packet)"
		counts "old=1" "a sum as the tracker does not want it: $packet"
	done
	# Over IPv4 it takes the low byte of a length into the sum, and nothing more of it
	for packet in udplite dccp_request; do
		send "flow(9); alice(**$packet(size=600, length=600 + \
			($packet is udplite and 8 or 20) & (0xff if version == 4 else 0xffff)))"
		counts "new=1" "a sum of much: $packet"
	done
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	next=1000
	table_max 50
	forget "$router"
	# what has no entry passes a full table, too
	run_in "$router" "$iptables" -t raw -A PREROUTING -p tcp -j CT --notrack
	above="PREROUTING -i eth1 -p tcp -m ctfull"
	observe mangle "ten=$above --above 10" "not-ten=$above ! --above 10" \
		"twenty=$above --above 20%" "latch=$above --above 10:5" \
		"not-latch=$above ! --above 10:5" "mixed=$above --above 10:10%" "all=$above --above 100%"
	holds 0
	counts "not-ten=1 not-latch=1" "none"
	holds 9
	counts "not-ten=1 not-latch=1" "fewer than 10"
	holds 10
	counts "ten=1 twenty=1 latch=1 mixed=1" "10, a fifth of 50"
	holds 9
	counts "not-ten=1 latch=1 mixed=1" "fewer again: what has a lower bound goes on"
	# Zeroing counters replaces rules: a latch stays as it was.
	zero "$router" "$iptables" mangle
	before=()
	holds 5
	counts "not-ten=1 latch=1 mixed=1" "at the lower bound"
	holds 4
	counts "not-ten=1 not-latch=1" "under it"
	holds 6
	counts "not-ten=1 not-latch=1" "over it, from below"
	table_max 6
	send "flow(80); alice(tcp('S'))"
	counts "not-ten=1 twenty=1 not-latch=1 all=1" "nf_conntrack_max is lower"
	if echo 0 2>/dev/null >/proc/sys/net/netfilter/nf_conntrack_max; then
		send "flow(80); alice(tcp('S'))"
		counts "not-ten=1 not-latch=1" "no bound: no percentage is reached"
	else
		skip "this kernel takes no nf_conntrack_max of 0" "$iptables: no bound"
	fi
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F

	# In raw: what has no entry and may have one
	table_max 1000
	forget "$router"
	new="PREROUTING -i eth1 -m ctfull"
	observe raw "new=$new --new-connection" "old=$new ! --new-connection"
	run_in "$router" "$iptables" -t mangle -A PREROUTING -m ctstate2 --state NEW
	send "flow(9); alice(udp())"
	counts "new=1" "UDP"
	send "alice(udp())"
	counts "old=1" "UDP, again"
	send "flow(80); alice(tcp('S', 1000))"
	counts "new=1" "a SYN"
	send "alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001)); alice(tcp('A', 1001, 5001))"
	counts "old=2" "a SYN again, an ACK"
	for flags in SA R RA F SF ''; do
		send "flow(81); alice(tcp('$flags', 1, 1))"
		counts "old=1" "TCP with the flags \"$flags\" starts nothing"
	done
	send "flow(82); alice(tcp('A', 1000, 1))"
	counts "new=1" "an ACK may start one"
	set_sysctl "$router" net.netfilter.nf_conntrack_tcp_loose=0
	send "flow(83); alice(tcp('A', 1000, 1))"
	counts "old=1" "but not with tcp_loose=0"
	set_sysctl "$router" net.netfilter.nf_conntrack_tcp_loose=1
	send "flow(9); alice(echo())"
	counts "new=1" "an echo request"
	send "alice(echo_reply())"
	counts "old=1" "an echo reply"
	send "flow(9); alice(error('port', from_bob(udp())))"
	counts "old=1" "an ICMP error"
	send "flow(9); alice(sctp(SCTPChunkInit(init_tag=1)))"
	counts "new=1" "SCTP's INIT"
	for chunk in "CookieEcho(cookie=b'cake')" "HeartbeatReq()" "ShutdownAck()"; do
		send "flow(9); alice(sctp(SCTPChunk$chunk))"
		counts "new=1" "SCTP's $chunk"
	done
	for chunk in "Data(data=b'x'), tag=1" "Abort()" "CookieAck()" "Init(init_tag=1), tag=5" \
		     "CookieEcho(cookie=b'cake'), tag=5" "Shutdown(), tag=5"; do
		send "flow(9); alice(sctp(SCTPChunk$chunk))"
		counts "old=1" "SCTP's $chunk starts nothing"
	done
	for packet in "udp(chksum=0x1234)" "udp(len=3)" "udp(len=100)" "tcp('S', chksum=0x1234)" \
		      "tcp('S', dataofs=15)" "echo(0x1234)" "sctp(SCTPChunkData(data=b'x'))"; do
		send "flow(9); alice($packet)"
		counts "old=1" "what the tracker finds INVALID starts nothing: $packet"
	done
	if tracks dccp && tracks udplite; then
		sums
	else
		skip "this kernel does not track both DCCP and UDP-Lite" "$iptables: their sums"
	fi
	send "alice(**protocol(47, bytes(4)))"
	counts "new=1" "GRE"
	send "flow(9); put('client', fragments(udp(b'x' * 3000))[0])"
	counts "" "a fragment is not seen"
	observe raw "zone=PREROUTING -i eth1 -p udp -j CT --zone 7" \
		"new=$new --new-connection" "old=$new ! --new-connection"
	send "flow(9); alice(udp())"
	counts "zone=1 new=1" "UDP, in a zone"
	send "alice(udp())"
	counts "zone=1 old=1" "again, in that zone"
	observe raw "untrack=PREROUTING -i eth1 -p udp -j CT --notrack" \
		"new=$new --new-connection" "old=$new ! --new-connection"
	send "flow(9); alice(udp())"
	counts "untrack=1 old=1" "UDP, exempt from tracking"
	run_in "$router" "$iptables" -t raw -F

	# Behind the tracker: a connection's first packet
	observe mangle "new=FORWARD -i eth1 -m ctfull --new-connection" \
		"old=FORWARD -i eth1 -m ctfull ! --new-connection"
	send "flow(9); alice(udp())"
	counts "new=1" "behind the tracker: the first packet"
	send "alice(udp())"
	counts "old=1" "behind the tracker: the second"
	run_in "$router" "$iptables" -t mangle -F
done
finish
