#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (o): NAT is decided once for a connection. A UDP flow that keeps sending
# stays on the old DNAT target after the rule is changed or deleted, and moves only
# when its entry goes.
#
# Observed: where the packets of one flow go, with rules for each target.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
start_packets --sockets client="$client" router="$router" server="$server"

# target PORT: all that the client sends to the router's port 53 goes there
target() {
	run_in "$router" "$iptables" -w -t nat -F PREROUTING
	[ -z "$1" ] || run_in "$router" "$iptables" -w -t nat -A PREROUTING -i eth1 -p udp \
		--dport 53 -j DNAT --to-destination "$address:$1" || die "$iptables has no NAT"
}

for iptables in $iptables_variants; do
	address=$(by_family "$iptables" 10.0.2.2 "[fd00:2::2]")
	send "family($(by_family "$iptables" 4 6))"
	watch_rules "$router" "$iptables" mangle \
		"old=FORWARD -p udp --dport 6000 -m ctstate2 --status DNAT" \
		"new=FORWARD -p udp --dport 6001 -m ctstate2 --status DNAT" \
		"other=FORWARD -p udp -m ctstate2 ! --status DNAT"
	forget "$router"
	target 6000
	send "datagram(client, 5000, router, 53, at=(server, 6000))"
	is "$(counted "$router" "$iptables" mangle)" "old=1" "$iptables: to the rule's target"
	target 6001
	send "datagram(client, 5000, router, 53, at=(server, 6000))"
	is "$(counted "$router" "$iptables" mangle)" "old=2" \
		"$iptables: the rule was changed: still to the old target"
	target ""
	send "datagram(client, 5000, router, 53, at=(server, 6000))"
	is "$(counted "$router" "$iptables" mangle)" "old=3" \
		"$iptables: the rule was deleted: still to the old target"
	target 6001
	forget "$router"
	send "datagram(client, 5000, router, 53, at=(server, 6001))"
	is "$(counted "$router" "$iptables" mangle)" "old=3 new=1" \
		"$iptables: the entry was deleted: to the new target"
	target ""
done

finish
