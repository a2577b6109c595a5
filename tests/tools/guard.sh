#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ctfull guard, on tables of known entries: who is banned, who is not and why. Zones, IPv6
# networks, addresses that a route makes local, sources that may be forged; sets that are
# full or not what they should be; --exec, --json; and a namespace without a rule.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
setup_ns ns bare
table_max 500
run_in "$ns" iptables-legacy -t raw -A OUTPUT -j CTFULL --warn-at 50% || die "no CTFULL"
for at in "$ns" "$bare"; do
	run_in "$at" nft -f - <<-'END' || die "nft"
		table inet guard {
			counter some { }
			set four { type ipv4_addr; flags timeout; }
			set six { type ipv6_addr; flags timeout, interval; }
			set nets { type ipv4_addr; flags timeout, interval; }
			set single { type ipv6_addr; flags timeout; }
			set small { type ipv4_addr; size 1; flags timeout; }
			set small6 { type ipv6_addr; size 1; flags timeout; }
			set pairs { type ipv4_addr . inet_service; flags timeout; }
			map names { type ipv4_addr : verdict; flags timeout; }
			map counters { type ipv4_addr : counter; }
		}
	END
done

# entries COUNT SOURCE [OPTION...]: so many for load, that have seen a reply
entries() {
	local to=192.0.2.1

	[[ $2 != *:* ]] || to=fd00:9::9
	entry_lines "$1" 1 "-p udp -s $2 -d $to --dport 9 ${*:3}" >>"$work/wanted"
}

# replied COUNT SOURCE [OPTION...]
replied() {
	entries "$1" "$2" -u SEEN_REPLY "${@:3}"
}

# spread COUNT PREFIX: entries of so many sources, PREFIX1 and so on in hexadecimal
spread() {
	local i

	for ((i = 1; i <= $1; i++)); do
		replied 1 "$2$(printf %x "$i")"
	done
}

# load [NAMESPACE]: these, and nothing else, and as many as fill half of the table
load() {
	local i missing

	missing=$((260 - $(wc -l <"$work/wanted")))
	for ((i = 0; i < missing; i++)); do
		replied 1 "10.200.0.$((i % 250))" -w $((100 + i / 250))
	done
	mv "$work/wanted" "$work/entries"
	forget "${1-$ns}"
	load_entries "${1-$ns}"
}

# flush: the sets
flush() {
	run_in "${1-$ns}" nft 'flush set inet guard four; flush set inet guard six
		flush set inet guard nets; flush set inet guard single'
}

# guard_in NAMESPACE OPTION...; guard OPTION...: starts one, with its lines in $work/lines
# and its troubles in $work/troubles
guard_in() {
	start ip netns exec "$1" ${parent[@]+"${parent[@]}"} ctfull guard --table inet/guard --interval 1 \
		"${@:2}" >"$work/lines" 2>"$work/troubles"
	guard=$started
}

guard() {
	guard_in "$ns" "$@"
}

# stop: with status 0
stop() {
	kill "$guard"
	wait "$guard" || ok 1 "the guard ends with status 0"
}

# says FILE REGEX [COUNT]: so many lines, or one, of $work/FILE match
says() {
	[ "$(grep -cE -e "$2" "$work/$1")" -ge "${3-1}" ]
}

# told FILE REGEX [COUNT]: waits for that
told() {
	wait_for 60 says "$@" && return
	note "no line in $1: $2"
	return 1
}

# lines: what was done to whom, sorted
lines() {
	sed -E 's/^((would )?(ban|evict) [^ ]+( in zone [0-9]+)?).*/\1/; s/:$//
		s/^(spare [^ ,]+( in zone [0-9]+)?),.*: /\1: /' "$work/lines" | sort
}

# has SET: its elements
has() {
	run_in "$ns" nft list set inet guard "$1" >"$work/set"
	tr -d '\n\t' <"$work/set" | sed -n 's/.*elements = {\([^}]*\)}.*/\1/p' | tr , '\n' |
		sed -E 's/ *([^ ]*) .*/\1/' | sort | xargs
}

# left FILTER...: how many entries there are
left() {
	run_in "$ns" conntrack -L "$@" 2>/dev/null | wc -l
}

# --- Zones: tenants with the same addresses ---

