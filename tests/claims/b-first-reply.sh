#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (b): the first reply is ESTABLISHED in the reply direction in every chain
# that it passes, never NEW.
#
# Observed: rules for what comes from the server only, and one reply of each kind:
# a UDP answer, the SYN/ACK of a handshake, an echo reply. The same for a reply to
# the router itself (PREROUTING, INPUT) and one that it gives (OUTPUT, POSTROUTING).
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	client_address=$(by_family "$iptables" 10.0.1.2 fd00:1::2)
	server_address=$(by_family "$iptables" 10.0.2.2 fd00:2::2)
	router_address=$(by_family "$iptables" 10.0.1.1 fd00:1::1)
	echo_reply=$(by_family "$iptables" "-p icmp --icmp-type echo-reply" \
		"-p icmpv6 --icmpv6-type echo-reply")
	rules=(
		"to-router-in-PREROUTING=PREROUTING $echo_reply ! -d $client_address"
		"to-router-in-INPUT=INPUT $echo_reply"
		"from-router-in-OUTPUT=OUTPUT $echo_reply"
		"from-router-in-POSTROUTING=POSTROUTING $echo_reply -s $router_address"
	)
	for chain in PREROUTING FORWARD POSTROUTING; do
		rules+=(
			"UDP-in-$chain=$chain -p udp -s $server_address"
			"SYN-ACK-in-$chain=$chain -p tcp --tcp-flags SYN,ACK SYN,ACK"
			"ICMP-in-$chain=$chain $echo_reply -s $server_address -d $client_address"
		)
	done
	watch_states "$router" "$iptables" mangle "${rules[@]}"
	forget "$router"

	send "datagram(client, 5000, server, 6000); answer(server, 6000)"
	send "hang_up(*connect(client, 5000, server, 80))"
	ping_from "$client" "$server_address"
	ping_from "$router" "$server_address"
	ping_from "$client" "$router_address"

	read_states "$router" "$iptables" mangle
	for rule in "${rules[@]}"; do
		name=${rule%%=*}
		is "${seen[$name]}" "ESTABLISHED_REPLY=1 all=1" \
			"$iptables: first reply, ${name//-/ }: ESTABLISHED_REPLY"
	done
done

finish
