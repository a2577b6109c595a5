#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The module, its rules and their namespaces come and go, under traffic: loading
# by alias, a reference for each rule, conntrack released with the last rule.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

loaded() {
	grep -q "^$1 " /proc/modules
}

# references: how many rules hold the module
references() {
	awk '$1 == "xt_ctstate2" { print $3 }' /proc/modules
}

unreferenced() {
	[ "$(references)" = 0 ]
}

for iptables in $iptables_variants; do
	modprobe -r xt_ctstate2 2>/dev/null
	loaded xt_ctstate2 && die "cannot unload the module"
	setup_ns one two
	any=$(by_family "$iptables" 10.7.7.0/24 fd07::/64)

	run_in "$one" "$iptables" -A INPUT -m ctstate2 --state NEW
	ok $? "$iptables: a rule can be set"
	loaded xt_ctstate2
	ok $? "$iptables: the module loaded itself for the rule"
	is "$(references)" 1 "$iptables: the rule holds the module"
	run_in "$two" "$iptables" -A FORWARD -s "$any" -m ctstate2 --state SNAT
	is "$(references)" 2 "$iptables: a rule in another namespace does, too"

	modprobe -r xt_ctstate2 2>"$work/error"
	is "$?" 1 "$iptables: the module is not unloaded while there are rules"
	like "$(<"$work/error")" "in use" "$iptables: and the error says that it is in use"

	run_in "$two" "$iptables" -D FORWARD -s "$any" -m ctstate2 --state SNAT
	is "$(references)" 1 "$iptables: a deleted rule lets it go"
	ip netns del "$one"
	wait_for 60 unreferenced
	ok $? "$iptables: a deleted namespace lets it go"
	modprobe -r xt_ctstate2
	ok $? "$iptables: the module is unloaded when there is no rule"
	run_in "$two" "$iptables" -A INPUT -m ctstate2 --state INVALID
	ok $? "$iptables: and loads again"
	run_in "$two" "$iptables" -F
done

# The tracker works in a namespace for as long as a rule is there: found by what
# happens to packets, in a namespace that has no other user of it.
for iptables in $iptables_variants; do
	setup_ns alone
	address=$(by_family "$iptables" 127.0.0.1 ::1)
	run_in "$alone" ping -q -c 1 "$address" >/dev/null
	is "$(run_in "$alone" conntrack -C 2>/dev/null)" 0 \
		"$iptables: a namespace without rules does not track"
	run_in "$alone" "$iptables" -A INPUT -m ctstate2 --state NEW
	run_in "$alone" ping -q -c 1 "$address" >/dev/null
	is "$(run_in "$alone" conntrack -C)" 1 "$iptables: with a rule, it does"
	run_in "$alone" "$iptables" -F
	run_in "$alone" conntrack -F 2>/dev/null
	run_in "$alone" ping -q -c 1 "$address" >/dev/null
	is "$(run_in "$alone" conntrack -C)" 0 "$iptables: without it, no more"
done

# A rule that iptables refuses leaves nothing behind.
setup_ns clean
run_in "$clean" iptables-legacy-restore 2>/dev/null <<-'EOF'
	*filter
	-A INPUT -m ctstate2 --state NEW
	-A INPUT -m ctstate2 --state NEW -j NO_SUCH_TARGET
	COMMIT
EOF
is "$?$(run_in "$clean" iptables-legacy-save | grep -c ctstate2)" 20 \
	"a ruleset with an error in it is refused as a whole"

finish
