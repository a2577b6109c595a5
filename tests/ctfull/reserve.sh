#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a reserve refuses and what it does not: a packet that ends an entry to begin another,
# one that is expected, one that the tracker finds INVALID; that it refuses before anything
# was done about the packet; that the level is not normal then; a reserve that is as large as
# the table; and that no memory is not taken for no room.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink nf_conntrack_ftp || die "no xt_ctfull"
topology_router
nowhere
start_packets client="$client" router="$router" server="$server"

# early_drops: entries that the kernel has ended to make room
early_drops() {
	run_in "$router" conntrack -S | sed -n 's/.*early_drop=\([0-9]*\).*/\1/p' |
		awk '{ n += $1 } END { print n }'
}

# room: what the module says is left by the largest reserve
room() {
	run_in "$router" /usr/bin/python3 -c '
import socket, struct
def ask(kind, version, attributes=b""):
    sock.send(struct.pack("=IHHIIBBH", 20 + len(attributes), kind, 1, 1, 0, version, 1, 0) + attributes)
    data, found = sock.recv(65536)[20:], {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3fff] = data[4:size]
        data = data[size + 3 & ~3:]
    return found
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
sock.setsockopt(270, 11, 0)
# CTRL_CMD_GETFAMILY is 3 and not 1
sock.send(struct.pack("=IHHIIBBH", 32, 16, 1, 1, 0, 3, 1, 0) + struct.pack("=HH8s", 11, 2, b"ctfull"))
data = sock.recv(65536)[20:]
while struct.unpack_from("=HH", data)[1] != 1:
    data = data[struct.unpack_from("=HH", data)[0] + 3 & ~3:]
print(struct.unpack("=I", ask(struct.unpack_from("=H", data, 4)[0], 1)[28])[0])'
}

