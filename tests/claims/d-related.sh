#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Claim (d): RELATED is for the first packet of an expected connection, and for
# ICMP errors about tracked connections. Its direction is the one in which the
# packet travels: an expected connection has its own original direction, whoever
# opens it; an error goes against the packet that it is about, so that one about
# an original packet is RELATED in the reply direction, and the other way round.
#
# Observed: FTP data connections, opened by the client (PASV, EPSV) and by the
# server (PORT, EPRT), which the kernel's helper expects from a control connection
# played by two sockets; and "port unreachable" of the real stacks.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe nf_conntrack_ftp || die "no FTP helper"
topology_router
start_packets --sockets client="$client" router="$router" server="$server"

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	watch_states "$router" "$iptables" mangle \
		"passive-SYN=FORWARD -p tcp --dport 51210 --syn" \
		"passive-SYN-ACK=FORWARD -p tcp --sport 51210 --tcp-flags SYN,ACK SYN,ACK" \
		"passive-data=FORWARD -p tcp --dport 51210 --tcp-flags PSH PSH" \
		"active-SYN=FORWARD -p tcp --dport 51211 --syn" \
		"active-SYN-ACK=FORWARD -p tcp --sport 51211 --tcp-flags SYN,ACK SYN,ACK" \
		"other-SYN=FORWARD -p tcp --dport 51212 --syn" \
		"to-client=FORWARD -d $(by_family "$iptables" \
			"10.0.1.2 -p icmp" "fd00:1::2 -p icmpv6")" \
		"to-server=FORWARD -d $(by_family "$iptables" \
			"10.0.2.2 -p icmp" "fd00:2::2 -p icmpv6")"
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 21 \
		-j CT --helper ftp || die "$iptables: no CT target"
	forget "$router"

	send "ftp = connect(client, 5021, server, 21); say(*reversed(ftp), '220 ready\r\n')"
	if is_ipv6 "$iptables"; then
		pasv="EPSV" passive="229 Passive (|||51210|)"
		port="EPRT |2|fd00:1::2|51211|"
	else
		pasv="PASV" passive="227 Passive (10,0,2,2,200,10)"
		port="PORT 10,0,1,2,200,11"
	fi
	send "say(*ftp, '$pasv\r\n'); say(*reversed(ftp), '$passive\r\n')"
	send "data = connect(client, 5022, server, 51210); say(*data, 'x'); hang_up(*data)"
	send "say(*ftp, '$port\r\n'); say(*reversed(ftp), '200 OK\r\n')"
	send "hang_up(*connect(server, 20, client, 51211))"
	send "hang_up(*connect(client, 5023, server, 51212))"
	send "hang_up(*ftp)"

	# Nobody has the server's port 6001; then the client closes its own 5001
	send "lost_datagram(client, 5000, server, 6001)"
	send "datagram(client, 5001, server, 6000); close_socket(client, 5001)"
	send "lost_datagram(server, 6000, client, 5001)"

	read_states "$router" "$iptables" mangle
	is "${seen[passive-SYN]}" "RELATED_ORIGINAL=1 all=1" \
		"$iptables: first packet of the client's data connection: RELATED_ORIGINAL"
	is "${seen[passive-SYN-ACK]}" "ESTABLISHED_REPLY=1 all=1" \
		"$iptables: its reply: ESTABLISHED_REPLY"
	is "${seen[passive-data]}" "ESTABLISHED_ORIGINAL=1 all=1" \
		"$iptables: what follows: ESTABLISHED_ORIGINAL"
	is "${seen[active-SYN]}" "RELATED_ORIGINAL=1 all=1" \
		"$iptables: first packet of the server's data connection: RELATED_ORIGINAL"
	is "${seen[active-SYN-ACK]}" "ESTABLISHED_REPLY=1 all=1" \
		"$iptables: its reply: ESTABLISHED_REPLY"
	is "${seen[other-SYN]}" "NEW=1 all=1" \
		"$iptables: a connection that nobody announced: NEW"
	is "${seen[to-client]}" "RELATED_REPLY=1 all=1" \
		"$iptables: the server's error about an original packet: RELATED_REPLY"
	is "${seen[to-server]}" "RELATED_ORIGINAL=1 all=1" \
		"$iptables: the client's error about a reply: RELATED_ORIGINAL"
	run_in "$router" "$iptables" -w -t raw -F
done

finish
