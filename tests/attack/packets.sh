#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Packets of all protocols, many of them broken, through each match, reason, target and the
# helper, with NAT and without, near a full table. Besides: what is in a zone stays there.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

reasons="FRAGMENT TRUNCATED CHECKSUM TCP_FLAGS TCP_WINDOW TCP_STATE TCP_NEW TCP_RST ICMP_TYPE
	ICMP_UNRELATED ICMP_MISMATCH SCTP OTHER"
[ "$(id -u)" = 0 ] || die "not root"
die_at_once
modprobe -a tun xt_ctfull xt_ctstate2 nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink \
	nf_log_syslog || die "modules"
sysctl -qw net.netfilter.nf_log_all_netns=1
make_lab
make_neighbours

# rules IPTABLES: of one kind for all tables
rules() {
	local there back reason other

	there="$(by_family "$1" 10.0.3 fd00:3:)"
	there+=$(by_family "$1" .0/24 :/64)
	echo "*raw"
	# The mark says which zone a packet is in.
	for back in "-i zone" "-i server -d $there"; do
		echo "-A PREROUTING $back -j MARK --set-mark 7"
	done
	echo "-A PREROUTING -m mark --mark 7 -p tcp -m multiport --ports 21 -j CT --zone 7 --helper ftp2"
	echo "-A PREROUTING -m mark --mark 7 -p tcp -m multiport --ports 554 -j CT --zone 7 --helper rtsp2"
	echo "-A PREROUTING -m mark --mark 7 -j CT --zone 7"
	echo "-A PREROUTING -p tcp -m multiport --ports 21 -j CT --helper ftp2"
	echo "-A PREROUTING -p tcp -m multiport --ports 554 -j CT --helper rtsp2"
	echo "-A PREROUTING -p udp --dport 40003 -j CT --notrack"
	echo "-A PREROUTING -m ctfull --new-connection -m comment --comment new_connection"
	echo "-A PREROUTING -m ctfull --above 10%:5% -m comment --comment above"
	echo "-A PREROUTING -m ctstate2 --invalid-reason NOT_TRACKED -m comment --comment NOT_TRACKED"
	echo "-A PREROUTING -p icmp -j CTFULL --reserve 10% --nflog-group 9"
	echo "-A PREROUTING -p udp -j CTFULL --reserve 5 --on-full untrack --log-rate 5"
	echo "-A PREROUTING -j CTFULL --log-rate 2 --log-prefix full:"
	echo "-A PREROUTING -m comment --comment not_full"
	echo COMMIT
	for other in mangle filter; do
		echo "*$other"
		chain=$([ $other = mangle ] && echo PREROUTING || echo FORWARD)
		if [ $other = mangle ]; then
			echo "-A PREROUTING -m mark --mark 7 -m ctstate2 --in-zone 7 -m comment --comment zone_well"
			echo "-A PREROUTING -m mark --mark 7 -m ctstate2 ! --in-zone 7 -m comment --comment zone_lost"
			# An error that the router sends to itself, to an address of its own that somebody
			# has used, belongs to the connection of the packet that it is about.
			echo "-A PREROUTING ! -i lo -m mark ! --mark 7 -m ctstate2 --in-zone 7 -m comment --comment zone_got"
			echo "-A PREROUTING ! -i lo -m mark ! --mark 7 -m ctstate2 --in-zone 7 -j CTLOG --log-prefix zone_got:"
			echo "-A PREROUTING -j CTLOG --nflog-group 9"
			echo "-A PREROUTING -m ctstate2 --state INVALID -m limit --limit 5/s -j CTLOG --log-prefix lab:"
			echo "-A PREROUTING -m ctstate2 --state RELATED -p tcp -m comment --comment expected"
		fi
		for reason in $reasons; do
			echo "-A $chain -m ctstate2 --invalid-reason $reason -m comment --comment $reason"
		done
		for reason in $states; do
			echo "-A $chain -m ctstate2 --state $reason -m comment --comment $reason"
		done
		echo "-A $chain -m ctstate2 --status ASSURED,SNAT,DNAT,SEQ_ADJUST,HELPER ! --all-status SEEN_REPLY,ASSURED -m comment --comment status"
		echo "-A $chain -m ctstate2 --all-status SEQ_ADJUST,HELPER -m comment --comment adjusted"
		echo "-A $chain -p tcp -m ctstate2 --tcp-state SYN_SENT,ESTABLISHED,CLOSE --direction REPLY -m comment --comment tcp"
		echo "-A $chain -p sctp -m ctstate2 ! --sctp-state NONE,CLOSED -m comment --comment sctp"
		echo "-A $chain -m ctstate2 --expires 5:500 -m comment --comment expires"
		echo "-A $chain -m ctstate2 --offloadable -m comment --comment offloadable"
		echo COMMIT
	done
	echo "*nat"
	echo "-A POSTROUTING -o server -s $(by_family "$1" 10.0.1.16 fd00:1::10) -j SNAT --to-source" \
		"$(by_family "$1" 192.168.200.201 fd00:ffff:ffff::1234:5678)"
	echo "-A PREROUTING -i client -p tcp --dport 40001 -j DNAT --to-destination" \
		"$(by_family "$1" 10.0.2.17 fd00:2::11)"
	echo COMMIT
}

