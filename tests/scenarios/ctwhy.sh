#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The program ctwhy: it names the reasons of INVALID packets beside each kind of firewall,
# nobody's flush takes its rules away, and nothing of it stays behind, whatever way it ends.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

command -v ctwhy >/dev/null || die "ctwhy is not installed"
topology_router
hold_code "$router"
start_packets client="$client" router="$router" server="$server"

# in_router COMMAND...: what it prints on either channel, and then its exit status
in_router() {
	run_in "$router" "$@" 2>&1
	echo "status $?"
}

# tables COUNT: so many tables of ctwhy are there, one for each family
tables() {
	[ "$(run_in "$router" nft list tables | grep -c ' ctwhy-')" = "$1" ]
}

# watch ARG...: starts ctwhy, and waits until its rules are there. What it prints is in
# $work/out, its errors in $work/err; $pid is its process.
watch() {
	start ip netns exec "$router" ${parent[@]+"${parent[@]}"} ctwhy "$@" \
		>"${out-$work/out}" 2>"${err-$work/err}"
	pid=$started
	wait_for 60 tables 2 || die "no rules of ctwhy: $(<"$work/err")"
}

# gone: its rules are, and so are the references to the modules
gone() {
	tables 0 && [ "$(awk '/^(xt_CTLOG|xt_ctstate2) / { n += $3 } END { print n + 0 }' /proc/modules)" = 0 ]
}

ended() {
	! kill -0 "$pid" 2>/dev/null
}

# ends: waits until it has ended by itself; its exit status
ends() {
	wait_for 60 ended || kill -KILL "$pid"
	wait "$pid" 2>/dev/null
}

# end SIGNAL: sends it, and waits. SIGINT is ignored by what runs in the background.
end() {
	kill -"$1" "$pid"
	ends
}

# shown COUNT: so many packets are in the output
shown() {
	[ "$(grep -c '"event":"packet"' "$work/out")" -ge "$1" ]
}

# of_lines EVENT PYTHON: PYTHON of each JSON object d of this kind, on one line
of_lines() {
	/usr/bin/python3 -IS -c "import json
print(*[($2) for d in map(json.loads, open('$work/out')) if d['event'] == '$1'])"
}

wanted="TCP_NEW TCP_FLAGS ICMP_UNRELATED TCP_WINDOW"

# --- Beside others' rules ---

# What drops all INVALID packets, in each kind of firewall
for firewall in iptables-legacy iptables-nft nft; do
	case $firewall in
	iptables*)
		for iptables in "$firewall" "ip6${firewall#ip}"; do
			run_in "$router" "$iptables" -w -t mangle -A PREROUTING -m conntrack \
				--ctstate INVALID -j DROP || die "$iptables"
		done
		;;
	nft)
		run_in "$router" nft -f - <<'END' || die "nft"
table inet firewall {
	chain early { type filter hook prerouting priority -150; ct state invalid drop; }
}
END
		;;
	esac
	watch watch --json
	for family in 4 6; do
		send "family($family); flow(9); bob(tcp('SA', 5000, 1001)); alice(tcp('SF', 1000))"
		send "bob(error('port', from_alice(udp())))"
		send "flow(80); alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001)); alice(tcp('A', 1001, 5001))"
		send "bob(tcp('A', 5001, 9999))"
		# firewalld, Docker and a configuration file do so when they start
		[ $family = 6 ] || [ $firewall != nft ] || run_in "$router" nft flush ruleset
	done
	wait_for 60 shown 8
	is "$(of_lines packet "d['reason']")" "$wanted $wanted" "$firewall: the reasons, IPv4 and IPv6"
	end TERM
	is $? 0 "$firewall: SIGTERM ends it well"
	wait_for 10 gone
	ok $? "$firewall: nothing stays"
	is "$(<"$work/err")" "" "$firewall: no trouble"
done
for iptables in iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
	run_in "$router" "$iptables" -w -t mangle -F
done

# --- What is shown ---

watch watch --json
send "family(4); flow(80); alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001)); alice(tcp('A', 1001, 5001))"
send "bob(tcp('A', 5001, 9999))"
send "family(6); flow(9); bob(error('port', from_alice(udp())))"
wait_for 60 shown 2
end TERM
flow=$(sed -n 's/.*"destination_port":\([0-9]*\).*"reason":"TCP_WINDOW".*/\1/p' "$work/out")
is "$(of_lines packet "[d[k] for k in 'in protocol source source_port destination flags seq ack length'.split()] if 'seq' in d else ''")" \
	"['eth2', 'tcp', '10.0.2.9', 80, '10.0.1.9', 'A', 5001, 9999, 40] " "watch --json: a segment"
