#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -m ctstate2 --state on live traffic: every word, both directions, lists (any of),
# inversion, SNAT and DNAT; and that a rule with it is all that tracking needs.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

# Packets that the rules must count in FORWARD, of four flows of three packets each
# (the client's first, the server's reply, the client's second): FLOW, LIST, how
# many of the client's, how many of the server's. SNAT is decided in POSTROUTING,
# too late for a first packet to match; DNAT before FORWARD.
flows="
	plain SNAT 0 0			plain DNAT 0 0
	plain !SNAT 2 1			plain !DNAT 2 1
	plain SNAT,DNAT 0 0		plain !SNAT,DNAT 2 1
	plain ESTABLISHED,SNAT 1 1	plain !ESTABLISHED,SNAT 1 0
	snat SNAT 1 1			snat DNAT 0 0
	snat !SNAT 1 0			snat !DNAT 2 1
	snat SNAT,DNAT 1 1		snat !SNAT,DNAT 1 0
	snat ESTABLISHED,SNAT 1 1	snat !ESTABLISHED,SNAT 1 0
	snat NEW,SNAT 2 1		snat INVALID,SNAT 1 1
	dnat SNAT 0 0			dnat DNAT 2 1
	dnat !SNAT 2 1			dnat !DNAT 0 0
	dnat SNAT,DNAT 2 1		dnat !SNAT,DNAT 0 0
	dnat ESTABLISHED,DNAT 2 1	dnat !ESTABLISHED,DNAT 0 0
	dnat ESTABLISHED,SNAT 1 1	dnat INVALID,DNAT 2 1
	both SNAT 1 1			both DNAT 2 1
	both !SNAT 1 0			both !DNAT 0 0
	both SNAT,DNAT 2 1		both !SNAT,DNAT 0 0
"
declare -A client_port=([plain]=5000 [snat]=5001 [dnat]=5002 [both]=5003)

# What each list must have counted of all the packets that the traffic below sends
# through FORWARD: no two states alike
all=28
totals="
	NEW 7		ESTABLISHED 9		RELATED 3
	ESTABLISHED_ORIGINAL 4			ESTABLISHED_REPLY 5
	RELATED_ORIGINAL 1			RELATED_REPLY 2
	INVALID 3	UNTRACKED 6		SNAT 4		DNAT 6
	NEW,RELATED 10	ESTABLISHED,RELATED 12	INVALID,UNTRACKED 9
	SNAT,DNAT 8	ESTABLISHED,SNAT 9	RELATED_REPLY,DNAT 8
	NEW,ESTABLISHED_ORIGINAL 11		ESTABLISHED_REPLY,RELATED_ORIGINAL 6
	ESTABLISHED_ORIGINAL,ESTABLISHED_REPLY 9
	new,established,related,invalid,untracked,snat,dnat 28
"

# rule NAME LIST MATCH...: one that counts in FORWARD; LIST may begin with !
rule() {
	local name=$1 not=

	[[ $2 = !* ]] && not="! "
	echo "-A FORWARD ${*:3} -m ctstate2 $not--state ${2#!} -m comment --comment $name"
}

all_rules() {
	local flow list port

	echo "*mangle"
	while read -r flow list _ _; do
		port=${client_port[$flow]}
		rule "$flow:$list:client" "$list" -p udp --sport "$port"
		rule "$flow:$list:server" "$list" -p udp --dport "$port"
	done <<<"$flow_lines"
	while read -r list _; do
		rule "all:$list" "$list"
		rule "all:!$list" "!$list"
	done <<<"$total_lines"
	echo "-A FORWARD -m comment --comment all"
	echo COMMIT
	cat <<-EOF
	*nat
	-A POSTROUTING -p udp --dport 6001 -j SNAT --to-source $router2
	-A PREROUTING -p udp --dport 6002 -j DNAT --to-destination $server_address
	-A PREROUTING -p udp --dport 6003 -j DNAT --to-destination $server_address
	-A POSTROUTING -p udp --dport 6003 -j SNAT --to-source $router2
	COMMIT
	*raw
	-A PREROUTING -p udp --dport 6099 -j CT --notrack
	COMMIT
	EOF
}

