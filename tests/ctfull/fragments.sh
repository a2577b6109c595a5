#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fragments, which the tracker sees only when they have been put together, and never if a
# program wants it so: -j CTFULL leaves them alone, near a full table and in it.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -r iptable_raw ip6table_raw 2>/dev/null
# and without that setting for the next script
trap 'cleanup; wait_for 60 modprobe -r iptable_raw ip6table_raw' EXIT
modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
for table in iptable_raw ip6table_raw; do
	modprobe $table raw_before_defrag=1 || die "no $table"
done
topology_router
nowhere
start_packets client="$client" router="$router" server="$server"

# What this machine sends with IP_NODEFRAG (22), in three pieces; without, the same is put
# together, and is one connection
run_in "$router" iptables-legacy -t mangle -A OUTPUT -m ctstate2 --state NEW
pieces() {
	run_in "$router" /usr/bin/python3 -c '
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
sock.setsockopt(socket.IPPROTO_IP, 22, int(sys.argv[1]))
udp = struct.pack("!HHHH", int(sys.argv[2]), 9, 8 + 32, 0) + bytes(32)
for i in 0, 1, 2:
    part = udp[16 * i:16 * i + 16]
    frag = 2 * i | (0x2000 if i < 2 else 0)
    try:
        sock.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(part), int(sys.argv[2]), frag, 64, 17, 0,
                                socket.inet_aton("10.0.2.1"), socket.inet_aton("10.0.2.2")) + part, ("10.0.2.2", 0))
    except PermissionError:
        print("refused")' "$@"
}

for action in drop untrack; do
	run_in "$router" iptables-legacy -t raw -F
	run_in "$router" iptables-legacy -t raw -A OUTPUT -j CTFULL --on-full $action --log-rate 0
	watch_rules "$router" iptables-legacy mangle "pieces=OUTPUT -p udp -m ctstate2 --state INVALID" \
		"reason=OUTPUT -p udp -m ctstate2 --invalid-reason FRAGMENT" \
		"passed=OUTPUT -p udp -m ctstate2 --state NEW" \
		"exempt=OUTPUT -p udp -m ctstate2 --state UNTRACKED"
	table_max 1000
	forget "$router"
	fill "$router" 10
	read_figures --mark "$router" iptables-legacy
	is "$(pieces 1 5000)" "" "$action: near a full table, fragments are sent"
	read_figures "$router" iptables-legacy
	is "${figure[count]} ${grown[pieces]} ${grown[passed]} ${grown[exempt]} ${grown[refused]}" "10 3 0 0 0" \
		"$action: near a full table, without an entry"
	is "${grown[reason]}" 3 "$action: each is INVALID because it is a fragment"
	pieces 0 5001
	read_figures "$router" iptables-legacy
	is "${figure[count]} ${grown[passed]}" "11 1" "$action: put together, they have one"
	table_max 11
	read_figures --mark "$router" iptables-legacy
	is "$(pieces 1 5002)" "" "$action: in a full table, fragments are sent"
	read_figures "$router" iptables-legacy
	is "${grown[pieces]} ${grown[exempt]} ${grown[refused]} ${grown[drops]}" "3 0 0 0" \
		"$action: in a full table, none is refused"
done
run_in "$router" iptables-legacy -t raw -F

# What comes in, seen by raw before it is put together; with sums that are not checked
for iptables in iptables-legacy ip6tables-legacy; do
	send "family($(by_family "$iptables" 4 6))"
	run_in "$router" sysctl -qw net.netfilter.nf_conntrack_checksum=0
	watch_rules "$router" "$iptables" raw "new=PREROUTING -i eth1 -m ctfull --new-connection" \
		"all=PREROUTING -i eth1 -j CTFULL --log-rate 0" \
		"tracked=PREROUTING -i eth1 -m ctstate2 ! --state INVALID"
	watch_rules "$router" "$iptables" mangle "passed=FORWARD -m ctstate2 --state NEW"
	table_max 1000
	forget "$router"
	read_figures --mark "$router" "$iptables"
	send "flow(9); [put('client', x) for x in fragments(tcp('S', 1, data=b'x' * 3000))]"
	read_figures "$router" "$iptables"
	like "$(counted "$router" "$iptables" raw)" "^all=[3-9]\$" \
		"$iptables: before they are put together: nothing new, and nothing tracked"
	# it goes on in pieces again, which are forwarded after the tracker had all
	is "${grown[passed]} ${figure[count]} ${grown[refused]}" "1 1 0" "$iptables: together they are one connection"
	send "flow(9); alice(udp())"
	read_figures "$router" "$iptables"
	is "${grown[passed]} ${figure[count]}" "2 2" "$iptables: a whole packet, too"
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F
done
run_in "$router" iptables-legacy -t mangle -F

# What says that it is the first part of an IPv6 packet, and that nobody puts together, gets
# an entry from the tracker: it is as good as any other. With nft's tables, raw is after
# they are put together.
send "family(6)"
for iptables in ip6tables-legacy ip6tables-nft; do
	watch_rules "$router" "$iptables" mangle "passed=FORWARD -m ctstate2 --state NEW" \
		"exempt=FORWARD -m ctstate2 --state UNTRACKED"
	for kind in odd empty nested; do
		run_in "$router" "$iptables" -t raw -F
		table_max 1000
		forget "$router"
		fill "$router" 10
		watch_rules "$router" "$iptables" raw "new=PREROUTING -i eth1 -m ctfull --new-connection" \
			"all=PREROUTING -i eth1 -j CTFULL --reserve 88 --log-rate 0"
		table_max 100
		read_figures --mark "$router" "$iptables"
		send "[(flow(9), lone_part('$kind')) for _ in range(5)]"
		read_figures "$router" "$iptables"
		is "${figure[count]} ${grown[passed]} ${grown[reserved]}" "12 2 3" \
			"$iptables: a part alone, $kind: a reserve holds"
		like "$(counted "$router" "$iptables" raw)" "^new=5 " \
			"$iptables: a part alone, $kind: needs a new entry"
		for action in drop untrack; do
			watch_rules "$router" "$iptables" raw \
				"all=PREROUTING -i eth1 -j CTFULL --on-full $action --log-rate 0"
			table_max 1000
			forget "$router"
			fill "$router" 12
			table_max 12
			read_figures --mark "$router" "$iptables"
			send "[(flow(9), lone_part('$kind')) for _ in range(5)]"
			read_figures "$router" "$iptables"
			[ "$action" = drop ] && wanted="5 5 0" || wanted="5 5 5"
			is "${grown[drops]} ${grown[refused]} ${grown[exempt]}" "$wanted" \
				"$iptables: a part alone, $kind: a full table, $action"
		done
	done
	run_in "$router" "$iptables" -t raw -F

	# One that comes in another one that is put together is none before that
	[ "$iptables" = ip6tables-legacy ] || continue
	table_max 1000
	forget "$router"
	watch_rules "$router" "$iptables" raw "all=PREROUTING -i eth1 -j CTFULL --log-rate 0" \
		"tracked=PREROUTING -i eth1 -m ctstate2 ! --state INVALID"
	send "flow(9); put('client', IPv6(src=addr['alice'], dst=addr['bob']) / IPv6ExtHdrFragment(m=1) / \
		IPv6ExtHdrFragment() / ports(udp(b'x' * 8), port, 9))"
	is "$(counted "$router" "$iptables" raw) $(entry_count "$router")" "all=1 0" \
		"$iptables: a part with a header in it that says it is whole has no entry"
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F
done

# not for the next script
modprobe -r iptable_raw ip6table_raw || die "the tables stay as they are"
finish
