#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (m): echo requests of one run keep one entry: the first request is NEW, a
# reply ESTABLISHED in the reply direction, and the entry stays until its timeout.
#
# Observed: three pings of one ping(8), with a lifetime of six seconds.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

topology_router
set_sysctl "$router" net.netfilter.nf_conntrack_icmp_timeout=6 \
	net.netfilter.nf_conntrack_icmpv6_timeout=6

entries() {
	run_in "$router" conntrack -L -f "$1" -p "$2" 2>/dev/null | wc -l
}

no_entry() {
	[ "$(entries "$@")" = 0 ]
}

for iptables in $iptables_variants; do
	icmp=$(by_family "$iptables" icmp icmpv6)
	family=$(by_family "$iptables" ipv4 ipv6)
	echo=$(by_family "$iptables" "-p icmp --icmp-type" "-p icmpv6 --icmpv6-type")
	watch_rules "$router" "$iptables" mangle \
		"first=FORWARD $echo echo-request -m ctstate2 --state NEW" \
		"request=FORWARD $echo echo-request -m ctstate2 --state ESTABLISHED_ORIGINAL --expires 5:6" \
		"reply=FORWARD $echo echo-reply -m ctstate2 --state ESTABLISHED_REPLY --expires 5:6" \
		"all=FORWARD -p $icmp"
	forget "$router"
	run_in "$client" ping -q -c 3 -i 0.2 "$(by_family "$iptables" 10.0.2.2 fd00:2::2)" \
		>/dev/null || die "no answer"
	is "$(counted "$router" "$iptables" mangle)" "first=1 request=2 reply=3 all=6" \
		"$iptables: one NEW, the other requests and all replies ESTABLISHED"
	is "$(entries "$family" "$icmp")" 1 "$iptables: one entry, after the last reply"
	wait_for 20 no_entry "$family" "$icmp"
	ok $? "$iptables: which goes at its timeout"
done

finish
