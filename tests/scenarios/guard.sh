#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ctfull guard: a flooder fills the table of a router, a victim finds no room, the guard
# bans the flooder and the victim gets in. Whom it never bans, the trial without effect,
# and what happens to a guard: sets that are not there yet, a kill, a module that goes
# and comes back. IPv4 and IPv6 at once, with the rules and sets of doc/table-full.md.
#
#   client ----------------------- router ------------ server
#   10.0.1.2, fd00:1::2, victims    ctfull guard        10.0.2.2, fd00:2::2
#   10.0.1.66, fd00:1::66, the flooder                  10.0.9.0/24, fd00:9::/64, nobody
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
nowhere
ip -n "$client" addr add 10.0.1.66/24 dev eth0
ip -n "$client" addr add fd00:1::66/64 dev eth0
runbook=doc/table-full.md
flooders=(10.0.1.66 fd00:1::66)

# held COUNT SOURCE...: so many entries of each source, which are there to stay
held() {
	local to source

	for source in "${@:2}"; do
		to=192.0.2.1
		[[ $source != *:* ]] || to=fd00:9::9
		entry_lines "$1" 1 "-p udp -s $source -d $to --dport 9 -u SEEN_REPLY,ASSURED"
	done >"$work/entries"
	load_entries "$router"
}

# flood: 40 connections of each flooder, and then "banned" when both are in the sets, and
# after how many milliseconds; "never" if they are not after 60 s
cat >"$work/flood.py" <<'END'
import ctypes, os, socket, sys, time
nft = ctypes.CDLL("libnftables.so.1")
nft.nft_ctx_new.restype = ctypes.c_void_p
with open("/run/netns/" + sys.argv[1]) as netns:
    if ctypes.CDLL(None).setns(netns.fileno(), 0):
        sys.exit("setns")
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
there = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
here.bind(("10.0.1.66", 0))
there.bind(("fd00:1::66", 0))
with open("/run/netns/" + sys.argv[2]) as netns:
    if ctypes.CDLL(None).setns(netns.fileno(), 0):
        sys.exit("setns")
context = ctypes.c_void_p(nft.nft_ctx_new(0))
nft.nft_ctx_buffer_error(context)
nft.nft_ctx_buffer_output(context)
for port in range(5000, 5040):
    here.sendto(b"flood", ("10.0.9.1", port))
    there.sendto(b"flood", ("fd00:9::1", port))
start = time.monotonic()
command = (b"get element inet guard flooders { 10.0.1.66 }; "
           b"get element inet guard flooders6 { fd00:1::66 }")
while nft.nft_run_cmd_from_buffer(context, command):
    if time.monotonic() > start + 60:
        sys.exit("never")
    time.sleep(0.01)
print("banned, %d ms" % round((time.monotonic() - start) * 1000))
END
flood() {
	python3 "$work/flood.py" "$client" "$router" 2>&1
}

# floods DESCRIPTION
floods() {
	flooded=$(flood)
	is "${flooded%,*}" banned "$1"
	note "$flooded after the last packet"
}

# start_guard OPTION...: its lines go to $work/lines, and its troubles to $work/troubles
start_guard() {
	start ip netns exec "$router" ctfull guard --table inet/guard --set flooders \
		--set flooders6 --interval 1 "$@" >"$work/lines" 2>"$work/troubles"
	guard=$started
}

# says FILE REGEX [COUNT]: so many lines, or one, of $work/FILE match
says() {
	[ "$(grep -cE "$2" "$work/$1")" -ge "${3-1}" ]
}

# banned: the elements of both sets
banned() {
	run_in "$router" nft list table inet guard >"$work/table"
	grep -oE '[0-9a-f.:/]+ timeout [0-9a-z]+ expires [0-9a-z]+' "$work/table" |
		sed 's/ expires .*//' | xargs
}

# entries SOURCE...: how many entries there are of these
entries() {
	local source

	{
		run_in "$router" conntrack -L -f ipv4
		run_in "$router" conntrack -L -f ipv6
	} >"$work/table" 2>/dev/null
	for source; do
		awk -v source="src=$source" '{ for (i = 3; i < 7; i++) if ($i == source) { n++; break } }
			END { print n + 0 }' "$work/table"
	done | xargs
}

# victims STATUS DESCRIPTION: what becomes of new connections of others than the flooder
victims() {
	local statuses seconds=1

	# a slow machine may take its time
	[ "$1" != 0 ] || seconds=10
	start run_in "$client" nc -z -w $seconds -s 10.0.1.2 10.0.2.2 80
	run_in "$client" nc -z -w $seconds -s fd00:1::2 fd00:2::2 80
	statuses=$?
	wait "$started"
	is "$? $statuses" "$1 $1" "$2"
}

# empty: the table, the sets
empty() {
	forget "$router"
	run_in "$router" nft 'flush set inet guard flooders; flush set inet guard flooders6'
}

# rules: the runbook's: the level is warning from 80% on, the last tenth is for SSH
rules() {
	run_readme "$router" rescue "$runbook" || die "the runbook's rescue fails"
}

both="10.0.1.66 timeout 5m fd00:1::66 timeout 5m"
rules
start ip netns exec "$server" nc -lk 80
start ip netns exec "$server" nc -6lk 80
wait_for 60 listening "$server" tcp 80 2 || die "nc"
for iptables in iptables ip6tables; do
	watch_rules "$router" "$iptables" mangle "passed=PREROUTING -s $(by_family "$iptables" 10.0.1.66 fd00:1::66)"
