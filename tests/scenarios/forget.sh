#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -j CTFORGET: UDP streams that never pause follow NAT rules that have changed, with the recipes of
# doc/states.md. Without them, they stay where they are: claims/o-old-target.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
configure "$router" "addr add 10.0.2.7/24 dev eth2"
start_packets --sockets client="$client" router="$router" server="$server"

# recipe BLOCK NAME=VALUE: commands of doc/states.md, with this variable
recipe() {
	export "${2?}"
	run_readme "$router" "$1" doc/states.md || die "the block $1 of doc/states.md fails"
}

# nat CHAIN RULE...: the only rule that the chain has
nat() {
	run_in "$router" "$iptables" -w -t nat -F "$1"
	run_in "$router" "$iptables" -w -t nat -A "$@" || die "$iptables has no NAT"
}

# counts WANTED WHAT: what the router has forwarded
counts() {
	is "$(counted "$router" "$iptables" filter)" "$1" "$iptables: $2"
}

# packet PORT: from the client to port 53 of the router arrives at a port of the server
packet() {
	send "datagram(client, 5000, router, 53, at=(server, $1))"
}

# lost: one that does not arrive. What comes after it has passed the router behind it.
lost() {
	send "lost_datagram(client, 5000, router, 53)"
}

no_rules() {
	run_in "$router" "$iptables" -w -t mangle -F
	run_in "$router" "$iptables" -w -t nat -F
	forget "$router"
}

# What iptables and ip6tables are here
for iptables in iptables-nft ip6tables-nft; do
	address=$(by_family "$iptables" 10.0.2.2 "[fd00:2::2]")
	send "family($(by_family "$iptables" 4 6))"

	# A DNAT rule that changes
	watch_rules "$router" "$iptables" filter "old=FORWARD -p udp --dport 6000" \
		"new=FORWARD -p udp --dport 6001"
	recipe forget-rules generation=1
	nat PREROUTING -p udp --dport 53 -j DNAT --to-destination "$address:6000"
	packet 6000
	packet 6000
	counts "old=2" "the first generation: to the rule's target"
	nat PREROUTING -p udp --dport 53 -j DNAT --to-destination "$address:6001"
	packet 6000
	counts "old=3" "the rule has changed: still there"
	recipe forget-rules generation=2
	lost
	packet 6001
	counts "old=3 new=1" "the second generation: one packet is dropped, the next goes to the new target"
	packet 6001
	is "$(entry_count "$router")" 1 "$iptables: and stays there, in one connection"
	counts "old=3 new=2" "which is not forgotten again"
	# PREROUTING sees these with the connection that OUTPUT gave them.
	for _ in 1 2; do
		send "datagram(router, 5001, router, 53); result = True"
		is "$result" True "$iptables: what this machine asks itself is not forgotten"
	done
	no_rules
done

iptables='iptables-nft'
send "family(4)"
for kind in "telephone: the uplink's address has changed" "uplink: the other one takes over"; do
	watch_rules "$router" $iptables filter "all=FORWARD -p udp"
	nat POSTROUTING -p udp -o eth2 -j SNAT --to-source 10.0.2.1
	send "datagram(client, 5060, server, 5060); answer(server, 5060)"
	send "datagram(client, 5060, server, 5060); result = last_sender[datagram_socket(server, 5060)][0][0]"
	is "$result" 10.0.2.1 "${kind%%:*}: with its address"
	if [[ $kind = uplink* ]]; then
		connect "$router" eth3 10.0.3.1/24 "$server" eth1 10.0.3.2/24
		set_sysctl "$server" net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 \
			net.ipv4.conf.eth1.rp_filter=0
		configure "$server" "route change 10.0.3.0/24 dev eth1 src 10.0.2.2"
		configure "$router" "route add 10.0.2.2/32 via 10.0.3.2"
		new=10.0.3.1 device=eth3
	else
		new=10.0.2.7 device=eth2
	fi
	nat POSTROUTING -p udp -o $device -j SNAT --to-source $new
	send "datagram(client, 5060, server, 5060); result = last_sender[datagram_socket(server, 5060)][0][0]"
	is "$result" 10.0.2.1 "$kind: the stream keeps its address"
	recipe forget-uplink old=10.0.2.1
	send "lost_datagram(client, 5060, server, 5060)"
	send "datagram(client, 5060, server, 5060); result = last_sender[datagram_socket(server, 5060)][0][0]"
	is "$result" $new "$kind: with the recipe, it gets the new one"
	send "answer(server, 5060)"
	counts "all=6" "${kind%%:*}: and answers arrive; one packet was dropped"
	no_rules
done
configure "$router" "route del 10.0.2.2/32"

# A service with two servers, of which one goes
watch_rules "$router" $iptables filter "gone=FORWARD -p udp -d 10.0.2.2" "left=FORWARD -p udp -d 10.0.3.2"
nat PREROUTING -p udp --dport 53 -j DNAT --to-destination 10.0.2.2:6000
packet 6000
nat PREROUTING -p udp --dport 53 -j DNAT --to-destination 10.0.3.2:6000
packet 6000
counts "gone=2" "a server has gone: the stream goes to it"
recipe forget-server gone=10.0.2.2
lost
packet 6000
counts "gone=2 left=1" "a server has gone: with the recipe, to another one"
no_rules

# What has no connection, or a new one, is none of its business.
watch_rules "$router" $iptables filter "all=FORWARD -p udp"
run_in "$router" $iptables -t mangle -A PREROUTING -j CTFORGET
run_in "$router" $iptables -t raw -A PREROUTING -p udp --dport 7000 -j CT --notrack
send "datagram(client, 5001, server, 7000); datagram(client, 5001, server, 7000)"
counts "all=2" "packets that are not tracked pass"
send "datagram(client, 5001, server, 7001); lost_datagram(client, 5001, server, 7001)"
send "datagram(client, 5001, server, 7001)"
counts "all=4" "of a connection, every second packet begins it anew"
# iptables-nft's tables are nftables', where the name says nothing.
for rule in "raw PREROUTING" "filter OUTPUT" "nat OUTPUT"; do
	run_in "$router" iptables-legacy -t "${rule% *}" -A "${rule#* }" -j CTFORGET 2>/dev/null
	is $? 1 "iptables-legacy: not in $rule"
done
like "$(dmesg | grep CTFORGET)" 'xt_CTFORGET: rule refused: only in the table mangle, not in raw' "and the log says why"
is "$(run_in "$router" conntrack -S | grep -o ' error=[1-9][0-9]*')" "" "the tracker finds no error"
finish