traffic() {
	# There, back, and there again
	send "datagram(client, 5000, server, 6000)"
	send "answer(server, 6000); answer(client, 5000)"
	send "datagram(client, 5001, server, 6001)"
	send "answer(server, 6001); answer(client, 5001)"
	send "datagram(client, 5002, router, 6002, at=(server, 6002))"
	send "answer(server, 6002); answer(client, 5002)"
	send "datagram(client, 5003, router, 6003, at=(server, 6003))"
	send "answer(server, 6003); answer(client, 5003)"
	# UNTRACKED; then, twice, NEW and the server's error about it
	send "for _ in range(6): datagram(client, 5004, server, 6099)"
	send "lost_datagram(client, 5005, server, 6666)"
	send "lost_datagram(client, 5007, server, 6666)"
	# NEW, a reply that comes too late, and the client's error about that
	send "datagram(client, 5006, server, 6006); close_socket(client, 5006)"
	send "lost_datagram(server, 6006, client, 5006)"
	# INVALID
	send "flow(); alice(tcp('SF')); alice(tcp('SA')); bob(echo_reply())"
}

flow_lines=$(tr -s '\t' '\n' <<<"$flows" | grep .)
total_lines=$(tr -s '\t' '\n' <<<"$totals" | grep .)
declare -A count

# A namespace in which nothing else asks for tracking
for iptables in $iptables_variants; do
	setup_ns client router
	connect "$client" eth0 "10.0.1.2/24 fd00:1::2/64" \
		"$router" eth1 "10.0.1.1/24 fd00:1::1/64"
	echo_only=$(by_family "$iptables" "-p icmp" "-p icmpv6 --icmpv6-type")
	is_ipv6 "$iptables" || echo_only+=" --icmp-type"
	watch_states "$router" "$iptables" mangle "INPUT $echo_only echo-request" \
		"OUTPUT $echo_only echo-reply"
	run_in "$client" ping -qc 1 "$(by_family "$iptables" 10.0.1.1 fd00:1::1)" \
		>/dev/null || die "no answer to a ping"
	read_states "$router" "$iptables" mangle
	is "${seen[INPUT]}" "NEW=1 all=1" "$iptables: fresh namespace: a first packet"
	is "${seen[OUTPUT]}" "ESTABLISHED_REPLY=1 all=1" \
		"$iptables: fresh namespace: the reply"
done

topology_router
start_packets client="$client" router="$router" server="$server"
for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	server_address=$(by_family "$iptables" 10.0.2.2 fd00:2::2)
	router2=$(by_family "$iptables" 10.0.2.1 fd00:2::1)
	all_rules | run_in "$router" "$iptables-restore" -w ||
		die "$iptables does not take the rules"
	forget "$router"
	traffic

	count=()
	while read -r packets name; do
		count[$name]=$packets
	done < <(run_in "$router" "$iptables-save" -c -t mangle 2>/dev/null |
		sed -n 's/^\[\([0-9]*\):.*--comment "\{0,1\}\([^" ]*\).*/\1 \2/p')

	while read -r flow list from_client from_server; do
		is "${count[$flow:$list:client]} ${count[$flow:$list:server]}" \
			"$from_client $from_server" \
			"$iptables: $flow: --state $list: packets of the client, the server"
	done <<<"$flow_lines"
	is "${count[all]}" $all "$iptables: all packets"
	while read -r list wanted; do
		is "${count[all:$list]}" "$wanted" "$iptables: --state $list"
		is "${count[all:!$list]}" $((count[all] - wanted)) \
			"$iptables: ! --state $list: all the others"
	done <<<"$total_lines"
	# The next one does its own NAT.
	for table in mangle nat raw; do
		run_in "$router" "$iptables" -w -t "$table" -F
	done
done

finish