replied 45 10.0.0.5
replied 45 10.0.0.5 -w 7
replied 60 10.0.0.6 -w 7
replied 5 10.0.0.6
replied 60 10.0.0.7
load
guard --set four --evict
told lines '^evict'
told lines '^spare'
is "$(lines)" "ban 10.0.0.7
evict 10.0.0.7
spare 10.0.0.6 in zone 7: it is of another zone than --zone" \
	"zones: each counts by itself, and zone 0 is the one that is guarded"
stop
flush
replied 60 10.0.0.6 -w 7
replied 5 10.0.0.6
load
guard --set four --evict --zone 7
told lines '^evict'
is "$(lines)" "ban 10.0.0.6 in zone 7
evict 10.0.0.6" "--zone 7: that one"
is "$(left -s 10.0.0.6)" 5 "and in zone 0 the address keeps its entries"
stop
flush

# --- IPv6 networks ---

spread 60 2001:db8:1:1::
load
guard --set six --evict
told lines '^evict'
is "$(lines)" "ban 2001:db8:1:1::/64
evict 2001:db8:1:1::/64" "60 addresses of a /64 are one source"
is "$(has six)" "2001:db8:1:1::/64" "it is in a set with the flag interval"
is "$(left -f ipv6)" 0 "and all of its entries are gone"
spread 60 2001:db8:1:1::
load
told lines '^evict' 2
is "$(lines | sort | uniq -c | xargs)" "1 ban 2001:db8:1:1::/64 2 evict 2001:db8:1:1::/64" \
	"what is in the set is not put there again"
stop
flush

# Next to each other, the last one that there is, and what somebody else has put there
spread 60 2001:db8:1:1::
spread 60 2001:db8:1:2::
spread 60 ffff:ffff:ffff:ffff::
spread 60 2001:db8:7::
load
run_in "$ns" nft add element inet guard six '{ 2001:db8:7::/48 timeout 1h }' || die "nft"
guard --set six
told lines '^ban' 3
is "$(lines | xargs)" "ban 2001:db8:1:1::/64 ban 2001:db8:1:2::/64 ban ffff:ffff:ffff:ffff::/64" \
	"three networks, and one that is in a larger one by hand"
like "$(has six)" '^2001:db8:1:1::/64 2001:db8:1:2::/64 2001:db8:7::/48 ffff:ffff:ffff:ffff::' \
	"all are in the set"
is "$(<"$work/troubles")" "" "without a trouble"
stop
flush
spread 60 2001:db8:1:1::
spread 60 2001:db8:1:2::
load
run_in "$ns" nft add element inet guard six '{ 2001:db8:1:2::5 timeout 1h }' || die "nft"
guard --set six
told troubles '^ctfull guard: cannot ban 2001:db8:1:2::/64: --set six: some of these addresses are in it already'
ok $? "part of a network is in the set by hand: it says so"
is "$(lines)" "ban 2001:db8:1:1::/64" "and bans the other one"
stop
flush

# The first address of one network, and by a second element, all of the next: the end of
# that one says nothing of the first one. Then a network to the end of all addresses, which
# has no end, and its last address alone, which has none either.
flush
run_in "$ns" nft add element inet guard six \
	'{ 2001:db8:1:1:: timeout 1h, 2001:db8:1:2::/64 timeout 1h }' || die "nft"
spread 60 2001:db8:1:1::
spread 60 2001:db8:1:2::
load
guard --set six --evict
told troubles '^ctfull guard: cannot ban 2001:db8:1:1::/64: --set six: some of these addresses are in it already'
ok $? "a network's first address is in the set, and all of the next network: it says so"
told lines '^evict'
is "$(lines)" "evict 2001:db8:1:2::/64" "and evicts only who is banned"
stop
flush
run_in "$ns" nft add element inet guard six '{ ff00::/8 timeout 1h }' || die "nft"
spread 60 ffff:ffff:ffff:ffff::
load
guard --set six --evict
told lines '^evict'
is "$(lines) $(<"$work/troubles")" "evict ffff:ffff:ffff:ffff::/64 " \
	"the last network, and in the set a larger one"
stop
flush
run_in "$ns" nft add element inet guard six '{ ffff:ffff:ffff:ffff:: timeout 1h }' || die "nft"
spread 60 ffff:ffff:ffff:ffff::
load
guard --set six
told troubles '^ctfull guard: cannot ban ffff:ffff:ffff:ffff::/64: --set six: some of these'
ok $? "the last network, and in the set its first address"
stop
flush
spread 30 2001:db8:1:1::
spread 30 2001:db8:1:2::
spread 60 2001:db9::
load
guard --set six --prefix6 48
told lines '^ban' 2
is "$(lines | xargs)" "ban 2001:db8:1::/48 ban 2001:db9::/48" "--prefix6 48"
stop
flush

