#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# nft-xt: a file's matches of xtables give packets marks, which a native ruleset, iptables and
# routes see. Its rules are in the right place, bear a flush of all others', change in one
# moment, and are gone with the program; a wrong file is refused where it is wrong.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctstate2 nf_conntrack_netlink || die "no xt_ctstate2"
topology_router
nowhere
file=$work/marks.conf

# load: starts it on the router, and waits for its rules
load() {
	start ip netns exec "$router" nft-xt load "$file" 2>"$work/troubles"
	loaded=$started
	wait_for 60 is_loaded || die "nft-xt load: $(<"$work/troubles")"
}

is_loaded() {
	run_in "$router" nft-xt list --json >"$work/json" &&
		[ "$(of_list 'it["process"]')" = "$loaded" ]
}

# of_list PYTHON: of what `nft-xt list --json` printed
of_list() {
	/usr/bin/python3 -c 'import json, sys; it = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
		"$work/json" "$1"
}

# native: a ruleset that asks for the marks
native() {
	run_in "$router" nft-xt defines "$file" >"$work/defines.nft" || die "no defines"
	run_in "$router" nft -f - <<END
flush ruleset
include "$work/defines.nft"
table inet native {
	counter low { }
	counter both { }
	counter others { }
	chain forward {
		type filter hook forward priority filter
		meta mark & \$xt_low_mask == \$xt_low counter name low
		meta mark == 0x110 counter name both
		meta mark == 0 counter name others
	}
}
END
}

# counters: what that one has counted: low, both, others
counters() {
	local name

	for name in low both others; do
		run_in "$router" nft list counter inet native $name | grep -oE 'packets [0-9]+' |
			cut -d ' ' -f 2
	done | xargs
}

cat >"$file" <<'END'
# UDP to these ports
low: mark 0x10/0xf0 -p udp multiport --dports 1000:1999	# as iptables has it
small: mark 0x100/0x300 ctstate2 --state NEW length --length "0:100"

output mark 0x1/0x1 owner --uid-owner 65534 CONNMARK --save-mark
ip6 prerouting mark 0x1000/0x1000 hl ! --hl-eq 1
END
start ip netns exec "$router" stdbuf -oL nft monitor >"$work/monitor"
# made NAME: another table comes and goes, and the monitor has told it
made() {
	run_in "$router" nft "add table ip $1; delete table ip $1"
	grep -qw "$1" "$work/monitor"
}
wait_for 60 made before || die "no nft monitor"
run_in "$router" nft-xt check "$file" >"$work/log" 2>&1
is "$? $(<"$work/log")" "0 " "a file that is right"
wait_for 60 made after || die "nft monitor has ended"
is "$(grep -c nft-xt "$work/monitor")" 0 "which makes nothing, not for a moment"
is "$(run_in "$router" nft list tables)" "" "nor does anything stay"
is "$(run_in "$router" nft-xt list 2>&1; echo "status $?")" "nft-xt list: no file is loaded
status 1" "and nothing is loaded"
is "$(run_in "$router" nft-xt defines "$file")" "define xt_low = 0x00000010
define xt_low_mask = 0x000000f0
define xt_small = 0x00000100
define xt_small_mask = 0x00000300" "the names of its marks, for nft"

# --- Marks ---

load
native
ok $? "a native ruleset with these names"
flows "$client" 10.0.9.1 7 1000
is "$(counters)" "7 7 0" "two lines give a packet two marks"
flows "$client" 10.0.9.1 5 2000
is "$(counters)" "7 7 0" "others get what they match"
is "$(run_in "$router" nft list ruleset | grep -c 'comment "low: mark 0x10/0xf0 -p udp multiport')" 4 \
	"nft shows the lines"
run_in "$router" nft flush ruleset
native
flows "$client" 10.0.9.1 3 1500
is "$(counters)" "3 3 0" "somebody flushes the ruleset, and the marks stay"
run_in "$router" conntrack -F >/dev/null 2>&1
flows "$client" fd00:9::1 4 1000
is "$(counters)" "7 3 0" "IPv6, where one line is not for IPv4"
run_in "$router" nft-xt list --json >"$work/json"
is "$(of_list '[(r["family"], r["chain"], r["packets"]) for r in it["rules"] if r["line"].startswith("low")]')" \
	"[('ip', 'prerouting', 10), ('ip', 'output', 0), ('ip6', 'prerouting', 4), ('ip6', 'output', 0)]" \
	"what each line has marked"