is "$(of_lines packet "d['connection'] if 'connection' in d else ''")" \
	"{'protocol': 'tcp', 'source': '10.0.1.9', 'destination': '10.0.2.9', 'source_port': $flow, 'destination_port': 80, 'state': 'ESTABLISHED', 'direction': 'REPLY'} " \
	"and the connection that it nearly belonged to"
is "$(of_lines packet "(d['icmp_type'], d['about']['protocol'], d['about']['destination']) if 'about' in d else ''")" \
	" (1, 'udp', 'fd00:2::9')" "and of an error, what it is about"
is "$(of_lines summary "d['invalid'], d['shown'], d['others'], d['over_rate'], d['lost'], d['reasons']")" \
	"(2, 2, 0, 0, 0, {'TCP_WINDOW': 1, 'ICMP_UNRELATED': 1})" "the summary"
is "$(of_lines summary "[a['reason'] for a in d['advice']]")" "['TCP_WINDOW', 'ICMP_UNRELATED']" \
	"and advice for both reasons"

watch watch -n 2
send "family(4); flow(9); bob(tcp('SA', 5000, 1001)); bob(error('port', from_alice(udp()))); bob(tcp('SA', 5000, 1001))"
ends
is $? 0 "watch -n 2 ends by itself"
wait_for 10 gone
ok $? "and nothing stays"
is "$(sed -n '1,2s/^[0-9:.]* //p' "$work/out" | sed -E 's/:2[0-9]{4}\b/:PORT/')" \
	"TCP_NEW in=eth2 tcp 10.0.2.9:9 > 10.0.1.9:PORT SA seq=5000 ack=1001 win=8192 len=40
ICMP_UNRELATED in=eth2 icmp 10.0.2.9 > 10.0.1.9 type=3 code=3 len=60 about udp 10.0.1.9:PORT > 10.0.2.9:9" \
	"as text, a line each"
like "$(<"$work/out")" $'\n2 INVALID packets in [0-9.]+ s\n +1 TCP_NEW\n +1 ICMP_UNRELATED\n\nTCP_NEW\n.*What to do:.*\nICMP_UNRELATED\n' \
	"and then the summary, with what to do"

# What this machine sends, and sends to itself: each once. It sums none of them.
run_in "$router" sysctl -qw net.netfilter.nf_conntrack_checksum=0
watch watch --json -n 2
run_in "$router" /usr/bin/python3 -c 'import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
for address in "10.0.1.2", "127.0.0.1":
    s.sendto(struct.pack("!HHIIBBHHH", 80, 4000, 1, 1, 0x50, 0x12, 100, 0, 0), (address, 0))'
ends
is "$(of_lines packet "d['reason'], d.get('in'), d.get('out')")" \
	"('TCP_NEW', None, 'eth1') ('TCP_NEW', 'lo', None)" "what this machine sends, also to itself"

# --- Filters ---

# filtered WANTED ARG...: which reasons are shown of three packets in eth2 and one in eth1
filtered() {
	local wanted=$1

	shift
	watch watch --json "$@"
	send "family(4); flow(9); alice(tcp('SF', 1000)); bob(tcp('SA', 5000, 1001)); bob(error('port', from_alice(udp())))"
	send "family(6); bob(tcp('SA', 5000, 1001))"
	sleep 0.3
	end TERM
	is "$(of_lines packet "d['reason'] + ('6' if ':' in d['source'] else '4')")" "$wanted" "watch $*"
}

filtered "TCP_FLAGS4" --interface eth1
filtered "TCP_NEW4 TCP_NEW6" --reason TCP_NEW
filtered "TCP_NEW4 ICMP_UNRELATED4 TCP_NEW6" -r icmp_unrelated,TCP_NEW
filtered "TCP_NEW6" --address fd00:2::/32
is "$(of_lines summary "d['invalid'], d['shown'], d['others']")" "(4, 1, 3)" "what is not shown is counted"
filtered "TCP_FLAGS4 TCP_NEW4 ICMP_UNRELATED4" --address 10.0.1.9 --port 9
filtered "" --port 4
filtered "" -i none
like "$(<"$work/err")" "--interface none: there is none of this name now" "an interface that is not there is told"