# Who is never banned is not banned with others, and others are not spared with him.
ip -n "$ns" addr add fd00:77::1/64 dev lo
spread 55 fd00:77::1:
spread 3 2001:db8:1:1::
replied 60 2001:db8:1:1::77
replied 55 2001:db8:1:1::99
load
guard --set six --never 2001:db8:1:1::99
told lines '^ban'
told lines '^spare' 2
is "$(lines)" "ban 2001:db8:1:1::77
spare 2001:db8:1:1::99: --never
spare fd00:77::/64: an address in it is never banned, and no other one holds so much alone" \
	"a network with somebody who is never banned: its other addresses count one by one"
stop
flush

spread 60 2001:db8:1:1::
replied 60 2001:db8:2::1
load
guard --set single
told lines '^ban'
is "$(lines)" "ban 2001:db8:2::1" "a set without the flag interval: single addresses"
like "$(<"$work/troubles")" '--set single: bans of single IPv6 addresses only; make it with "flags timeout, interval"' \
	"and it is said what to do"
stop
flush
spread 60 2001:db8:1:1::
replied 60 10.0.0.5
load
guard --set nets --prefix6 128
told lines '^ban'
is "$(lines)" "ban 10.0.0.5" "--prefix6 128, and an IPv4 set with the flag interval"
is "$(has nets)" 10.0.0.5 "it has the address"
stop
flush

# --- This machine's addresses ---

ip -n "$ns" link add d0 type dummy
configure "$ns" "link set d0 up" "addr add 10.67.0.1/24 brd 10.67.0.255 dev d0" \
	"addr add fd00:67::1/64 dev d0" \
	"route add local 10.64.0.0/24 dev lo" "route add local 10.65.0.0/24 dev lo table 100" \
	"route add local fd00:64::/64 dev lo" "route add anycast fd00:68::9 dev d0" \
	"route add local default dev lo table 101" "rule add fwmark 1 lookup 101"
for source in 10.64.0.9 10.65.0.9 fd00:64::9 fd00:68::9 10.67.0.1 10.67.0.255 10.66.0.9; do
	replied 60 "$source"
done
load
guard --set four --set six --evict
told lines '^evict'
told lines '^spare' 6
route="a route makes it this machine's address"
is "$(lines)" "ban 10.66.0.9
evict 10.66.0.9
spare 10.64.0.9: $route
spare 10.65.0.9: $route
spare 10.67.0.1: it is this machine's address
spare 10.67.0.255: $route
spare fd00:64::/64: $route
spare fd00:68::9: $route" "addresses that a route of any table makes local are not banned"
told troubles 'table 101 has a local route for everything, as TPROXY needs: it spares nobody; name with --never who must not be banned'
ok $? "a local route for everything would spare everybody: it is told, and does not"
stop
flush
configure "$ns" "route del local default dev lo table 101"

# --- Sources that may be forged ---

# segments HOW SOURCE...: 60 connections of each, made of packets: what conntrack(8) makes is
# as if picked up in mid-stream. "forged" knows no number of the server's; "reset" ends.
cat >"$work/segments.py" <<'END'
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
SYN, RST, ACK = 2, 4, 16
def segment(source, to, flags, seq, ack):
    addrs = socket.inet_aton(source[0]) + socket.inet_aton(to[0])
    ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 40, 0, 0, 64, socket.IPPROTO_TCP, 0, addrs)
    tcp = struct.pack("!HHIIBBHHH", source[1], to[1], seq, ack, 5 << 4, flags, 4096, 0, 0)
    sock.sendto(ip + tcp, (to[0], 0))
server = "192.0.2.1", 80
for client in ((source, port) for source in sys.argv[2:] for port in range(1000, 1060)):
    forged = sys.argv[1] == "forged"
    if forged:
        segment(client, server, ACK, 1, 1)
    segment(client, server, SYN, 100, 0)
    segment(server, client, SYN | ACK, 5000, 101)
    segment(client, server, ACK, 101, 7 if forged else 5001)
    if sys.argv[1] == "reset":
        segment(client, server, RST, 101, 0)
