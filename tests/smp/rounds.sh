#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 20 rounds of loading the module, setting rules, and unloading it, under traffic in
# both directions and on all processors.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
hold_code "$router"
start run_in "$client" ping -q -i 0.02 10.0.2.2 >/dev/null
start run_in "$server" ping -q -i 0.02 10.0.1.2 >/dev/null
start run_in "$client" ping -q -i 0.02 fd00:2::2 >/dev/null
# counts: has the rule counted?
counts() {
	[ "$(packets "$router" "$iptables" filter round)" -gt 0 ]
}

failures=
rounds=0
for round in {1..20}; do
	[ $((round % 2)) = 0 ] && iptables="iptables-legacy" || iptables="iptables-nft"
	modprobe xt_ctstate2 || failures+=" $round: load"
	run_in "$router" "$iptables" -A FORWARD -m ctstate2 --state ESTABLISHED,SNAT \
		-m comment --comment round || failures+=" $round: rule"
	run_in "$router" ip6tables-nft -A FORWARD -m ctstate2 ! --state NEW ||
		failures+=" $round: IPv6 rule"
	wait_for 60 counts && rounds=$((rounds + 1))
	run_in "$router" "$iptables" -F FORWARD
	run_in "$router" ip6tables-nft -F FORWARD
	wait_for 60 modprobe -r xt_ctstate2 || failures+=" $round: unload"
done
is "$failures" "" "20 rounds of loading and unloading under traffic, on $(nproc) processors"
is "$rounds" 20 "and the rule counted packets in each round"

finish
