#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --offloadable is true for the very packets with which nft's "flow add" takes a
# connection, and false for those of a connection with a helper or with SYNPROXY, which
# adjusts sequence numbers; once it is taken, --status OFFLOAD is true. "flow add" stands
# behind "ct state established", as the kernel's documentation has it: by itself it takes
# a UDP flow that was never answered, too.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe nf_conntrack_ftp || die "no FTP helper"
topology_router
# 30 s without a packet, the default, may be over on a slow machine
set_sysctl "$router" net.netfilter.nf_flowtable_{tcp,udp}_timeout=3600 || die "no lifetimes"
start_packets client="$client" router="$router" server="$server"

# flowtable [MATCH]: an empty one. Its rule counts what it takes, for that passes on.
flowtable() {
	run_in "$router" nft -f - <<-EOF || die "no flowtable"
		table inet fastpath
		delete table inet fastpath
		table inet fastpath {
			flowtable fast { hook ingress priority 0; devices = { eth1, eth2 }; }
			chain forward {
				type filter hook forward priority 0;
				${1-ct state established} flow add @fast counter
			}
		}
	EOF
}

# taken: how many packets "flow add" took
taken() {
	run_in "$router" nft list chain inet fastpath forward | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# count: from here on. The mangle table comes before the rule that offloads in FORWARD,
# and after it in POSTROUTING.
count() {
	watch_rules "$router" "$iptables" mangle "offloadable=FORWARD -m ctstate2 --offloadable" \
		"not=FORWARD -m ctstate2 ! --offloadable" \
		"offloaded=FORWARD -m ctstate2 --status OFFLOAD" \
		"adjusted=FORWARD -m ctstate2 --status SEQ_ADJUST" \
		"taken=POSTROUTING -m ctstate2 --status OFFLOAD"
}

# step WANTED DESCRIPTION PYTHON [MATCH]: what is counted with a new flowtable; WANTED is
# a pattern
step() {
	count
	flowtable "${@:4}"
	send "$3"
	like "$(counted "$router" "$iptables" mangle) $(taken)" "^$1\$" "$iptables: $2"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	forget "$router"
	step "offloadable=1 not=2 taken=1 1" "TCP: taken with the ACK of the handshake" \
		"both = connect(client, 5001, server, 80)"
	step "not=2 0" "UDP: not before an answer" \
		"datagram(client, 5000, server, 6000); datagram(client, 5000, server, 6000)"
	step "offloadable=1 taken=1 1" "UDP: taken with the answer" "answer(server, 6000)"
	run_in "$client" ping -q -c 2 -i 0.1 "$(by_family "$iptables" 10.0.2.2 fd00:2::2)" \
		>/dev/null || die "no answer"
	is "$(counted "$router" "$iptables" mangle) $(taken)" "offloadable=1 not=4 taken=1 1" \
		"$iptables: ICMP: never"
	count
	send "close_socket(server, 6000); lost_datagram(client, 5000, server, 6000)"
	is "$(counted "$router" "$iptables" mangle) $(taken)" "offloadable=1 offloaded=1 taken=1 1" \
		"$iptables: an ICMP error about what was taken: OFFLOAD, and offloadable still"
	step "not=2 taken=1 1" "UDP, flow add by itself: taken before an answer" \
		"datagram(client, 5002, server, 6002); datagram(client, 5002, server, 6002)" ""
	if [ -e /proc/sys/net/netfilter/nf_conntrack_gre_timeout ]; then
		step "offloadable=1 not=1 taken=1 1" "GRE: taken with the answer" \
			"gre = protocol(47, bytes(8)); alice(**gre); bob(**gre)"
	else
		skip "this kernel does not track GRE" "$iptables: GRE"
	fi
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
	step "not=5 0" "TCP with a helper: never" \
		"ftp = connect(client, 5021, server, 21); say(*reversed(ftp), 'x'); acknowledged(*ftp)"
	run_in "$router" "$iptables" -w -t raw -F
	send "reset(*ftp); reset(*both)"
	if ! modprobe -q "$(by_family "$iptables" ipt_SYNPROXY ip6t_SYNPROXY)"; then
		skip "this kernel has no SYNPROXY" "$iptables: TCP behind SYNPROXY"
		continue
	fi
	run_in "$router" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 82 --syn -j CT --notrack
	run_in "$router" "$iptables" -w -A FORWARD -p tcp --dport 82 \
		-m ctstate2 --state INVALID,UNTRACKED -j SYNPROXY || die "no SYNPROXY"
	step "not=[1-9] adjusted=[1-9] 0" "TCP behind SYNPROXY, sequence numbers adjusted: never" \
		"both = connect(client, 5082, server, 82); say(*both, 'x'); say(*reversed(both), 'x')"
	run_in "$router" "$iptables" -w -t raw -F
	run_in "$router" "$iptables" -w -F
	run_in "$router" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1
	send "reset(*both)"
done
finish