END
segments() {
	run_in "$ns" python3 "$work/segments.py" "$@" || die "no segments"
}
configure "$ns" "route add default dev d0"
set_sysctl "$ns" net.netfilter.nf_conntrack_tcp_timeout_close=600

tcp="-p tcp -d 192.0.2.1 --dport 80"
entry_lines 60 1 "$tcp -s 10.0.1.2 --state SYN_RECV -u SEEN_REPLY" >"$work/wanted"
entries 60 10.0.1.1
load
segments handshake 10.0.1.3
segments forged 10.0.1.6
is "$(left -s 10.0.1.3 -u ASSURED) $(left -s 10.0.1.6 -u ASSURED)" "60 60" \
	"an ACK, SYN and ACK make an entry ASSURED, as a handshake does"
guard --set four --evict
told lines '^evict'
is "$(lines | xargs)" "ban 10.0.1.3 evict 10.0.1.3" \
	"neither without a reply, nor with half a handshake, nor from mid-stream on does an entry count"
stop
flush
entry_lines 60 1 "$tcp -s 10.0.1.2 --state SYN_RECV -u SEEN_REPLY" >"$work/wanted"
entries 60 10.0.1.1
load
guard --set four --unreplied
told lines '^ban' 2
is "$(lines | xargs)" "ban 10.0.1.1 ban 10.0.1.2" "--unreplied: all do"
stop
flush

# Where the tracker takes whatever a segment acknowledges, a whole connection is forged as
# easily. The server may reset it, or not.
set_sysctl "$ns" net.netfilter.nf_conntrack_tcp_be_liberal=1
liberal='^ctfull guard: TCP entries do not count without --unreplied: with nf_conntrack_tcp_be_liberal=1 '
# mixed: UDP, TCP, and TCP that was reset
mixed() {
	replied 60 10.0.1.5
	load
	segments handshake 10.0.1.3
	segments reset 10.0.1.4
}
mixed
guard --set four
told lines '^ban'
told troubles "$liberal"
is "$(lines)" "ban 10.0.1.5" "nf_conntrack_tcp_be_liberal: TCP does not count"
set_sysctl "$ns" net.netfilter.nf_conntrack_tcp_be_liberal=0
told lines '^ban' 3
is "$(lines | xargs)" "ban 10.0.1.3 ban 10.0.1.4 ban 10.0.1.5" "and does again when it is 0"
stop
flush
set_sysctl "$ns" net.netfilter.nf_conntrack_tcp_be_liberal=1
mixed
guard --set four --unreplied
told lines '^ban' 3
is "$(lines | xargs) $(<"$work/troubles")" "ban 10.0.1.3 ban 10.0.1.4 ban 10.0.1.5 " \
	"and with --unreplied, without a word of it"
stop
flush
set_sysctl "$ns" net.netfilter.nf_conntrack_tcp_be_liberal=0
configure "$ns" "route del default dev d0"

replied 60 10.0.2.1
replied 60 10.0.3.77
replied 60 10.0.4.1
load
guard --set four --never ::ffff:10.0.2.1,::ffff:10.0.3.0/120
told lines '^ban'
told lines '^spare' 2
is "$(lines | xargs)" "ban 10.0.4.1 spare 10.0.2.1: --never spare 10.0.3.77: --never" \
	"--never: IPv4 addresses, as IPv6 has them"
stop
flush

# --- What is wrong with sets ---

run_in "$ns" nft 'add element inet guard small { 192.0.2.250 timeout 1h }
	add element inet guard small6 { fd00:9::250 timeout 1h }' || die "nft"
replied 60 10.0.2.1
replied 60 2001:db8::1
load
guard --set small --set small6 --prefix6 128 --never 10.0.4.0/24
told troubles 'small6?: it is full' 2
for ((i = 1; i < 4; i++)); do
	# whom a round has told of is the end of it
	entry_lines 60 1 "-p udp -s 10.0.4.$i -d 192.0.2.1 --dport 9 -u SEEN_REPLY" >"$work/entries"
	load_entries "$ns"
	told lines "^spare 10.0.4.$i,"
done
is "$(sort "$work/troubles")" "ctfull guard: cannot ban: --set small6: it is full; make it with a larger \"size\"
ctfull guard: cannot ban: --set small: it is full; make it with a larger \"size\"" \
	"two full sets: each is told once"
stop