done
table_max 500
victims 0 "a victim is served while there is room"

# No sets yet, and nobody to ban them in: it is told, and the guard goes on
start_guard --evict --timeout 5m
wait_for 60 says troubles '^ctfull guard: --table inet/guard: does not exist; make it, and its sets, with nft\(8\)'
ok $? "a table that is not there: the guard says what to do"
held 224 "${flooders[@]}"
flows "$client" 10.0.9.1 5
victims 1 "a victim is refused when a flooder has filled the table"
is "$(entries "${flooders[@]}")" "224 224" "and the flooder keeps its entries"

# With one set, it would ban one flooder, and then there is room.
kill -STOP "$guard"
run_readme "$router" ban "$runbook" || die "the runbook's ban fails"
kill -CONT "$guard"
wait_for 60 says lines '^evict ' 2
ok $? "the sets are there now: the guard goes on"
is "$(banned | sed 's/192.0.2.7 timeout 10m //')" "$both" "the flooder is banned, for 5 minutes"
is "$(run_in "$router" nft list set inet guard flooders | grep -c "192.0.2.7 timeout 10m")" 1 \
	"and who was banned by hand still is"
is "$(entries "${flooders[@]}")" "0 0" "--evict: its entries are gone"
victims 0 "the victim is served again"
is "$(sort "$work/lines")" "ban 10.0.1.66 for 300s: 44.8% of the table (224 of 500 entries), level warning
ban fd00:1::66 for 300s: 44.8% of the table (224 of 500 entries), level warning
evict 10.0.1.66: 224 entries
evict fd00:1::66: 224 entries" "each thing done is a line"
passed=$(counted "$router" iptables mangle),$(counted "$router" ip6tables mangle)
flood >/dev/null
is "$(counted "$router" iptables mangle),$(counted "$router" ip6tables mangle)" "$passed" \
	"what the flooder sends is dropped now"
is "$(entries "${flooders[@]}")" "0 0" "and makes no entry"

# Killed, and started again: the sets are as they were, and it goes on where it was
kill -9 "$guard"
wait "$guard" 2>/dev/null
held 205 "${flooders[@]}"
start_guard --evict --timeout 7m
flows "$client" 10.0.9.1 1
wait_for 60 says lines '^evict ' 2
ok $? "killed, and started again: it evicts who is in the set already"
is "$(banned | sed 's/192.0.2.7 timeout 10m //')" "$both" "nothing is in the sets twice, or for longer"
is "$(grep -c '^ban' "$work/lines")" 0 "and nobody is banned anew"
kill "$guard"
wait "$guard"
is $? 0 "SIGTERM ends the guard, with status 0"

# A trial does nothing. Most of the table is of those that are never banned: this
# machine itself, and two networks that end just before the flooder.
never=(10.0.1.1 fd00:1::1 10.0.1.65 fd00:1::65)
trial=(--never "10.9.9.9,10.0.1.64/31,fd00:1::64/127")
empty
held 50 "${never[@]}"
held 100 "${flooders[@]}"
flows "$client" 10.0.9.1 1
start_guard --dry-run --evict "${trial[@]}"
wait_for 60 says lines '^would ' 4
is "$(sed -n 's/^\(would [a-z]* [0-9a-f.:]*[0-9a-f]\).*/\1/p' "$work/lines" | sort | xargs)" \
	"would ban 10.0.1.66 would ban fd00:1::66 would evict 10.0.1.66 would evict fd00:1::66" \
	"--dry-run: it says what it would do"
wait_for 60 says lines '^spare ' 4
is "$(sed -n 's/^spare \([^ ]*\), .* entries): /\1: /p' "$work/lines" | sort)" \
	"10.0.1.1: it is this machine's address
10.0.1.65: --never
fd00:1::1: it is this machine's address
fd00:1::65: --never" "and whom it would not ban, with the reason"
# that one more is told is the end of a later round
held 60 10.0.1.67
wait_for 60 says lines '^would ban 10.0.1.67 '
ok $? "and whom else, in a later round"
is "$(banned)" "" "but nobody is banned"
is "$(entries "${never[@]}" "${flooders[@]}")" "50 50 50 50 100 100" "and nothing is deleted"
is "$(grep -vc '10\.0\.1\.67' "$work/lines")" 8 "and all is said once"
kill "$guard"
wait "$guard"

# In earnest, and against the clock
empty
start_guard --evict "${trial[@]}"
held 50 "${never[@]}"
held 90 "${flooders[@]}"
floods "a flood: both are banned"
wait_for 60 says lines '^evict ' 2
is "$(entries "${never[@]}")" "50 50 50 50" "this machine and who is named by --never keep their entries"
is "$(banned)" "${both//5m/10m}" "only the flooder is banned"
is "$(entries "${flooders[@]}")" "0 0" "and evicted"
is "$(<"$work/troubles")" "" "and nothing went wrong"

# The module goes and comes back under a guard that runs
for iptables in iptables ip6tables; do
	run_in "$router" "$iptables" -t raw -F
done
empty
wait_for 60 modprobe -r xt_ctfull
ok $? "without rules, the module goes, with a guard that runs"
rules
held 50 "${never[@]}"
held 90 "${flooders[@]}"
floods "and when it is back, the guard goes on"
kill -0 "$guard"
ok $? "as the same process"
kill "$guard"
wait "$guard"
is $? 0 "which SIGTERM ends, with status 0"
finish
