#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (a): the first packet of a flow is NEW, from where it comes in to where it
# goes out: in PREROUTING as well as in POSTROUTING, behind all that may have
# happened to its entry on the way. The same for a packet to the router itself
# (until INPUT) and from it (OUTPUT to POSTROUTING).
#
# Observed: one first packet of each kind, with rules that do not fit the packets
# that follow it; each chain that it passes has to count one, as NEW.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	server_address=$(by_family "$iptables" 10.0.2.2 fd00:2::2)
	router_address=$(by_family "$iptables" 10.0.1.1 fd00:1::1)
	echo_request=$(by_family "$iptables" "-p icmp --icmp-type echo-request" \
		"-p icmpv6 --icmpv6-type echo-request")
	rules=(
		"to-router-in-PREROUTING=PREROUTING $echo_request -d $router_address"
		"to-router-in-INPUT=INPUT $echo_request -d $router_address"
		"from-router-in-OUTPUT=OUTPUT $echo_request -d $server_address"
		"from-router-in-POSTROUTING=POSTROUTING $echo_request -s $(
			by_family "$iptables" 10.0.2.1 fd00:2::1)"
	)
	for chain in PREROUTING FORWARD POSTROUTING; do
		rules+=(
			"UDP-in-$chain=$chain -p udp"
			"TCP-in-$chain=$chain -p tcp --syn"
			"ICMP-in-$chain=$chain $echo_request -s $(
				by_family "$iptables" 10.0.1.2 fd00:1::2) -d $server_address"
		)
	done
	watch_states "$router" "$iptables" mangle "${rules[@]}"
	forget "$router"

	send "datagram(client, 5000, server, 6000)"
	send "hang_up(*connect(client, 5000, server, 80))"
	ping_from "$client" "$server_address"
	ping_from "$client" "$router_address"
	ping_from "$router" "$server_address"

	read_states "$router" "$iptables" mangle
	for rule in "${rules[@]}"; do
		name=${rule%%=*}
		is "${seen[$name]}" "NEW=1 all=1" \
			"$iptables: first packet, ${name//-/ }: NEW"
	done
done

finish