# Twenty networks, of each of which somebody has put one address into the set
for ((i = 1; i <= 20; i++)); do
	replied 12 "2001:db8:2:$i::1"
	echo "add element inet guard six { 2001:db8:2:$i::5 timeout 1h }"
done >"$work/some"
load
run_in "$ns" nft -f "$work/some" || die "nft"
guard --set six --set four --min-share 2%
told troubles 'cannot ban 2001:db8:2:.*some of these addresses are in it already' 20
for ((i = 1; i < 4; i++)); do
	entry_lines 60 1 "-p udp -s 10.0.4.$i -d 192.0.2.1 --dport 9 -u SEEN_REPLY" >"$work/entries"
	load_entries "$ns"
	told lines "^ban 10.0.4.$i "
done
is "$(grep -c 'cannot ban' "$work/troubles")" 20 "of twenty networks each is told, and once"
stop
flush

# refuses WANTED OPTION...: at once, with status 3
refuses() {
	like "$(run_in "$ns" ctfull guard "${@:2}" 2>&1; echo "status $?")" "$1"$'.*\nstatus 3$' \
		"refused: guard ${*:2}"
}

refuses "--set names: has another type" --table inet/guard --set names
refuses "--set counters: has another type" --table inet/guard --set counters
refuses "--set pairs: has another type" --table inet/guard --set pairs
refuses "--prefix6 64: --set single takes no networks" --table inet/guard --set single --prefix6 64
refuses "--table foo: must be FAMILY/TABLE" --table inet/guard --table foo --set four
refuses "--table inet/other: is the second table; all sets must be in one" \
	--table inet/guard --set four --table inet/other --set six
refuses "--set nets: is the third set" --table inet/guard --set four --set six --set nets
refuses "--prefix6 0: must be a number from 1 to 128" --table inet/guard --set four --prefix6 0
refuses "--prefix6 129: must be a number from 1 to 128" --table inet/guard --set four --prefix6 129
long=$(printf 'a%.0s' {1..256})
refuses "--table inet/$long: is too long; a name has up to 255 characters" --table "inet/$long" \
	--set four
refuses "--set $long: is too long; a name has up to 255 characters" --table inet/guard --set "$long"
refuses "--set: must not be empty" --table inet/guard --set ""
for never in "" "," "10.0.0.1," ",10.0.0.1" "10.0.0.1,,10.0.0.2"; do
	refuses "--never: there must be an address before and after each comma" \
		--table inet/guard --set four --never "$never"
done
refuses "--zone 65536: must be a number from 0 to 65535" --table inet/guard --set four --zone 65536
refuses "--timeout 99999999d: must be a time such as .* up to 365d" --table inet/guard --set four \
	--timeout 99999999d
guard_in "$ns" --set gone
told troubles '^ctfull guard: --set gone: does not exist; make it'
ok $? "a set that is not there is told"
stop
for gone in "--set gone --set six" "--set six --set gone"; do
	spread 60 2001:db8:1:1::
	load
	# shellcheck disable=SC2086 # options
	guard $gone
	told lines '^ban'
	is "$(lines)" "ban 2001:db8:1:1::/64" "$gone: the set that is there is used"
	is "$(grep -c '^ctfull guard: --set gone: does not exist' "$work/troubles")" 1 "and the other is told"
	stop
	flush
done

# --- No memory, for a while ---

cc -shared -fPIC -o "$work/fail_memory.so" "$tests/tools/fail_memory.c" ||
	die "fail_memory.c cannot be built"
replied 60 10.0.2.1
load
parent=(env "LD_PRELOAD=$work/fail_memory.so" "FAIL_MEMORY=$work/no_memory")
guard --set four
parent=()
told lines '^ban'
touch "$work/no_memory"
wait "$guard"
is "$? $(tail -n 1 "$work/troubles")" "4 ctfull guard: out of memory" \
	"no memory in a later round: the status that systemd starts it again for"
rm "$work/no_memory"
flush

# --- --json ---

replied 62 10.0.2.1
replied 62 2001:db8::1 -w 3
replied 62 10.0.3.1
load
guard --set four --evict --json --never 10.0.3.1 --timeout 5m
told lines '"event":"evict"'
told lines '"event":"spare"' 2
is "$(python3 -c '
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line), sort_keys=True))' <"$work/lines" | sort)" \
'{"dry_run": false, "entries": 62, "event": "ban", "level": "warning", "of": 500, "percent": 12.4, "set": "four", "source": "10.0.2.1", "timeout": 300, "zone": 0}
{"entries": 62, "event": "evict", "source": "10.0.2.1", "zone": 0}
{"entries": 62, "event": "spare", "of": 500, "percent": 12.4, "source": "10.0.3.1", "why": "--never", "zone": 0}
{"entries": 62, "event": "spare", "of": 500, "percent": 12.4, "source": "2001:db8::/64", "why": "it is of another zone than --zone", "zone": 3}' \
	"--json: an object a line"
