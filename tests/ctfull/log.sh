#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What -j CTFULL logs: each field, in the kernel's log and through nfnetlink_log to a
# real ulogd that writes JSON; and that what has no line is counted in the next one.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink nf_log_syslog nfnetlink_log || die "no xt_ctfull"
sysctl -qw net.netfilter.nf_log_all_netns=1 || die "the kernel logs nothing of a namespace"
topology_router
nowhere
start_ulogd "$router"

# set_rule OPTION...: an empty table raw, but for -j CTFULL with these options
set_rule() {
	run_in "$router" "$iptables" -w -t raw -F
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -j CTFULL \
		--log-prefix "[$iptables] " "$@" || die "$iptables does not take $*"
}

# read_lines: in $lines, those of the kernel's log since the last call, without what all
# have
read_lines() {
	dmesg --syslog | sed -n "s/.*\\[$iptables\\] //p" | tail -n +$((seen_lines + 1)) >"$work/lines"
	seen_lines=$((seen_lines + $(wc -l <"$work/lines")))
	lines=$(sed 's/ OUT=.*SRC=/ SRC=/; s/ LEN=.* PROTO=/ PROTO=/; s/ LEN=.*//; s/ $//' "$work/lines")
}

# ulog_lines: so many prefixes are in the JSON of ulogd
ulog_lines() {
	[ "$(grep -c "oob.prefix\": \"\\[$iptables" "$work/json")" -ge "$1" ]
}

# replace: the same rules in place of those that there are, as iptables does it for each
# change of a legacy table
replace() {
	run_in "$router" "$iptables-save" -t raw >"$work/rules"
	run_in "$router" "$iptables-restore" -w <"$work/rules" || die "$iptables-restore"
}

for iptables in $iptables_variants; do
	seen_lines=0
	address=$(by_family "$iptables" 10.0.9.1 fd00:9::1)
	source=$(by_family "$iptables" 10.0.1.2 fd00:1::2)
	long=$(by_family "$iptables" 10.0.1.2 fd00:0001:0000:0000:0000:0000:0000:0002)
	long_to=$(by_family "$iptables" 10.0.9.1 fd00:0009:0000:0000:0000:0000:0000:0001)
	table_max 10000
	forget "$router"
	fill "$router" 50
	set_rule --log-burst 2 --log-rate 1/minute
	table_max 50
	read_figures --mark "$router" "$iptables"
	start=${figure[refused]}

	flows "$client" "$address" 5
	read_lines
	is "$lines" "count=50 max=50 action=drop refused=$((start + 1)) suppressed=0 top=$source IN=eth1 SRC=$long DST=$long_to PROTO=UDP SPT=4000 DPT=1000
count=50 max=50 action=drop refused=$((start + 2)) suppressed=0 top=$source IN=eth1 SRC=$long DST=$long_to PROTO=UDP SPT=4000 DPT=1001" \
		"$iptables: as many lines as the burst has"
	read_figures "$router" "$iptables"
	is "${grown[refused]} ${grown[logged]} ${grown[suppressed]}" "5 2 3" "$iptables: the others are counted"

	replace
	flows "$client" "$address" 5
	read_lines
	is "$lines" "" "$iptables: a rule that is replaced by its like goes on with the tokens that are left"

	# Two rates: what one rule has not logged is in its own next line
	set_rule --log-rate 2 --log-burst 1 --on-full untrack
	read_figures --mark "$router" "$iptables"
	start=${figure[refused]}
	flows "$client" "$address" 300
	replace
	sleep 0.6	# a token: there is one each half second
	flows "$client" "$address" 1
	read_figures "$router" "$iptables"
	read_lines
	is "${grown[refused]} ${grown[untracked]}" "301 301" "$iptables: 301 packets, untracked"
	is "$(wc -l <"$work/lines")" "${grown[logged]}" "$iptables: as many lines as are counted"
	is "$(grep -c " action=untrack " "$work/lines")" "${grown[logged]}" "$iptables: which say what became of the packet"
	# the last packet has a line: all before it are in one, or in suppressed=
	is "$(sed 's/.* suppressed=\([0-9]*\) .*/\1/' "$work/lines" | awk '{ n += $1 + 1 } END { print n }')" \
		301 "$iptables: lines, and what they say was suppressed, are all packets"
	is "$(sed -n '$s/.* refused=\([0-9]*\) .*/\1/p' "$work/lines")" $((start + 301)) "$iptables: and refused= says so"

	# None at all
	set_rule --log-rate 0
	read_figures --mark "$router" "$iptables"
	flows "$client" "$address" 5
	read_figures "$router" "$iptables"
	read_lines
	is "$lines${grown[logged]} ${grown[suppressed]}" "0 5" "$iptables: --log-rate 0: no lines"

	# The reserve, too; and the source with most packets, which is another one by now
	run_in "$router" conntrack -D -s 198.51.100.1 >/dev/null 2>&1
	fill "$router" 20
	set_rule --reserve 30 --log-burst 1 --log-rate 1/minute
	flows "$client" "$address" 1
	read_lines
	like "$lines" "^count=20 max=50 action=drop refused=[0-9]* suppressed=0 top=$source IN=eth1 SRC=$long " \
		"$iptables: refused by the reserve"

	# Through nfnetlink_log
	run_in "$router" "$iptables" -w -t raw -F
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -j CTFULL --nflog-group 7 --reserve 30 \
		--log-prefix "[$iptables] " --log-rate 100 --log-burst 100
	flows "$client" "$address" 3
	wait_for 60 ulog_lines 3
	is "$(sed -n "s/.*\"oob.prefix\": \"\\[$iptables\\] \\([^\"]*\\) *\".*/\\1/p" "$work/json" |
		sed 's/refused=[0-9]* /refused=N /; s/ *$//')" \
		"count=20 max=50 action=drop refused=N suppressed=0 top=$source
count=20 max=50 action=drop refused=N suppressed=0 top=$source
count=20 max=50 action=drop refused=N suppressed=0 top=$source" "$iptables: through nfnetlink_log"
	read_lines
	is "$lines" "" "$iptables: and not to the kernel's log"
	run_in "$router" "$iptables" -w -t raw -F
done
finish
