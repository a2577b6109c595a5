#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 20 rounds of loading the module, setting rules, and unloading it, under traffic in
# both directions and on all processors.
. "$(dirname "$0")/../lib.sh"

# The kernel patches its own code when the first hook of a kind is registered and
# when the last one goes, and QEMU before 8.1 may then go on running the breakpoint
# that stands there meanwhile: "Oops: int3". A table with each kind of hook, set
# before there is traffic, keeps the code as it is.
hold_hooks() {
	local hook

	echo "table inet hold {"
	for hook in prerouting input forward output postrouting; do
		echo "chain $hook { type filter hook $hook priority 500; }"
	done
	echo "}"
}

topology_router
hold_hooks | run_in "$router" nft -f - || die "nft does not take the table"
start run_in "$client" ping -q -i 0.02 10.0.2.2 >/dev/null
start run_in "$server" ping -q -i 0.02 10.0.1.2 >/dev/null
start run_in "$client" ping -q -i 0.02 fd00:2::2 >/dev/null
failures=
counted=0
for round in {1..20}; do
	[ $((round % 2)) = 0 ] && iptables="iptables-legacy" || iptables="iptables-nft"
	modprobe xt_ctstate2 || failures+=" $round: load"
	run_in "$router" "$iptables" -A FORWARD -m ctstate2 --state ESTABLISHED,SNAT \
		-m comment --comment round || failures+=" $round: rule"
	run_in "$router" ip6tables-nft -A FORWARD -m ctstate2 ! --state NEW ||
		failures+=" $round: IPv6 rule"
	sleep 0.1
	count=$(packets "$router" "$iptables" filter round)
	[ "$count" -gt 0 ] && counted=$((counted + 1))
	run_in "$router" "$iptables" -F FORWARD
	run_in "$router" ip6tables-nft -F FORWARD
	wait_for 10 modprobe -r xt_ctstate2 || failures+=" $round: unload"
done
is "$failures" "" "20 rounds of loading and unloading under traffic, on $(nproc) processors"
is "$counted" 20 "and the rule counted packets in each round"

finish