is "$(of_list 'len(it["rules"])')" 11 "all lines, for each family and chain"
like "$(run_in "$router" nft-xt list)" "ip +prerouting +10 +320  low: mark 0x10/0xf0 -p udp multiport --dports 1000:1999" "the same as text"
for iptables in iptables-legacy iptables-nft; do
	run_in "$router" $iptables -t mangle -A PREROUTING -m mark --mark 0x110 -m comment --comment seen
	flows "$client" 10.0.9.2 6 1000
	is "$(run_in "$router" $iptables -t mangle -nvxL PREROUTING | awk '/seen/ { print $1 }')" 6 \
		"$iptables sees the marks before it filters"
	run_in "$router" $iptables -t mangle -F
	run_in "$router" conntrack -F >/dev/null 2>&1
done

# --- What this machine sends ---

run_in "$server" nft -f - <<'END'
table ip in {
	counter came { }
	chain input {
		type filter hook input priority filter
		udp dport 9 counter name came
	}
}
END
# came UID: how many of a packet that it sends come, and the connection's mark
came() {
	run_in "$server" nft reset counters >/dev/null
	run_in "$router" setpriv --reuid "$1" --clear-groups nc -u -w 1 10.0.2.2 9 <<<x >/dev/null 2>&1
	run_in "$server" nft list counter ip in came | grep -oE 'packets [0-9]+' | cut -d ' ' -f 2
	run_in "$router" conntrack -L -p udp --dport 9 2>/dev/null | grep -oE ' mark=[0-9]+'
	run_in "$router" conntrack -F >/dev/null 2>&1
}
is "$(came 65534 | xargs)" "1 mark=257" "a target has its turn after the mark"
is "$(came 0 | xargs)" "1 mark=0" "for whom the line is about"
configure "$router" "rule add fwmark 1/1 table 100" "route add unreachable default table 100"
is "$(came 65534 | xargs)" 0 "a packet that is sent takes the route for its mark"
is "$(came 0 | xargs)" "1 mark=0" "and others take theirs"
run_in "$server" nft flush ruleset

# --- Another file ---

has_line() {
	run_in "$router" nft-xt list 2>&1 | grep -qF -- "$1"
}
echo "low: mark 0x10/0xf0 length --length 0:100" >"$file"
kill -HUP "$loaded"
wait_for 60 has_line "$(<"$file")"
ok $? "SIGHUP: it reads the file again"
native
flows "$client" 10.0.9.3 5000 1000 200 &
flood=$!
times=0
while kill -0 $flood 2>/dev/null; do
	# It may be reading still.
	echo "low: mark 0x10/0xf0 -p udp length --length $((times % 2)):100" >"$file.new"
	mv "$file.new" "$file"
	kill -HUP "$loaded"
	times=$((times + 1))
	sleep 0.05
done
wait $flood
note "$times times"
[ $times -ge 5 ]
ok $? "its lines change while packets come"
is "$(<"$work/troubles")" "" "without a trouble"
is "$(counters)" "5000 0 0" "and none passes between without a mark"

echo "mark 1 length --length 28" >"$file"
kill -HUP "$loaded"
wait_for 60 has_line "mark 1 length --length 28"
ok $? "and once more"
is "$(run_in "$router" nft-xt list | wc -l)" 5 "and the lines of before are gone"

# wrong WHERE MESSAGE: of the file: check tells, and after SIGHUP the lines stay
wrong() {
	is "$(run_in "$router" nft-xt check "$file" 2>&1; echo "status $?")" "nft-xt check: $file:$1: $2
status 3" "wrong: $(tail -n 1 "$file" | tr -cd "[:print:]" | cut -c 1-60)"
	: >"$work/troubles"
	kill -HUP "$loaded"
	wait_for 60 grep -q 'the rules stay as they were' "$work/troubles"
	has_line "mark 1 length --length 28"
	ok $? "and the lines stay"
}
usage="a line is [NAME:] [ip|ip6] [prerouting|output] mark VALUE/MASK MATCH OPTION... [TARGET OPTION...]"
name="use letters, digits and _, a letter first, and no _mask at the end"
number="use VALUE/MASK, two numbers up to 0xffffffff"
before="has its place before connection tracking, and this is after it: use iptables -t raw"
while IFS='|' read -r line where message; do
	printf '# the first line\n%b\n' "$line" >"$file"
	wrong "2:$where" "${message//__/|}"
