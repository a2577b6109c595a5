#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two tenants with the same addresses and ports, red in zone 7 and blue in zone 0, behind
# -j CTFULL: what the tracker makes of their packets is the same as without it, far from a
# full table, near it, in it, and with a reserve; and neither gets into the other's
# connections. The zone comes from -j CT, for both directions or one, and from nft.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
start_packets client="$client" router="$router" server="$server"

# rules MODE [OPTION...]: what gives red its zone; then CTFULL, if there are options. The
# tenants' packets differ by their type of service, so that all else is the same.
rules() {
	local red="-A PREROUTING -m tos --tos 0x10/0xff" ip

	ip=$(by_family "$iptables" ip ip6)
	{
		echo "*raw"
		case $1 in
		both) echo "$red -j CT --zone 7" ;;
		orig) echo "$red -j CT --zone-orig 7" ;;
		reply) echo "$red -j CT --zone-reply 7" ;;
		esac
		[ $# = 1 ] || echo "-A PREROUTING -j CTFULL --log-rate 0 ${*:2}"
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w || die "$iptables does not take: $*"
	run_in "$router" nft delete table "$ip" zones 2>/dev/null
	[ "$1" != nft ] || run_in "$router" nft "table $ip zones { chain pre {
		type filter hook prerouting priority -310; $ip dscp 4 ct zone set 7; }; }" ||
		die "nft does not take a zone"
}

# connections: red has one, and blue has one with the same ports and other numbers, and
# another one. Where only one direction has a zone, there is none of blue.
connections() {
	table_max 100000
	forget "$router"
	send "flow(80); shared = port; alice(tcp('S', 1000), **red); bob(tcp('SA', 5000, 1001), **red)"
	send "alice(tcp('A', 1001, 5001), **red)"
	[ "$blue" = 1 ] || return
	send "alice(tcp('S', 90001000)); bob(tcp('SA', 70005000, 90001001)); alice(tcp('A', 90001001, 70005001))"
	send "flow(82); blues = port; alice(tcp('S', 1)); bob(tcp('SA', 1, 2)); alice(tcp('A', 2, 2))"
}

# probe: packets that need no new entry, some of which the other tenant's connection would
# take, and one that would end it
probe() {
	send "port, peer_port = shared, 80; alice(tcp('A', 1001, 5001), **red)"
	send "alice(tcp('A', 90001001, 70005001), **red); bob(tcp('A', 70005001, 90001001), **red)"
	send "alice(tcp('R', 90001001), **red); bob(tcp('R', 70005001), **red); bob(echo_reply(), **red)"
	send "bob(error('port', from_alice(tcp('A', 1001, 5001))), **red); alice(tcp('SF', 1), **red)"
	send "flow(81); bob(error('port', from_alice(tcp('S', 1))), **red); alice(tcp('SA', 1, 1), **red)"
	[ "$blue" = 1 ] || return
	send "port, peer_port = blues, 82; bob(error('port', from_alice(tcp('A', 2, 2))), **red); bob(tcp('SA', 1, 2), **red)"
	send "port, peer_port = shared, 80; alice(tcp('A', 1001, 5001)); bob(tcp('R', 5001))"
	send "alice(tcp('A', 90001001, 70005001)); bob(tcp('A', 70005001, 90001001))"
}

# newcomers: what needs an entry
newcomers() {
	send "flow(90); alice(tcp('S', 1), **red)"
	[ "$blue" = 0 ] || send "alice(tcp('S', 70000001))"
}

# seen: what has passed since the last call, by tenant and state
seen() {
	counted "$router" "$iptables" mangle
	zero "$router" "$iptables" mangle
}

# entries: the table: zones, and the states of the connections
entries() {
	run_in "$router" conntrack -L -f "$(by_family "$iptables" ipv4 ipv6)" 2>/dev/null |
		sed 's/^\([a-z]*\) *[0-9]* [0-9]*/\1/; s/\(sport\|mark\|use\)=[0-9]*//g
			s/\(src=.*src=.*\)dport=[0-9]*/\1/; s/  */ /g' | sort
}

items=()
for state in INVALID NEW ESTABLISHED RELATED UNTRACKED; do
	items+=("red-$state=FORWARD -m tos --tos 0x10/0xff -m ctstate2 --state $state"
		"blue-$state=FORWARD -m tos ! --tos 0x10/0xff -m ctstate2 --state $state")
done

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6)); red = {'tos' if version == 4 else 'tc': 16}"
	watch_rules "$router" "$iptables" mangle "${items[@]}"
	modes="both nft"
	[[ $iptables = *nft ]] || modes="both nft orig reply"
	for mode in $modes; do
		blue=1
		[[ $mode = [bn]* ]] || blue=0
		rules "$mode"
		connections
		seen >/dev/null
		probe
		probed=$(seen)
		table=$(entries)
		newcomers
		newcome=$(seen)
		if [ $blue = 1 ]; then
			is "$probed" "red-INVALID=10 blue-INVALID=1 red-ESTABLISHED=1 blue-ESTABLISHED=3 red-RELATED=1" \
				"$iptables, $mode: without CTFULL each has its own connections"
			is "$newcome" "red-NEW=1 blue-NEW=1" "$iptables, $mode: and may start some"
		fi
		# In a full table the tracker drops what it would find INVALID later.
		connections
		held=$(entry_count "$router")
		table_max "$held"
		read_figures --mark "$router" "$iptables"
		seen >/dev/null
		probe
		read_figures "$router" "$iptables"
		probed_full=$(seen) dropped=${grown[drops]}
		for level in far near full "reserve drop" "reserve untrack"; do
			rules "$mode" --on-full drop
			connections
			case $level in
			far) ;;
			near) table_max 1000 ;;
			full) table_max "$held" ;;
			*)
				rules "$mode" --reserve 99% --on-full "${level#* }"
				table_max 100
				;;
			esac
			read_figures --mark "$router" "$iptables"
			seen >/dev/null
			probe
			read_figures "$router" "$iptables"
			if [ "$level" = full ]; then
				is "$(seen); ${grown[refused]}" "$probed_full; $dropped" \
					"$iptables, $mode, $level: each packet is what it is without CTFULL"
			else
				is "$(seen); ${grown[refused]}" "$probed; 0" \
					"$iptables, $mode, $level: each packet is what it is without CTFULL"
			fi
			read_figures --mark "$router" "$iptables"
			is "$(entries)" "$table" "$iptables, $mode, $level: and so is each connection"
			newcomers
			read_figures "$router" "$iptables"
			got="$(seen); ${grown[refused]}"
			case $level in
			far | near) is "$got" "$newcome; 0" "$iptables, $mode, $level: both start connections" ;;
			*untrack)
				is "$got" "${newcome//NEW/UNTRACKED}; $((1 + blue))" \
					"$iptables, $mode, $level: both pass UNTRACKED"
				;;
			*) is "$got" "; $((1 + blue))" "$iptables, $mode, $level: both are refused" ;;
			esac
			[[ $level = *a[rc]* ]] || is "$(entries)" "$table" "$iptables, $mode, $level: and leave nothing behind"
		done
	done
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F
	run_in "$router" nft delete table "$(by_family "$iptables" ip ip6)" zones 2>/dev/null
done

# No template is left over: the module of -j CT goes
unloaded() {
	modprobe -r xt_CT
}
forget "$router"
wait_for 60 unloaded
ok $? "no packet holds a template any more"
finish