is "$(grep -c '"percent":12\.4,' "$work/lines")" 3 "a percentage has one decimal"
stop
flush

# --- --exec ---

cat >"$work/run" <<END
env | sort | grep ^CTFULL_ >$work/env.\$CTFULL_SOURCE.tmp
mv $work/env.\$CTFULL_SOURCE.tmp $work/env.\$CTFULL_SOURCE
echo line
exit 7
END
replied 62 10.0.2.1
load
guard --set four --exec "sh $work/run; cat; exit 7"
told troubles '^ctfull guard: --exec for 10.0.2.1: exit status 7'
ok $? "--exec: an exit status is told, and nothing is there to read"
is "$(<"$work/env.10.0.2.1")" "CTFULL_ENTRIES=62
CTFULL_LEVEL=warning
CTFULL_SHARE=12.4
CTFULL_SOURCE=10.0.2.1
CTFULL_ZONE=0" "--exec: the environment"
is "$(grep -c line "$work/troubles") $(grep -c line "$work/lines")" "1 0" \
	"what the command prints is not among the guard's lines"
stop
flush

# Of a parent that ignores SIGCHLD, and SIGTERM
# shellcheck disable=SC2016 # perl's
parent=(perl -e '$SIG{CHLD} = $SIG{TERM} = "IGNORE"; exec @ARGV')
replied 62 10.0.2.1
load
guard --set four --exec 'exit 7'
told troubles '^ctfull guard: --exec for 10.0.2.1: exit status 7'
ok $? "a parent that ignores SIGCHLD: commands are reaped all the same"
parent=()
kill "$guard"
wait_for 60 eval '! kill -0 "$guard"'
ok $? "and SIGTERM ends the guard"
kill -9 "$guard" 2>/dev/null
flush
replied 62 10.0.2.1
load
guard --set four --exec "sleep 1000 & echo \$! >$work/child; wait"
told troubles '--exec for 10.0.2.1: took more than 10 s$'
told troubles '--exec for 10.0.2.1: killed by signal 9$'
ok $? "--exec: a command that does not end is killed"
wait_for 60 eval '! kill -0 "$(<"$work/child")"'
ok $? "with what it has started"
stop
flush

# alive FILE: is the process there whose id is in it? Not one that has ended
alive() {
	[ -e "/proc/$(<"$1")/exe" ] && ! grep -q '^State:.*[ZX]' "/proc/$(<"$1")/status"
}

replied 62 10.0.2.1
load
guard --set four --exec "sleep 1000 & echo \$! >$work/left"
wait_for 60 alive "$work/left" || die "the command leaves nothing behind"
told troubles '--exec for 10.0.2.1: took more than 10 s$'
ok $? "--exec: what a command leaves behind has no more time than the command"
wait_for 60 eval '! alive "$work/left"'
ok $? "and is killed"
stop
flush
replied 62 10.0.2.1
load
rm "$work/left"
guard --set four --exec "sleep 1000 & echo \$! >$work/left; wait"
wait_for 60 alive "$work/left" || die "the command does not run"
stop
wait_for 60 eval '! alive "$work/left"'
ok $? "--exec: when the guard ends, so does what still runs"
flush
replied 62 10.0.2.1
load
rm "$work/left"
guard --set four --exec "setsid sh -c 'echo \$\$ >$work/left; sleep 1000' & exit 7"
told troubles '--exec for 10.0.2.1: exit status 7$'
wait_for 60 alive "$work/left"
stop
alive "$work/left"
ok $? "--exec: what has a session of its own goes on"
kill -- "-$(<"$work/left")"
flush

# --- What it is started with ---

