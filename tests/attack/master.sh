#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An ordinary user makes connections whose master is one that a helper of this project looks
# after, and deletes them: of each protocol, and with a master that is an entry and nothing
# more, is in the middle of its dialogue, has lost its helper, or is gone. The kernel takes
# some of them for its own helpers' (GRE's for PPTP's).
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

ordinary_user "$@"
topology_router


# attack DESCRIPTION PORT...: for both families; PORT is that of the connection to port 21
attack() {
	local family count

	for family in 4 6; do
		count=$(run_in "$router" "$tests/attack/master.py" "${helper-ftp2}" $family "${@:2}" 2>&1)
		is "$count" "$([ $# = 1 ] && echo 27 || echo 9)" "$1, IPv$family: created and deleted"
	done
}

attack "a master that no packet was seen of"
helper=rtsp2 attack "rtsp2: a master that no packet was seen of"

# A dialogue with a state of its own, in which something is open
for program in iptables-legacy ip6tables-legacy; do
	run_in "$router" $program -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp2 ||
		die "$program does not take the helper"
	run_in "$router" $program -t nat -A POSTROUTING -o eth2 -j MASQUERADE
done
# The far end speaks as a server does.
start ip netns exec "$server" /usr/bin/python3 -c '
import socket
listener = socket.create_server(("::", 21), family=socket.AF_INET6, dualstack_ipv6=True)
held = []
while True:
    control, _ = listener.accept()
    held.append(control)
    control.sendall(b"220 ready\r\n")
    file = control.makefile("rb")
    for answer in b"331 password\r\n", b"230 in\r\n", b"229 here (|||40000|)\r\n":
        file.readline()
        control.sendall(answer)
'
wait_for 60 listening "$server" tcp 21 || die "no server"
for family in 4 6; do
	[ $family = 4 ] && ends=(10.0.{1,2}.2) || ends=(fd00:{1,2}::2)
	start ip netns exec "$client" /usr/bin/python3 -c '
import signal, socket, sys
client, server, done = sys.argv[1:]
control = socket.create_connection((server, 21), 10, (client, 3000))
file = control.makefile("rb")
file.readline()
for line in b"USER a\r\n", b"PASS b\r\n", b"EPSV\r\n":
    control.sendall(line)
    file.readline()
open(done, "w").close()
signal.pause()' "${ends[@]}" "$work/done$family"
	wait_for 60 test -e "$work/done$family" || die "no dialogue, IPv$family"
done
is "$(for family in ipv4 ipv6; do
	run_in "$router" conntrack -L expect -f $family 2>/dev/null
done | grep -c 'dport=40000 .*helper=ftp2')" 2 "the helper has opened a port for both"
attack "a master in the middle of a dialogue" 3000
helped() {
	run_in "$router" conntrack -L 2>/dev/null | grep -c "sport=3000 .*helper=ftp2"
}
is "$(helped)" 2 "which live on"

for family in 4 6; do
	run_in "$router" "$tests/attack/master.py" "" $family 3000 2>>"$work/unhelped"
done
if grep -q ENOTSUP "$work/unhelped"; then
	skip "this kernel's ctnetlink takes no helper away" "they lose their helper"
else
	is "$(helped)" 0 "they lose their helper"
fi
attack "a master that has lost its helper in the middle" 3000
finish