# --- In a zone ---

for match in -s -d; do
	run_in "$router" iptables-nft -w -t raw -A PREROUTING $match 10.0.1.7 -j CT --zone 7 ||
		die "iptables-nft gives no zone"
done
# in_zone WANTED ARG...: the reason of a segment over the window there, and its connection's state
in_zone() {
	local wanted=$1

	shift
	watch watch --json -n 1 "$@"
	send "family(4); flow(80); alice(tcp('S', 1000), src='zed'); bob(tcp('SA', 5000, 1001), dst='zed')"
	send "alice(tcp('A', 1001, 5001), src='zed'); alice(tcp('FA', 100000, 5001), src='zed')"
	ends
	is "$(of_lines packet "d['reason'], d.get('connection', {}).get('state')")" "$wanted" "in zone 7: watch $*"
}
in_zone "('TCP_WINDOW', 'ESTABLISHED')" --zone 7
in_zone "('TCP_NEW', None)"
run_in "$router" iptables-nft -w -t raw -F

# --- Too many ---

# many COUNT: so many INVALID packets, as fast as they can be sent
many() {
	ip netns exec "$client" /usr/bin/python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
for i in range(int(sys.argv[1])):
    s.sendto(struct.pack("!HHIIBBHHH", 80, i % 60000, 1, 1, 0x50, 0x12, 100, 0, 0), ("10.0.2.2", 0))' "$1"
}

watch watch --json --rate 100
many 3000
sleep 0.5
end TERM
is "$(of_lines summary "d['invalid'], d['lost'], d['over_rate'] > 1000, d['shown'] + d['over_rate']")" \
	"(3000, 0, True, 3000)" "--rate: what is over it is counted"
like "$(of_lines hidden "d['packets']")" "^[1-9]" "and told meanwhile"

# A reader that does not come to read: the kernel's buffer is full
watch top --json --rate 1000000
kill -STOP "$pid"
many 20000
kill -CONT "$pid"
end TERM
is "$(of_lines summary "d['invalid'], d['over_rate'], d['lost'] > 0, d['shown'] + d['lost']")" \
	"(20000, 0, True, 20000)" "a slow reader: what is lost is counted"
# 90000 senders that are none, and then six who go on: those are what there is most of.
watch top --json --seconds 1 --rate 1000000 --by ends
ip netns exec "$client" /usr/bin/python3 -c 'import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def send(n):
    s.sendto(struct.pack("!BBHHHBBHIIHHIIBBHHH", 0x45, 0, 40, 0, 0, 64, 6, 0, 11 << 24 | n, 0x0a000202,
                         80, 9, 1, 1, 0x50, 0x12, 100, 0, 0), ("10.0.2.2", 0))
for i in range(90000):
    send(i)
    if i % 500 == 0:
        time.sleep(0.01)
for i in range(300):
    send(0x800000 + i % 6)'
sleep 3
end TERM
is "$(of_lines top "(d['different'] > 60000, d['rest'] > 20000, *sorted(r['source'] for r in d['top'][:6]))" | sed 's/.*(/(/')" \
	"(True, True, '11.128.0.0', '11.128.0.1', '11.128.0.2', '11.128.0.3', '11.128.0.4', '11.128.0.5')" \
	"top: who sends most is seen, however many others there were"
# One who does not read what it prints
mkfifo "$work/pipe"
exec {pipe}<>"$work/pipe"
out=$work/pipe watch watch --json --rate 1000000
many 3000
sleep 1
kill -TERM "$pid"
wait_for 10 ended
ok $? "a reader that reads nothing: SIGTERM ends it"
end KILL
printed=$(timeout 5 cat <&"$pipe" | grep -c '"event":"packet"')
ok $((printed < 1 || printed > 2999)) "it had waited for the reader"
# who reads no messages, either; and the signal comes while it waits for packets
out=$work/pipe err=$work/pipe watch top --json --seconds 1 -n 10000 --rate 1000000
many 3000
sleep 2
head -c 100000 /dev/zero >"$work/zeros"
timeout 2 cat "$work/zeros" >&"$pipe"
kill -TERM "$pid"
wait_for 10 ended
ok $? "nor its summary, nor messages: SIGTERM ends it"
end KILL
# nor the pipe of --pcap
timeout 5 cat <&"$pipe" >"$work/zeros"
watch watch --json --rate 1000000 --pcap "$work/pipe"
many 3000
sleep 2
kill -TERM "$pid"
wait_for 10 ended
ok $? "--pcap to a pipe that nobody reads: SIGTERM ends it"
end KILL
exec {pipe}>&-