parent=(bash -c 'trap "" INT; exec "$@"' bash)
guard --set four
parent=()
replied 62 10.0.2.1
load
told lines '^ban'
kill -INT "$guard"
entry_lines 62 1 "-p udp -s 10.0.2.2 -d 192.0.2.1 --dport 9 -u SEEN_REPLY" >"$work/entries"
load_entries "$ns"
told lines '^ban 10.0.2.2 '
ok $? "a parent that ignores SIGINT: it does not end the guard"
stop
flush
parent=(perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV')
guard --set four
parent=()
replied 62 10.0.2.1
load
told lines '^ban'
kill -INT "$guard"
wait "$guard"
is $? 0 "else it does, with status 0"
flush
# shellcheck disable=SC2261 # closed, and then nothing else
parent=(bash -c 'exec "$@" <&- >&- 2>&-' bash)
guard --set four
parent=()
# ready: has it opened what it works with?
ready() {
	readlink "/proc/$guard/fd/"* | grep -q socket
}
wait_for 60 ready
is "$(readlink "/proc/$guard/fd/"{0,1,2} | xargs)" "/dev/null /dev/null /dev/null" \
	"standard input, output and error closed: none of them is a socket of its own"
stop
flush
like "$(run_in "$ns" bash -c 'ctfull top 2>&1 >&-'; echo "status $?")" \
	$'cannot write.*\nstatus 3$' "and what cannot be written is no success"

# --- What a reserve refuses while the level is normal ---

run_in "$ns" iptables-legacy -t raw -F
run_in "$ns" iptables-legacy -t raw -A OUTPUT -j CTFULL --reserve 50% --warn-at 100%
replied 60 10.0.2.1
load
# refused: until somebody is banned
refused() {
	flows "$ns" 127.0.0.1 1 2>/dev/null
	says lines '^ban'
}
guard --set four
wait_for 60 refused
is "$(lines)" "ban 10.0.2.1" "a reserve refuses: the guard wakes, whatever the level"
stop
flush

# --- No rule, and then one ---

replied 60 10.0.2.1
entry_lines 420 1000 "-p udp -s 10.0.9.9 -d 192.0.2.1 --dport 9" >>"$work/wanted"
load "$bare"
guard_in "$bare" --set four
told lines '^ban'
is "$(lines)" "ban 10.0.2.1" "no rule in the namespace: it looks by itself"
is "$(<"$work/troubles")" \
	"ctfull guard: no rule with -j CTFULL in this network namespace: looking every 1 s" \
	"and says so"
run_in "$bare" iptables-legacy -t raw -A OUTPUT -j CTFULL
told troubles '^ctfull guard: a rule with -j CTFULL was added$'
ok $? "a rule comes"
forget "$bare"
run_in "$bare" iptables-legacy -t raw -F
told troubles 'no rule with -j CTFULL' 2
ok $? "and goes, with the level normal: it is noticed"
stop
start ip netns exec "$bare" ctfull monitor 2>"$work/troubles"
told troubles \
	'^ctfull monitor: no rule with -j CTFULL in this network namespace, and so no events'
ok $? "monitor says that there is nothing to wait for"
kill "$started"

run_in "$ns" iptables-legacy -t raw -F
wait_for 60 modprobe -r xt_ctfull || die "xt_ctfull stays"
flush "$bare"
replied 60 10.0.2.1
entry_lines 420 1000 "-p udp -s 10.0.9.9 -d 192.0.2.1 --dport 9" >>"$work/wanted"
load "$bare"
guard_in "$bare" --set four
told lines '^ban'
is "$(lines)" "ban 10.0.2.1" "without xt_ctfull, too"
! grep -q '^xt_ctfull ' /proc/modules
ok $? "which it does not load"
stop

# --- Entries that cannot be deleted ---

modprobe xt_ctfull || die "no xt_ctfull"
flush
run_in "$ns" iptables-legacy -t raw -A OUTPUT -j CTFULL --warn-at 50% || die "no CTFULL"
cc -shared -fPIC -o "$work/fail_delete.so" "$tests/tools/fail_delete.c" -lmnl -ldl ||
	die "fail_delete.c cannot be built"
replied 300 10.0.2.1
load
# that long, as each round deletes all that is left
parent=(env "LD_PRELOAD=$work/fail_delete.so")
guard --set four --evict --interval 3600
parent=()
told lines '^evict'
is "$(grep ^evict "$work/lines")" "evict 10.0.2.1: 297 entries" \
	"three of 300 deletions fail: no other is left out"
told troubles '^ctfull guard: --evict 10.0.2.1: some entries cannot be deleted: Cannot allocate memory$'
ok $? "and it is told"
stop
finish
