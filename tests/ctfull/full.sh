#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -j CTFULL when the table is full: what it counts as refused is what the kernel has
# dropped and what did not pass, or what passed untracked; established connections
# lose nothing. The reserve, by the order of rules; nf_conntrack_max that changes; and
# that nothing stays behind.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
nowhere
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	address=$(by_family "$iptables" 10.0.9.1 fd00:9::1)
	table_max 10000
	watch_rules "$router" "$iptables" mangle "passed=FORWARD -p udp -m ctstate2 --state NEW" \
		"exempt=FORWARD -p udp -m ctstate2 --state UNTRACKED" \
		"other=FORWARD -p udp -m ctstate2 ! --state NEW,UNTRACKED" \
		"established=FORWARD -p tcp -m ctstate2 --state ESTABLISHED"
	for action in drop untrack; do
		watch_rules "$router" "$iptables" raw \
			"ctfull=PREROUTING -j CTFULL --on-full $action --log-rate 0"
		table_max 10000
		forget "$router"
		send "both = connect(client, 5001, server, 80)"
		fill "$router" 50
		table_max 60
		read_figures --mark "$router" "$iptables"
		# for as long as the connection is in use
		start flows "$client" "$address" 400 1000 3000
		for _ in 1 2 3 4 5 6 7 8; do
			send "say(*both, 'x'); say(*reversed(both), 'y')"
		done
		wait "$started"
		read_figures "$router" "$iptables"
		[ "${grown[refused]}" -ge 300 ]
		ok $? "$iptables, $action: most of 400 connections find no room"
		is "${grown[refused]}" "${grown[drops]}" \
			"$iptables, $action: CTFULL has refused what the kernel has dropped"
		is "${grown[refused]}" "$((400 - grown[passed]))" "$iptables, $action: all but those with an entry"
		is "${grown[reserved]}" 0 "$iptables, $action: none because of a reserve"
		if [ $action = drop ]; then
			is "${grown[untracked]} ${grown[exempt]}" "0 0" "$iptables, $action: nothing passes untracked"
		else
			is "${grown[untracked]} ${grown[exempt]}" "${grown[refused]} $((400 - grown[passed]))" \
				"$iptables, $action: all others pass untracked"
		fi
		is "${grown[other]}" 0 "$iptables, $action: and in no other state"
		# each of them had an answer, or say() would have failed
		[ "${grown[established]}" -ge 16 ]
		ok $? "$iptables, $action: the established connection lost nothing"
		is "${figure[count]} ${figure[level]}" "60 full" "$iptables, $action: the table is full"
		send "reset(*both)"
	done

	# Two classes: the last 20 entries are for port 22
	watch_rules "$router" "$iptables" raw "ssh=PREROUTING -p udp --dport 22 -j CTFULL" \
		"others=PREROUTING -j CTFULL --reserve 20"
	table_max 10000
	forget "$router"
	fill "$router" 30
	table_max 60
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 100
	read_figures "$router" "$iptables"
	is "${figure[count]} ${grown[refused]} ${grown[reserved]} ${grown[passed]}" "40 90 90 10" \
		"$iptables: others get entries up to the reserve"
	is "${grown[drops]}" 0 "$iptables: which the kernel would have given them"
	send "for port in range(7001, 7016): datagram_socket(client, port).sendto(b'x', ('$address', 22))"
	read_figures "$router" "$iptables"
	is "${figure[count]} ${grown[refused]} ${grown[passed]}" "55 90 25" "$iptables: the first class gets the rest"
	flows "$client" "$address" 10
	read_figures "$router" "$iptables"
	is "${grown[passed]}${grown[refused]}" 3590 "$iptables: a connection that has an entry keeps it"
	flows "$client" "$address" 10 3000
	read_figures "$router" "$iptables"
	is "${grown[refused]} ${grown[reserved]}" "100 100" "$iptables: and others are refused"
	send "for port in range(7016, 7031): datagram_socket(client, port).sendto(b'x', ('$address', 22))"
	read_figures "$router" "$iptables"
	is "${figure[count]}" 60 "$iptables: until there is nothing left for anybody"
	[ "${grown[refused]}" -ge 105 ]
	ok $? "$iptables: which is refused to the first class, too"
	is "${grown[reserved]}" 100 "$iptables: by the kernel"

	# The first class is judged by its own rule, however far from full the table is
	watch_rules "$router" "$iptables" raw "ssh=PREROUTING -p udp --dport 22 -j CTFULL" \
		"others=PREROUTING -j CTFULL --reserve 99%"
	table_max 10000
	forget "$router"
	fill "$router" 110
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 10
	send "for port in range(7031, 7036): datagram_socket(client, port).sendto(b'x', ('$address', 22))"
	read_figures "$router" "$iptables"
	is "${grown[reserved]} ${grown[passed]}" "10 5" \
		"$iptables: nearly all reserved, and room for the first class"

	# Untracked by the reserve; a percentage; a bound that comes and goes
	watch_rules "$router" "$iptables" raw "others=PREROUTING -j CTFULL --reserve 50% --on-full untrack"
	table_max 10000
	forget "$router"
	fill "$router" 30
	table_max 60
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 10
	read_figures "$router" "$iptables"
	is "${grown[reserved]} ${grown[untracked]} ${grown[exempt]} ${grown[passed]}" "10 10 10 0" \
		"$iptables: half of the table reserved: others pass untracked"
	table_max 100
	flows "$client" "$address" 30
	read_figures "$router" "$iptables"
	is "${grown[reserved]} ${grown[passed]}" "20 20" "$iptables: half of more is more"
	if echo 0 2>/dev/null >/proc/sys/net/netfilter/nf_conntrack_max; then
		flows "$client" "$address" 30 2000
		read_figures "$router" "$iptables"
		is "${grown[refused]} ${grown[passed]} ${figure[level]}" "20 50 normal" \
			"$iptables: no bound, nothing refused"
	else
		skip "this kernel takes no nf_conntrack_max of 0" "$iptables: no bound, nothing refused"
	fi
	table_max 10
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 5 3000
	read_figures "$router" "$iptables"
	is "${grown[refused]} ${figure[level]}" "5 full" "$iptables: a bound below what there is"

	# What this machine itself sends
	watch_rules "$router" "$iptables" raw "out=OUTPUT -j CTFULL"
	forget "$router"
	fill "$router" 10
	read_figures --mark "$router" "$iptables"
	flows "$router" "$(by_family "$iptables" 10.0.2.2 fd00:2::2)" 20 2>/dev/null
	read_figures "$router" "$iptables"
	[ "${grown[refused]}" -gt 0 ]
	ok $? "$iptables: in OUTPUT, what this machine sends is refused"
	is "${grown[refused]}" "${grown[drops]}" "$iptables: as much as the kernel has dropped"
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F
	table_max 10000