# --- Somebody else changes rules while it reads its own ---

cc -shared -fPIC -o "$work/interrupt_dump.so" "$tests/tools/interrupt_dump.c" -lmnl -ldl ||
	die "interrupt_dump.c cannot be built"
for times in 3 1000000; do
	parent=(env "LD_PRELOAD=$work/interrupt_dump.so" "INTERRUPT_DUMPS=$times")
	watch watch --json -n 3
	parent=()
	send "family(4); flow(9); bob(tcp('SA', 5000, 1001))"
	sleep 1.5
	send "bob(tcp('SA', 5000, 1001)); bob(tcp('SA', 5000, 1001))"
	ends
	is "$? $(of_lines summary "d['shown']")" "0 3" "$times times: it goes on"
done

# --- Nothing stays ---

read -ra words <<<"$(readme_block watch doc/states.md)"
is "${words[0]}" ctwhy "doc/states.md says how"
watch "${words[@]:1}"
is "$(in_router nft delete table ip "ctwhy-$pid" | tail -n 1)" "status 1" "others cannot delete its table"
run_in "$router" nft flush ruleset
tables 2
ok $? "nor flush it"
# A second one has a table and a group of its own.
start ip netns exec "$router" ctwhy watch --json >"$work/second"
second=$started
wait_for 60 tables 4 || die "no second one"
send "family(4); flow(9); bob(tcp('SA', 5000, 1001))"
# both: each has seen the packet
both() {
	grep -q TCP_NEW "$work/out" && grep -q TCP_NEW "$work/second"
}
wait_for 60 both
ok $? "two at once: each sees the packet"
kill -KILL "$second"
end KILL
wait_for 10 gone
ok $? "kill -9: no rule stays"
modprobe -r xt_CTLOG xt_ctstate2
ok $? "and the modules can go"