done <<END
drop it|1|"drop": ${usage//|/__}
""|1|"": ${usage//|/__}
low:|5|too short: ${usage//|/__}
9low: mark 1 length --length 28|1|"9low:": $name
low_mask: mark 1 length --length 28|1|"low_mask:": $name
mark|5|mark "": $number
mark one length|6|mark "one": $number
mark 0x1/0x1ffffffff length|6|mark "0x1/0x1ffffffff": $number
mark 0x1/ length|6|mark "0x1/": $number
mark -1 length|6|mark "-1": $number
mark 0/0 length|6|mark "0/0": a mask without a bit
mark 3/1 length|6|mark "3/1": the value has bits that the mask has not
  mark 1/1|11|which packets? A match is missing
mark 1 -p tcp|14|which packets? A match is missing
mark 1 -p tcp # tcp|15|which packets? A match is missing
mark 1 "length --length 28|8|a quote " that does not end
mark 1 length\r --length 28|14|a control character, 0x0d
mark 1 length --length 28\033[0m|26|a control character, 0x1b
mark 1 --length 28|8|"--length" is no name of a match or a target
mark 1 length --lenth 28|15|length: unknown option "--lenth"
mark 1 length -lenth 28|15|length: unknown option "-lenth"
mark 1\t'length'  -p tcp|18|length: unknown option "-p"
mark 1 -p tcp length --lenth 28|22|length: unknown option "--lenth"
mark 1 -p tcp tcp --dport 1 length --lenth 28|36|length: unknown option "--lenth"
mark 1 -p tcp -p udp length|15|"-p" is no name of a match or a target; there is one -p, before the matches
mark 1 length --length|15|length: --length needs an argument
mark 1 length --length 28 !|28|length: no option follows "!"
mark 1 length ! length|17|length: no option follows "!"
mark 1 length --length 28 -- -p|27|length: unexpected "--"
mark 1 CTFULL|8|CTFULL $before, or ctfull arm
mark 1 length --length 28 CT --notrack|27|CT $before
mark 1 rpfilter|8|rpfilter $before
mark 1 length --length 28 DROP|27|DROP is for the ruleset, which sees the mark
mark 1 length --length 28 CONNMARK --save-mark length --length 1|48|nothing follows the target
mark 1 -p|8|-p needs the name or number of a protocol
mark 1 nosuch|8|iptables has no plugin for the match nosuch of IPv4: install it, or see XTABLES_LIBDIR
mark 1 hl --hl-eq 1|8|iptables has no plugin for the match hl of IPv4: install it, or see XTABLES_LIBDIR
mark 1 NOSUCH|8|iptables has no plugin for the target NOSUCH of IPv4: install it, or see XTABLES_LIBDIR
mark 1 owner --uid-owner 1|8|-m owner --uid-owner 1: the kernel refuses it for IPv4; its log (dmesg) says why
mark 1 -p udp length --length 1 tcp --dport 1|33|-m tcp --dport 1: the kernel refuses it for IPv4; its log (dmesg) says why
END
while IFS='|' read -r line pattern; do
	echo "$line" >"$file"
	like "$(run_in "$router" nft-xt check "$file" 2>&1; echo "status $?")" \
		"^nft-xt check: $file:1:$pattern"$'.*\nstatus 3$' "wrong: $line"
done <<'END'
mark 1 length --length 1:x|15: .*length
mark 1 ctstate2 --state NEVER|17: .*NEVER
mark 1 ctstate2|8: .*
mark 1 -p nothing length|11: .*nothing
END
{
	printf 'mark 1 length'
	printf ' %s' {1..126}
} >"$file"
wrong 1:407 "more than 128 words"
printf 'low: mark 1 length --length 1\nlow: mark 2 length --length 1\n' >"$file"
wrong 2:1 "low is the name of the mark 0x1/0xffffffff already"
echo "mark 1 length --length 1" >"$work/-file"
is "$(cd "$work" && run_in "$router" nft-xt check -- -file 2>&1; echo "status $?")" "status 0" \
	"a file whose name begins with -"
printf 'mark 1 length --length 1\0\n' >"$file"
is "$(run_in "$router" nft-xt check "$file" 2>&1; echo "status $?")" "nft-xt check: $file: is no text
status 3" "a file with a zero byte"
printf 'mark 1 length --length 1 # as Windows has it\r\n\r\nip6 prerouting mark 2 eui64 LOG\nmark 1 -p all length --length 1' >"$file"
run_in "$router" nft-xt check "$file" 2>"$work/log"
is "$? $(<"$work/log")" "0 " "lines with \\r\\n, a match without options, any protocol"
for ((i = 0; i < 256; i++)); do
	echo "mark 1 length --length $i"
done >"$file"
run_in "$router" nft-xt check "$file" 2>"$work/log"
is "$? $(<"$work/log")" "0 " "256 lines"
echo "mark 1 length --length 256" >>"$file"
wrong 257:8 "too many rules"
rm "$file"
like "$(run_in "$router" nft-xt check "$file" 2>&1; echo "status $?")" "$file: No such file.*status 3" \
	"a file that is not there"
like "$(run_in "$router" nft-xt check 2>&1; echo "status $?")" "which file.*status 3" "none at all"

# --- How it ends ---

echo "mark 1 length --length 1" >"$file"
like "$(run_in "$router" setpriv --reuid 65534 --clear-groups nft-xt check "$file" 2>&1; echo "status $?")" \
	"status 3" "an ordinary user cannot"
run_in "$router" nft-xt load "$file" >"$work/log" 2>&1
is "$? $(<"$work/log")" "3 nft-xt load: another program has the nft table nft-xt" "there is one at a time"
run_in "$router" nft delete table ip nft-xt 2>"$work/log"
is $? 1 "nobody else can delete its table"
kill -KILL "$loaded"
wait "$loaded"
if tables_persist; then
	lines=$(run_in "$router" nft-xt list 2>"$work/log")
	like "$lines" " mark " "killed: its lines stay"
	is "$(<"$work/log")" "nft-xt list: the process that loaded this was killed; nft-xt load takes its place" \
		"and list says so"
	like "$(run_in "$router" nft-xt list --json 2>/dev/null)" '"process": null' "in JSON, too"
	load
	is "$(run_in "$router" nft-xt list 2>&1 | awk 'NR > 1 { print $1, $2 }')" \
		"$(awk 'NR > 1 { print $1, $2 }' <<<"$lines")" "the next one has the same lines once"
else
	skip "this kernel's owned tables always go with their owner (Linux 6.9)" "lines stay when it is killed"
	is "$(run_in "$router" nft list tables | grep nft-xt)" "" "killed: its tables are gone"
	load
fi
kill "$loaded"
wait "$loaded"
is "$(run_in "$router" nft list tables | grep nft-xt)" "" "SIGTERM: its tables are gone"

# --- A table of its name that another program has made, with what a terminal would obey ---

mkfifo "$work/commands"
start ip netns exec "$server" bash -c "exec nft -i 0<>'$work/commands'"
printf '%s\n' 'add table ip nft-xt { flags owner; }' \
	'add chain ip nft-xt prerouting { type filter hook prerouting priority 0; }' \
	$'add rule ip nft-xt prerouting counter comment "a\e[31mb"' >"$work/commands"
# shellcheck disable=SC2317 # for wait_for
foreign() {
	run_in "$server" nft-xt list | grep -q prerouting
}
wait_for 60 foreign || die "nft -i"
like "$(run_in "$server" nft-xt list)" ' a\?\[31mb$' "list: no control character comes to the terminal"
like "$(run_in "$server" nft-xt list --json)" '"a\\u001[Bb]\[31mb"' "and in JSON they are escaped"
kill "$started"
wait "$started"

# --- The manual ---

# example NAME: what stands there
example() {
	sed -n "/^\.\\\\\" example: $1\$/,/^\.fi\$/p" "$tests/../tools/nft-xt/nft-xt.8" | grep -v '^\.' |
		sed 's/\\-/-/g'
}
example nft-xt.conf >"$file"
is "$(grep -c mark "$file")" 3 "the manual's file has three lines"
load
is "$(of_list 'len(it["rules"])')" 8 "which can be loaded"
run_in "$router" nft-xt defines "$file" >"$work/defines.nft"
example nftables.conf | sed "s|/etc/nft-xt.nft|$work/defines.nft|" | run_in "$router" nft -f -
ok $? "and nft takes the manual's ruleset"

# --- Completion ---

load_completion nft-xt
completes "load list" nft-xt l
completes "$work/troubles" nft-xt check "$work/trou"
completes_options nft-xt load check list defines
finish