done

# Refused by the kernel, with the reason in its log
for iptables in $iptables_variants; do
	! run_in "$router" "$iptables" -t filter -A INPUT -j CTFULL 2>/dev/null
	ok $? "$iptables: refused in the table filter"
	! run_in "$router" "$iptables" -t mangle -A PREROUTING -j CTFULL 2>/dev/null
	ok $? "$iptables: and in mangle, which is behind the tracker"
	like "$(dmesg | grep -e xt_ctfull -e CTFULL | tail -n 1)" \
		"rule refused: for the table raw, or, with nft, also for one named ctfull" \
		"$iptables: and the kernel says why"
done

# A namespace goes while its table is full and its rule is there; then the module
setup_ns gone
run_in "$gone" iptables-nft -t raw -A OUTPUT -j CTFULL --reserve 1
run_in "$gone" ip6tables-legacy -t raw -A OUTPUT -j CTFULL
fill "$gone" 12
table_max 10
flows "$gone" 127.0.0.1 5 2>/dev/null
read_figures "$gone" iptables-nft
is "${figure[level]}" full "a namespace with a full table"
ip netns del "$gone"
table_max 10000
unloaded() {
	modprobe -r xt_ctfull
}
# a namespace goes later than its name
wait_for 60 unloaded && run_in "$router" iptables-legacy -t raw -A OUTPUT -j CTFULL
ok $? "without rules, the module is unloaded, and loads by the target's name"
! modprobe -r xt_ctfull 2>/dev/null
ok $? "with a rule, it is not"
run_in "$router" iptables-legacy -t raw -F
wait_for 60 unloaded
ok $? "without, it is again"
finish