# A terminal that is closed, in the middle of either
cat >"$work/terminal.py" <<'END'
import os, pty, sys, time, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("ctwhy", ["ctwhy"] + sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
def has_table():
    return any(b" ctwhy-" in line for line in os.popen("nft list tables").buffer)
end = time.monotonic() + 60
while not has_table() and time.monotonic() < end:
    time.sleep(0.1)
seen = has_table()
if sys.argv[1] == "close":
    os.close(fd)
else:
    time.sleep(0.5)
    os.write(fd, b"q" if sys.argv[1] == "q" else b"\x03")
    shown = b""
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    seen = seen and b" INVALID packet" in shown
print(seen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
for command in watch top; do
	is "$(run_in "$router" /usr/bin/python3 "$work/terminal.py" close $command | cut -d ' ' -f 1)" \
		True "$command on a terminal"
	wait_for 10 gone
	ok $? "$command: the terminal is closed: nothing stays"
	is "$(run_in "$router" /usr/bin/python3 "$work/terminal.py" ^C $command)" "True 0" \
		"$command: ^C, and there is a summary"
	wait_for 10 gone
	ok $? "$command: ^C: nothing stays"
done
is "$(run_in "$router" /usr/bin/python3 "$work/terminal.py" q top)" "True 0" "top: q, and there is a summary"

# --- --pcap ---

watch watch --json -n 3 --pcap "$work/pcap"
send "family(4); flow(80); alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001)); alice(tcp('A', 1001, 5001))"
send "bob(tcp('A', 5001, 9999, b'x' * 999)); alice(tcp('SF', 1000))"
send "family(6); bob(tcp('SA', 5000, 1001))"
ends
is "$? $(stat -c %a "$work/pcap")" "0 600" "--pcap: a file for its owner"
cat >"$work/pcap.py" <<'END'
import sys
sys.modules["cryptography"] = None
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.utils import RawPcapNgReader, rdpcap

# All blocks to the end of the file, and of packets the comments: scapy 2.5 reads none
def comments(path):
    import struct
    data, at = open(path, "rb").read(), 0
    names = []
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        assert length % 4 == 0 and data[at + length - 4:at + length] == data[at + 4:at + 8]
        if kind == 1:
            code, size = struct.unpack_from("=HH", data, at + 16)
            assert code == 2
            names.append(data[at + 20:at + 20 + size].decode())
        if kind == 6:
            number, _, _, caught, whole = struct.unpack_from("=IIIII", data, at + 8)
            options = at + 28 + (caught + 3) // 4 * 4
            code, size = struct.unpack_from("=HH", data, options)
            assert code == 1
            yield names[number], data[options + 4:options + 4 + size].decode()
        at += length
for packet, comment in zip(rdpcap(sys.argv[1]), comments(sys.argv[1])):
    print(packet.__class__.__name__, packet[TCP].flags, len(packet), abs(packet.time - __import__("time").time()) < 600, *comment)
END
like "$(/usr/bin/python3 "$work/pcap.py" "$work/pcap" 2>/dev/null)" \
	$'^IP A 1039 True eth2 INVALID: TCP_WINDOW of ESTABLISHED 10.0.1.9:[0-9]+ > 10.0.2.9:80 REPLY
IP FS 40 True eth1 INVALID: TCP_FLAGS of ESTABLISHED .* ORIGINAL
IPv6 SA 60 True eth2 INVALID: TCP_NEW$' "scapy reads it, with the reasons"
if command -v tshark >/dev/null; then
	is "$(tshark -r "$work/pcap" -T fields -e frame.comment 2>/dev/null | cut -d ' ' -f 1,2)" \
		$'INVALID: TCP_WINDOW\nINVALID: TCP_FLAGS\nINVALID: TCP_NEW' "tshark reads it"
fi

# --- top ---

watch top --json --seconds 1 --count 2
send "family(4); flow(9); bob(tcp('SA', 5000, 1001)); bob(tcp('SA', 5000, 1001)); alice(tcp('SF', 1000))"
ends
is $? 0 "top --count ends by itself"
is "$(tail -n 2 "$work/out" | head -n 1 | /usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)
print(d["packets"], *[(t["packets"], t["reason"], t["interface"], t["source"], t["destination"]) for t in d["top"]])')" \
	"3 (2, 'TCP_NEW', 'eth2', '10.0.2.9', '10.0.1.9') (1, 'TCP_FLAGS', 'eth1', '10.0.1.9', '10.0.2.9')" \
	"top --json: by all, the most first"
for by in "reason  TCP_NEW" "interface  eth2" "ends  tcp 10.0.2.9 > 10.0.1.9"; do
	watch top --by "${by%%  *}" -n 1 -s 1 -c 2
	send "flow(9); bob(tcp('SA', 5000, 1001)); bob(tcp('SA', 5000, 1001)); alice(tcp('SF', 1000))"
	ends
	like "$(tr '\n' '|' <"$work/out")" "3 INVALID packets; 0 more were not looked at, 0 were lost\| +2  ${by#*  } *\|\|" \
		"top --by ${by%%  *}"
done

# --- explain ---

like "$(ctwhy explain TCP_NEW)" $'^TCP_NEW\n\nThe segment belongs to no known.*\n\nCauses:\n- The end.*\nWhat to do:\n- For late' \
	"explain"
reasons=$(grep -o '^### [A-Z_]*$' "$tests/../doc/states.md" | cut -c 5-)
is "$(ctwhy explain | awk '{ print $1 }')" "$reasons" "explain: all reasons of doc/states.md"
# words: one a line, without the titles of the parts
words() {
	sed -E 's/^(Causes|What to do)://' | grep -oE '[^[:space:]]+'
}
for reason in $reasons; do
	is "$(ctwhy explain "${reason,,}" | words)" \
		"$(sed -n "/^### $reason\$/,/^##* /p" "$tests/../doc/states.md" |
			sed -E -e '1s/^### //' -e '2,$s/^#.*//' -e '/^```/d' -e 's/\[([^]]*)\]\([^)]*\)/\1/g' \
				-e 's/\*\*|`|^\*(Causes|Remedy):\*//g' | words)" \
		"explain $reason: as in doc/states.md"
done

# --- Usage ---

for command in "" watch top explain; do
	# shellcheck disable=SC2086 # none is none
	like "$(in_router ctwhy $command --help)" "^usage: ctwhy .*status 0\$" "ctwhy $command --help"
done
like "$(in_router ctwhy --version)" "^ctwhy [0-9.]+"$'\nstatus 0$' "ctwhy --version"

# refuses REGEX ARG...
refuses() {
	like "$(in_router ctwhy "${@:2}")" "$1"$'.*\nstatus 3$' "refused: ctwhy ${*:2}"
}

refuses 'nonsense: no such command.* watch ' nonsense
refuses 'nonsense: no such reason; there are.*TCP_NEW' explain nonsense
refuses 'unexpected argument "more"' explain TCP_NEW more
refuses 'unexpected argument "more"' watch more
refuses "--number 0: must be a number from 1 to" watch -n 0
refuses '--reason TCP_NEW,nonsense: "nonsense" must be one of FRAGMENT, .*, OTHER' watch -r TCP_NEW,nonsense
refuses '--reason TCP_NEW,: "" must be one of' top --reason TCP_NEW,
refuses '--reason NOT_TRACKED: "NOT_TRACKED" must be one of' watch -r NOT_TRACKED
refuses "--address 10.0.0.0/33: must be an address or a network, such as" watch --address 10.0.0.0/33
refuses "--address example.org: must be an address" top -a example.org
refuses "--port 65536: must be a number from 1 to 65535" watch --port 65536
refuses "--zone 65536: must be a number from 0 to 65535" watch --zone 65536
refuses "--rate 0: must be a number from 1 to" top --rate 0
refuses "--interface 0123456789abcdef: must be the name of an interface" watch -i 0123456789abcdef
refuses "--by nonsense: must be all, reason, interface or ends" top --by nonsense
refuses "--pcap /nowhere/file: No such file" watch --pcap /nowhere/file
refuses "--pcap: must not be empty" watch --pcap ""
echo mine >"$work/mine"
chmod 644 "$work/mine"
ln -s "$work/mine" "$work/link"
chown -h nobody "$work/link"
like "$(in_router timeout 10 ctwhy watch --pcap "$work/link")" \
	"--pcap $work/link: Operation not permitted"$'.*\nstatus 3$' "--pcap: somebody else's link is refused"
is "$(stat -c %a "$work/mine") $(<"$work/mine")" "644 mine" "and the file behind it is as it was"
chown -h root "$work/link"
watch watch --pcap "$work/link"
end TERM
is "$? $(stat -c %a "$work/mine")" "0 600" "--pcap: one's own link leads to the file"
is "$(run_in "$router" sh -c 'ctwhy explain >/dev/full 2>&1; echo $?')" 3 "explain: a full disk"

# --- Where something is missing ---

like "$(in_router setpriv --reuid 65534 --clear-groups --inh-caps=-all ctwhy watch)" \
	'CAP_NET_ADMIN is needed.*status 3$' "without a permission"
like "$(in_router env XTABLES_LIBDIR=/nonexistent ctwhy watch)" \
	'no plugin for the match ctstate2 of IPv4: .*status 3$' "without the plugin"
modprobe -r xt_CTLOG xt_ctstate2
modprobe -a nfnetlink_log nft_compat nft_limit
modprobe=$(</proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
like "$(in_router ctwhy watch)" \
	'-m ctstate2 --state INVALID: the kernel does not have it for IPv4: .*\(modprobe xt_ctstate2\).*status 3$' \
	"without the match's module"
modprobe xt_ctstate2
like "$(in_router ctwhy watch)" '-j CTLOG .*: the kernel does not have it .*\(modprobe xt_CTLOG\).*status 3$' \
	"without the target's module"
echo "$modprobe" >/proc/sys/kernel/modprobe
is "$(run_in "$router" nft list tables)" "" "and then no table is left"

# --- Completion ---

load_completion ctwhy

completes "watch" ctwhy w
completes "watch top explain --help --version" ctwhy ""
completes "TCP_FLAGS,SCTP" ctwhy watch --reason TCP_FLAGS,S
completes "ICMP_TYPE ICMP_UNRELATED ICMP_MISMATCH" ctwhy top -r = ICMP
completes "reason" ctwhy top --by r
# shellcheck disable=SC2016 # an interface may be called so
command='lo$(>ran)'
ip link add name "$command" type dummy || die "no interface"
completes "lo" ctwhy watch -i lo
[ ! -e ran ]
ok $? "a command as an interface's name: completion does not run it"
ip link del "$command"
completes "" ctwhy watch --port ""
completes "${reasons//$'\n'/ } --help" ctwhy explain ""
completes_options ctwhy watch top explain
finish