for program in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	rules $program | sed "$(by_family $program '' 's/-p icmp/-p ipv6-icmp/')" |
		run_in "$lab" $program-restore || die "$program does not take the rules"
done

# Somebody else has a clone of each packet, as with tcpdump(8).
start ip netns exec "$lab" /usr/bin/python3 -c '
import socket, sys
n = 0
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as sock:
    while True:
        sock.recv(64)
        n += 1
        if n % 500 == 0:
            with open(sys.argv[1], "w", encoding="ascii") as file:
                file.write(str(n))
' "$work/clones"
listener=$started

attack packets
# Most connections get on with room for all, and what a full table does is for when there is
# none.
while kill -0 "$attacker" 2>/dev/null; do
	table_max $((${room-0} % 2 ? 10000 : 60))
	room=$((${room-0} + 1))
	sleep 1
	[ $room != 2 ] || neighbours_well "meanwhile"
done
attacked packets
neighbours_well "afterwards"
at_least 1000 accepted sent received answered broken_packets
at_least 100 accepted fragments gso
clones=$(cat "$work/clones" 2>/dev/null)
[ "${clones:-0}" -ge 500 ]
ok $? "packets of which a packet socket has a clone: ${clones:-0}"

declare -A count=()
for program in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	for table in raw mangle filter; do
		saved "$lab" $program $table
		for line in "${saved[@]}"; do
			[[ $line =~ ^\[([0-9]+):.*--comment\ \"?([A-Za-z_]+) ]] || continue
			name=${BASH_REMATCH[2]}
			count[$name]=$((${count[$name]-0} + BASH_REMATCH[1]))
		done
	done
done
note "$(for name in "${!count[@]}"; do echo "$name ${count[$name]}"; done | sort | tr '\n' ' ')"
# shellcheck disable=SC2086 # words
at_least 1 count $reasons $states NOT_TRACKED
at_least 1 count new_connection above not_full zone_well expected status adjusted tcp sctp expires
at_least 1 count offloadable
at_least 4 count expected zone_well
helpers_opened
is "${count[zone_lost]}" 0 "no packet of zone 7 gets into a connection of another zone"
is "${count[zone_got]}" 0 "and none of another zone into one of zone 7"
note "$(dmesg | grep -m 10 zone_got:)"
is "$(run_in "$lab" ctfull status --json | sed -n 's/^  "refused": *\([0-9]*\).*/\1/p' | grep -c '[1-9]')" 1 \
	"CTFULL has refused packets"
kill "$listener"
wait "$listener" 2>/dev/null
ip netns del "$lab"
ip netns del "$near"
modules_go
finish