# Too short for DCCP: INVALID to some kernels, and 6.1 drops it, but not for want of room
short_dccp() {
	if ! tracks dccp; then
		skip "this kernel does not track DCCP" "$iptables: short DCCP"
		return
	fi
	run_in "$router" "$iptables" -t raw -F
	table_max 100
	forget "$router"
	fill "$router" 80
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --log-rate 0
	read_figures --mark "$router" "$iptables"
	send "dccp = struct.pack('!HHBBHBBH', port, 9, 3, 0, 0, 1, 0, 0)"
	send "[(flow(9), alice(**protocol(33, dccp[:size]))) for size in (4, 8, 11)]"
	send "flow(9); alice(**summed(33, dccp, 6))"
	read_figures "$router" "$iptables"
	is "$((grown[invalid] + grown[drops])) ${grown[refused]} ${figure[count]} ${figure[level]}" \
		"4 0 80 normal" "$iptables: short DCCP is not refused where there is room"
	table_max 80
	read_figures --mark "$router" "$iptables"
	send "[(flow(9), alice(**protocol(33, dccp[:size]))) for size in (4, 8, 11)]"
	read_figures "$router" "$iptables"
	is "${grown[drops]} ${grown[refused]} ${figure[level]}" "3 3 full" \
		"$iptables: and is where there is none"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	address=$(by_family "$iptables" 10.0.9.1 fd00:9::1)
	watch_rules "$router" "$iptables" mangle "passed=FORWARD -m ctstate2 --state NEW" \
		"related=FORWARD -m ctstate2 --state RELATED" \
		"invalid=FORWARD -m ctstate2 --state INVALID" \
		"replied=FORWARD -m ctstate2 --state ESTABLISHED"

	# A connection that is over starts anew: its entry goes, and another one comes
	run_in "$router" "$iptables" -t raw -F
	table_max 10000
	forget "$router"
	fill "$router" 5
	send "flow(80); handshake(); alice(tcp('FA', 1001, 5001)); bob(tcp('FA', 5001, 1002)); alice(tcp('A', 1002, 5002))"
	like "$(run_in "$router" conntrack -L -p tcp -f "$(by_family "$iptables" ipv4 ipv6)" 2>/dev/null)" \
		TIME_WAIT "$iptables: a connection is over"
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 98 --log-rate 0
	table_max 100
	read_figures --mark "$router" "$iptables"
	send "alice(tcp('S', 9000))"
	read_figures "$router" "$iptables"
	is "${grown[passed]} ${grown[refused]}" "1 0" "$iptables: it starts anew, though nothing is left but a reserve"
	like "$(run_in "$router" conntrack -L -p tcp -f "$(by_family "$iptables" ipv4 ipv6)" 2>/dev/null)" \
		SYN_SENT "$iptables: and is in the table"
	send "flow(81); alice(tcp('S', 9000))"
	read_figures "$router" "$iptables"
	is "${grown[passed]} ${grown[refused]} ${grown[reserved]} ${figure[count]}" "1 1 1 6" \
		"$iptables: which another one does not get into"
	is "${figure[level]}" warning "$iptables: the level is not normal when a reserve refuses"

	# What the tracker starts nothing with needs no entry
	read_figures --mark "$router" "$iptables"
	send "flow(9); alice(udp(chksum=0x1234)); alice(tcp('SA', 1, 1)); alice(tcp('SF', 1))"
	send "alice(echo_reply()); alice(sctp(SCTPChunkData(data=b'x'), tag=1)); alice(tcp('S', chksum=0x1234))"
	send "bob(error('port', from_alice(udp())))"
	read_figures "$router" "$iptables"
	is "${grown[invalid]} ${grown[passed]} ${grown[refused]}" "7 0 0" \
		"$iptables: what is INVALID is, and is not refused"
	# what it starts something with does
	send "flow(9); alice(udp()); alice(tcp('S', 1)); alice(tcp('A', 1, 1)); alice(echo())"
	send "alice(sctp(SCTPChunkInit(init_tag=1)))"
	read_figures "$router" "$iptables"
	is "${grown[invalid]} ${grown[passed]} ${grown[refused]}" "7 0 5" \
		"$iptables: what may start a connection is refused"
	# what has a sum over its beginning only, or as the tracker wants it and nobody else
	send "[(flow(9), alice(**x())) for x in (udplite, dccp_request)]"
	send "[(flow(9), alice(**x)) for x in (udplite(8), udplite(12), dccp_request(6))]"
	read_figures "$router" "$iptables"
	is "${grown[invalid]} ${grown[passed]} ${grown[refused]} ${figure[count]}" "7 0 10 6" \
		"$iptables: whatever its sum is over"

	# Nothing is done about a packet before it is refused: nobody loses an entry by it
	run_in "$router" "$iptables" -t raw -F
	table_max 10000
	forget "$router"
	flows "$client" "$address" 60
	table_max 60
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 10% --log-rate 0
	before=$(early_drops)
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 100 3000
	read_figures "$router" "$iptables"
	is "${grown[refused]} ${grown[reserved]} ${grown[drops]} $(($(early_drops) - before)) ${figure[count]}" \
		"100 100 0 0 60" "$iptables: a full table: refused by the reserve, and nobody loses an entry"
	is "${figure[level]}" full "$iptables: the table is full"

	# What a helper expects belongs to a connection that has been let in
	run_in "$router" "$iptables" -t raw -F
	table_max 10000
	forget "$router"
	fill "$router" 5
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 98 --log-rate 0
	send "ftp = connect(client, 5021, server, 21); say(*reversed(ftp), '220 ready\r\n')"
	send "say(*ftp, 'USER x\r\n'); say(*reversed(ftp), '230 in\r\n')"
	port="PORT 10,0,1,2,200,11"
	! is_ipv6 "$iptables" || port="EPRT |2|fd00:1::2|51211|"
	send "say(*ftp, '$port\r\n')"
	table_max 100
	read_figures --mark "$router" "$iptables"
	send "data = connect(server, 20, client, 51211); reset(*data); reset(*ftp)"
	read_figures "$router" "$iptables"
	is "$((grown[related] > 0)) ${grown[refused]}" "1 0" "$iptables: a helper's connection is let in"

	# As large as the table: taken, as sysctl may come later; and it says so
	run_in "$router" "$iptables" -t raw -F
	table_max 100
	forget "$router"
	lines=$(dmesg | wc -l)
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 100 --log-rate 0
	ok $? "$iptables: a reserve that is as large as the table is taken"
	like "$(dmesg | tail -n +$((lines + 1)))" "xt_ctfull: --reserve 100 leaves this rule's packets nothing of nf_conntrack_max=100" \
		"$iptables: the log says what that means"
	is "$(room)" 0 "$iptables: and so do the figures"
	like "$(run_in "$router" ctfull status)" "leaves 0 of 100 entries: its rule lets no connection start" \
		"$iptables: and ctfull status"
	is "$(json "$router" "d['room']" status)" 0 "$iptables: and as JSON"
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 5
	read_figures "$router" "$iptables"
	is "${grown[reserved]} ${grown[passed]} ${figure[level]}" "5 0 warning" "$iptables: nothing of it is let in"
	table_max 103
	flows "$client" "$address" 5 3000
	read_figures "$router" "$iptables"
	is "${grown[reserved]} ${grown[passed]} $(room)" "7 3 3" "$iptables: with a larger table something is"
	run_in "$router" "$iptables" -t mangle -Z
	zero "$router" "$iptables" raw
	ok $? "$iptables: and other rules may be changed when it is not"

	short_dccp

	# 10% and 90% of any table: a warning before something is refused
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 10% --log-rate 0
	for max in 64 128 101 109; do
		table_max 10000
		forget "$router"
		read_figures "$router" "$iptables"
		[ "${figure[level]}" = normal ] || die "the level is ${figure[level]}"
		table_max $max
		read_figures --mark "$router" "$iptables"
		# Of entries that last. When a table was full, the kernel later ends what was
		# not answered while more than 95 of 100 are there (gc_worker() of
		# nf_conntrack_core.c; with less than 100, nothing).
		fill "$router" $((max * 9 / 10 - 1))
		send "flow(80); handshake()"
		read_figures "$router" "$iptables"
		is "${grown[refused]} ${figure[level]}" "0 warning" "$iptables: 90% of $max: a warning"
		flows "$client" "$address" 1 3000
		read_figures "$router" "$iptables"
		is "${grown[refused]}" 1 "$iptables: 90% of $max: and then the reserve refuses"
	done

	# The sources are those since the level was normal, with a reserve, too
	table_max 10000
	forget "$router"
	read_figures "$router" "$iptables"
	table_max 64
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t raw -A PREROUTING -j CTFULL --reserve 60 --log-rate 0
	flows "$client" "$address" 10
	is "$(json "$router" "sum(s['refused'] for s in d['sources'])" status)" 6 "$iptables: sources of what a reserve refuses"
	forget "$router"
	read_figures "$router" "$iptables"
	is "${figure[level]}" normal "$iptables: there is room again"
	flows "$client" "$address" 6 2000
	is "$(json "$router" "sum(s['refused'] for s in d['sources'])" status)" 2 "$iptables: sources since then"
	run_in "$router" "$iptables" -t raw -F
	run_in "$router" "$iptables" -t mangle -F
done

# No memory is not no room: nothing is refused, nobody looks full; it is dropped, as the
# kernel does it everywhere
failslab=/sys/kernel/debug/failslab
cache=/sys/kernel/slab/nf_conntrack/failslab
if [ ! -d $failslab ] || [ ! -e $cache ]; then
	skip "this kernel has no failslab" "no memory is not no room"
else
	run_in "$router" iptables-legacy -t raw -A PREROUTING -j CTFULL --log-rate 0 --on-full untrack
	watch_rules "$router" iptables-legacy mangle "passed=FORWARD -m ctstate2 --state NEW" \
		"exempt=FORWARD -m ctstate2 --state UNTRACKED"
	table_max 1000
	forget "$router"
	fill "$router" 500
	echo 1 >$cache
	echo Y >$failslab/cache-filter
	echo -1 >$failslab/times
	read_figures --mark "$router" iptables-legacy
	echo 100 >$failslab/probability
	flows "$client" 10.0.9.1 20
	echo 0 >$failslab/probability
	read_figures "$router" iptables-legacy
	is "${grown[drops]} ${grown[refused]} ${grown[exempt]} ${grown[passed]}" "20 0 0 0" \
		"no memory: dropped, and not refused"
	is "${figure[level]} ${grown[peak]}" "normal 0" "no memory: and the table does not look full"
	table_max 500
	echo 100 >$failslab/probability
	flows "$client" 10.0.9.1 20
	echo 0 >$failslab/probability
	read_figures "$router" iptables-legacy
	is "${grown[refused]} ${figure[level]}" "20 full" "no memory in a full table: it is full"
	# for the next script in this guest
	echo N >$failslab/cache-filter
	echo 0 >$cache
fi
finish
