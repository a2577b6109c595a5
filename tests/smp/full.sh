#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -j CTFULL on all processors at once: of 200,000 packets, IPv4 on one and IPv6 on the
# other, each one that the kernel has dropped is counted once, and is in a log line or in
# what lines say was suppressed. A large table: 250,000 entries.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink nf_log_syslog || die "no xt_ctfull"
sysctl -qw net.netfilter.nf_log_all_netns=1 || die "the kernel logs nothing of a namespace"
topology_router
nowhere
hold_code "$router"
processors=$(nproc)
count=100000
# the debug kernel takes long, and has one processor in any case
[ "$processors" -gt 1 ] || count=3000
# once is enough for the large figures
[ "$VM_KERNEL" != debian-6.1 ] || count=10000

for action in drop untrack; do
	for iptables in iptables-legacy ip6tables-nft; do
		run_in "$router" "$iptables" -t raw -F
		run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --on-full $action \
			--log-prefix "[$action] " || die "$iptables does not take CTFULL"
		watch_rules "$router" "$iptables" mangle \
			"passed=FORWARD -i eth1 -p udp -m ctstate2 --state NEW" \
			"exempt=FORWARD -i eth1 -p udp -m ctstate2 --state UNTRACKED"
	done
	table_max 100000
	# the level is normal, and sources are known from when it is not
	run_in "$router" ctfull status >/dev/null
	forget "$router"
	fill "$router" 50
	table_max 60
	sleep 1	# tokens
	read_figures --mark "$router" iptables-legacy
	start taskset -c 0 ip netns exec "$client" "$helpers/flows" 10.0.9.1 $count 1000
	first=$started
	start taskset -c $((processors > 1)) \
		ip netns exec "$client" "$helpers/flows" fd00:9::1 $count 1000
	wait "$first" "$started"
	sleep 1	# tokens
	# lines for what was suppressed; one of these packets might find room
	flows "$client" 10.0.9.1 5
	flows "$client" fd00:9::1 5
	passed=0 exempt=0
	for iptables in iptables-legacy ip6tables-nft; do
		read_figures "$router" $iptables
		passed=$((passed + grown[passed])) exempt=$((exempt + grown[exempt]))
		zero "$router" $iptables mangle
	done
	offered=$((2 * count + 10))
	note "$action: $offered packets offered, ${grown[refused]} refused, ${grown[logged]} lines"
	is "${grown[refused]}" "${grown[drops]}" "$action: refused: what the kernel has dropped"
	is "${grown[refused]}" $((offered - passed)) "$action: refused: all but those with an entry"
	[ "${grown[refused]}" -gt $((offered * 9 / 10)) ]
	ok $? "$action: which are most of $offered"
	is "$((grown[logged] + grown[suppressed]))" "${grown[refused]}" "$action: with a line, or without"
	dmesg --syslog | sed -n "s/.*\\[$action\\] .* suppressed=\\([0-9]*\\) .*/\\1/p" >"$work/suppressed"
	is "$(wc -l <"$work/suppressed")" "${grown[logged]}" "$action: each line is in the log"
	is "$(awk '{ n += $1 + 1 } END { print n }' "$work/suppressed")" "${grown[refused]}" \
		"$action: and says what had none"
	if [ $action = drop ]; then
		is "${grown[untracked]} $exempt" "0 0" "$action: nothing passes untracked"
	else
		is "${grown[untracked]} $exempt" "${grown[refused]} ${grown[refused]}" \
			"$action: each of them passes untracked"
	fi
	is "$(json "$router" "' '.join(sorted(s['source'] for s in d['sources']))" status)" \
		"10.0.1.2 fd00:1::2" "$action: and their sources are known"
	is "$(json "$router" "sum(s['refused'] for s in d['sources'])" status)" "${grown[refused]}" \
		"$action: with the packets of each"
done
[ "$count" = 100000 ] || finish

# A large table; with few buckets the kernel makes no entries for long ones
sysctl -qw net.netfilter.nf_conntrack_buckets=262144 || die "nf_conntrack_buckets"
for iptables in iptables-legacy ip6tables-nft; do
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --warn-at 80%
done
forget "$router"
table_max 300000
set_sysctl "$router" net.netfilter.nf_conntrack_udp_timeout=600
start flows "$client" 10.0.9.1 130000
first=$started
start flows "$client" fd00:9::1 120000
wait "$first" "$started"
read_figures "$router" iptables-legacy
is "${figure[count]} ${figure[level]} ${figure[peak]}" "250000 warning 250000" "a table of 250,000 entries"
is "$(json "$router" "' '.join('%s=%d' % (t['key'], t['entries']) for t in d['top'])" top)" \
	"10.0.1.2=130000 fd00:1::2=120000" "ctfull top: whose they are"
finish
