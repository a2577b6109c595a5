#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The conditions about a connection, each way round, on live traffic; beside them the
# twins of -m conntrack, where it has them. HW_OFFLOAD cannot be seen here, as no
# virtual network card takes a connection; OFFLOAD is in flowtable.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a nf_conntrack_ftp nf_nat_ftp || die "no FTP helper"
topology_router
start_packets client="$client" router="$router" server="$server"
# an address for the router that is longer than the client's, see SEQ_ADJUST
ip -n "$router" addr add 10.0.2.100/24 dev eth2
ip -n "$router" addr add fd00:2::100/64 dev eth2

# counts WANTED DESCRIPTION
counts() {
	is "$(counted "$router" "$iptables" mangle)" "$1" "$iptables: $2"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	udp="FORWARD -p udp -m ctstate2"
	watch_rules "$router" "$iptables" mangle \
		"none=$udp --status NONE" "not-none=$udp ! --status NONE" \
		"confirmed=$udp --status CONFIRMED" \
		"twin-confirmed=FORWARD -p udp -m conntrack --ctstatus CONFIRMED" \
		"not-confirmed=$udp ! --status CONFIRMED" \
		"replied=$udp --status SEEN_REPLY" \
		"twin-replied=FORWARD -p udp -m conntrack --ctstatus SEEN_REPLY" \
		"none-or-replied=$udp --status NONE,SEEN_REPLY" \
		"both=$udp --all-status CONFIRMED,SEEN_REPLY" \
		"not-both=$udp ! --all-status CONFIRMED,SEEN_REPLY" \
		"original=$udp --direction ORIGINAL" "not-original=$udp ! --direction ORIGINAL" \
		"twin-reply=FORWARD -p udp -m conntrack --ctdir REPLY" \
		"lifetime=$udp --expires 29:30" "not-lifetime=$udp ! --expires 0:28" \
		"other-lifetime=$udp --expires 31:" \
		"zone-0=$udp --in-zone 0" "other-zone=$udp ! --in-zone 0" \
		"tcp=FORWARD -m ctstate2 --tcp-state NONE" \
		"not-tcp=FORWARD -m ctstate2 ! --tcp-state NONE" \
		"not-sctp=FORWARD -m ctstate2 ! --sctp-state NONE" \
		"offloadable=$udp --offloadable" "not-offloadable=$udp ! --offloadable"
	forget "$router"
	send "datagram(client, 5000, server, 6000); datagram(client, 5000, server, 6000)"
	send "answer(server, 6000); datagram(client, 5000, server, 6000)"
	counts "none=1 not-none=3 confirmed=3 twin-confirmed=3 not-confirmed=1 replied=2 \
twin-replied=2 none-or-replied=3 both=2 not-both=2 original=3 not-original=1 twin-reply=1 \
lifetime=4 not-lifetime=4 zone-0=4 offloadable=2 not-offloadable=2" \
		"two UDP packets, an answer, one more"

	run_in "$router" conntrack -U -f "$(by_family "$iptables" ipv4 ipv6)" -p udp \
		--orig-port-src 5000 --status SEEN_REPLY,ASSURED,FIXED_TIMEOUT -t 9 \
		>/dev/null 2>&1 || die "conntrack -U"
	watch_rules "$router" "$iptables" mangle "assured=$udp --status ASSURED" \
		"fixed=$udp --status FIXED_TIMEOUT" "time=$udp --expires 7:9"
	send "datagram(client, 5000, server, 6000)"
	counts "assured=1 fixed=1 time=1" "the connection was changed: FIXED_TIMEOUT"

	# A packet without a connection matches nothing, either way
	items=()
	for option in "--status NONE" "--all-status CONFIRMED" "--tcp-state CLOSE" \
		      "--sctp-state CLOSED" "--direction REPLY" "--expires 0:5" "--in-zone 1" \
		      --offloadable; do
		name=${option%% *}
		items+=("${name#--}=FORWARD -m ctstate2 $option"
			"not-${name#--}=FORWARD -m ctstate2 ! $option")
	done
	watch_rules "$router" "$iptables" mangle "${items[@]}" \
		"invalid=FORWARD -m ctstate2 --state INVALID" \
		"untracked=FORWARD -m ctstate2 --state UNTRACKED"
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p udp --dport 6001 -j CT --notrack
	send "flow(80); alice(tcp('SF')); datagram(client, 5000, server, 6001)"
	counts "invalid=1 untracked=1" "no connection: no condition holds, inverted or not"
	run_in "$router" "$iptables" -w -t raw -F

	# A zone for each direction; a template in raw is no connection
	watch_rules "$router" "$iptables" mangle "original-5=$udp --direction ORIGINAL --in-zone 5" \
		"reply-0=$udp --direction REPLY --in-zone 0" "not-5=$udp ! --in-zone 5"
	{
		echo "*raw"
		echo "-A PREROUTING -i eth1 -p udp -j CT --zone-orig 5"
		for match in "--status CONFIRMED" "! --status CONFIRMED" "--in-zone 5" \
			     "--direction ORIGINAL" "! --offloadable"; do
			echo "-A PREROUTING -i eth1 -p udp -m ctstate2 $match -m comment --comment template"
		done
		echo "-A PREROUTING -i eth1 -p udp -m ctstate2 --state NEW -m comment --comment new"
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w || die "$iptables does not take the zone"
	send "datagram(client, 5005, server, 6000); answer(server, 6000)"
	counts "original-5=1 reply-0=1 not-5=1" "a zone for the original direction"
	is "$(counted "$router" "$iptables" raw)" "new=1" \
		"$iptables: in raw, the CT target's template is NEW and nothing else"
	run_in "$router" "$iptables" -w -t raw -F

	# TCP's ASSURED; NAT; a helper, what it expects, and what it changes
	tcp="FORWARD -p tcp -m ctstate2"
	watch_rules "$router" "$iptables" mangle \
		"assured=$tcp --status ASSURED --tcp-state ESTABLISHED" \
		"snat=$tcp --status SNAT" "dnat=$tcp --status DNAT" \
		"helper=$tcp --status HELPER" "expected=$tcp --status EXPECTED" \
		"adjusted=$tcp --status SEQ_ADJUST"
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
	send "forget(); both = connect(client, 5001, server, 80); say(*both, 'x'); reset(*both)"
	like "$(counted "$router" "$iptables" mangle)" '^assured=[2-9]$' \
		"$iptables: a TCP connection: ASSURED, and nothing else"
	run_in "$router" "$iptables" -w -t nat -A POSTROUTING -o eth2 -p tcp --dport 21 -j SNAT \
		--to-source "$(by_family "$iptables" 10.0.2.100 fd00:2::100)" ||
		die "$iptables has no NAT"
	send "ftp = connect(client, 5021, server, 21); say(*reversed(ftp), '220 ready\r\n')"
	if is_ipv6 "$iptables"; then
		port="EPRT |2|fd00:1::2|51211|"
	else
		port="PORT 10,0,1,2,200,11"
	fi
	# the helper does not look at a direction's first line, and makes this one longer
	send "say(*ftp, 'USER x\r\n'); say(*reversed(ftp), '230 in\r\n')"
	send "ftp[0].sendall(b'$port\r\n'); ftp[1].recv(100)"
	send "say(*reversed(ftp), '200 OK\r\n'); say(*ftp, 'NOOP\r\n')"
	send "data = connect(server, 20, '$(by_family "$iptables" 10.0.2.100 fd00:2::100)', 51211, at=(client, 51211))"
	send "reset(*data); reset(*ftp)"
	result=$(counted "$router" "$iptables" mangle)
	for word in snat dnat helper expected adjusted; do
		like " $result " " $word=[1-9]" "$iptables: FTP through NAT: ${word^^}"
	done
	run_in "$router" "$iptables" -w -t nat -F
	run_in "$router" "$iptables" -w -t raw -F

	# A RST as the only answer ends the connection there and then
	watch_rules "$router" "$iptables" mangle "dying=$tcp --all-status DYING,CONFIRMED" \
		"not-dying=$tcp ! --status DYING" "sent2=$tcp --tcp-state SYN_SENT2"
	send "flow(80); alice(tcp('S', 1000)); bob(tcp('RA', 0, 1001))"
	counts "dying=1 not-dying=1" "a RST that answers a SYN: DYING"
	send "flow(80); alice(tcp('S', 1000)); bob(tcp('S', 5000))"
	counts "dying=1 not-dying=3 sent2=1" "a SYN that answers a SYN: SYN_SENT2"

	# SCTP's sub-states, packet by packet
	items=()
	for state in NONE CLOSED COOKIE_WAIT COOKIE_ECHOED ESTABLISHED SHUTDOWN_SENT \
		     SHUTDOWN_RECD SHUTDOWN_ACK_SENT HEARTBEAT_SENT; do
		items+=("$state=FORWARD -p sctp -m ctstate2 --sctp-state $state")
	done
	watch_rules "$router" "$iptables" mangle "${items[@]}" \
		"other=FORWARD -p sctp -m ctstate2 ! --sctp-state CLOSED"
	send "flow(7); alice(sctp(SCTPChunkInit(init_tag=1)))"
	send "bob(sctp(SCTPChunkInitAck(init_tag=2), tag=1))"
	send "alice(sctp(SCTPChunkCookieEcho(cookie=b'cake'), tag=2))"
	send "bob(sctp(SCTPChunkCookieAck(), tag=1))"
	send "alice(sctp(SCTPChunkShutdown(), tag=2))"
	send "bob(sctp(SCTPChunkShutdownAck(), tag=1))"
	send "flow(7); alice(sctp(SCTPChunkHeartbeatReq(), tag=2))"
	counts "CLOSED=1 COOKIE_WAIT=1 COOKIE_ECHOED=1 ESTABLISHED=1 SHUTDOWN_SENT=1 \
SHUTDOWN_ACK_SENT=1 HEARTBEAT_SENT=1 other=6" "SCTP, from INIT to SHUTDOWN ACK"
	send "bob(sctp(SCTPChunkHeartbeatAck(), tag=1)); bob(sctp(SCTPChunkShutdown(), tag=1))"
	counts "CLOSED=1 COOKIE_WAIT=1 COOKIE_ECHOED=1 ESTABLISHED=2 SHUTDOWN_SENT=1 \
SHUTDOWN_RECD=1 SHUTDOWN_ACK_SENT=1 HEARTBEAT_SENT=1 other=8" "the server's SHUTDOWN"
done
finish
