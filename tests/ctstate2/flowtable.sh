#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --offloadable is true for the very packets with which nft's "flow add" takes a
# connection, and false for those of a connection with a helper; once it is taken,
# --status OFFLOAD is true. "flow add" stands behind "ct state established", as the
# kernel's documentation has it: by itself it would take a UDP flow that was never
# answered, too.
. "$(dirname "$0")/../lib.sh"

modprobe nf_conntrack_ftp || die "no FTP helper"
topology_router
start_packets --sockets client="$client" router="$router" server="$server"

# flowtable: an empty one. Its rule counts what it takes, for that passes on.
flowtable() {
	run_in "$router" nft -f - <<-'EOF' || die "no flowtable"
		table inet fastpath
		delete table inet fastpath
		table inet fastpath {
			flowtable fast { hook ingress priority 0; devices = { eth1, eth2 }; }
			chain forward {
				type filter hook forward priority 0;
				ct state established flow add @fast counter
			}
		}
	EOF
}

# taken: how many packets "flow add" took
taken() {
	run_in "$router" nft list chain inet fastpath forward | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# step WANTED DESCRIPTION PYTHON: what is counted from here on; the mangle table
# comes before the rule that offloads in FORWARD, and after it in POSTROUTING
step() {
	watch "$router" "$iptables" mangle "offloadable=FORWARD -m ctstate2 --offloadable" \
		"not=FORWARD -m ctstate2 ! --offloadable" \
		"offloaded=FORWARD -m ctstate2 --status OFFLOAD" \
		"taken=POSTROUTING -m ctstate2 --status OFFLOAD"
	flowtable
	send "$3"
	is "$(counted "$router" "$iptables" mangle) $(taken)" "$1" "$iptables: $2"
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
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
	step "not=5 0" "TCP with a helper: never" \
		"ftp = connect(client, 5021, server, 21); say(*reversed(ftp), 'x'); time.sleep(0.1)"
	run_in "$router" "$iptables" -w -t raw -F
	send "reset(*ftp); reset(*both)"
done
finish
