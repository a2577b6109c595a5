#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A kernel without the modules: with the files of doc/install.md, "Never open", the rules that
# need none are set, and stay, and it is said why the others are not. The program is the one
# that xtables-conntrack-addons-rules.service and netfilter-persistent run.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

program=/usr/local/libexec/xtables-conntrack-addons/rules
[ -x "$program" ] || die "no $program"
# It was installed below /usr/local; the documentation is of packages.
folder=/etc/xtables-conntrack-addons
mkdir -p "$folder" /usr/local/etc
ln -sfn "$folder" /usr/local/etc/xtables-conntrack-addons
modules=(xt_CTFORGET xt_CTLOG xt_ctstate2 xt_ctfull nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_alg)
release=$(uname -r)
updates=/lib/modules/$release/updates
links=(/usr/local/sbin/ip{,6}tables{,-save,-restore})
trap 'rm -f "${links[@]}"; cleanup' EXIT

# block NAME: runs the commands of doc/install.md
block() {
	readme_block "$1" doc/install.md >"$work/block"
	[ -s "$work/block" ] || die "no block $1 in doc/install.md"
	bash -e "$work/block" || die "the block $1 of doc/install.md fails"
}

# set_base: as netfilter-persistent does at boot, in a new namespace
set_base() {
	setup_ns ns
	run_in "$ns" iptables-restore </etc/iptables/rules.v4 || die "iptables-restore of the base"
	run_in "$ns" ip6tables-restore </etc/iptables/rules.v6 || die "ip6tables-restore of the base"
	base=$(ruleset)
}

# ruleset: all rules of the namespace, without counters
ruleset() {
	run_in "$ns" iptables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//'
}

# rules WORD: what the program says, and its exit status
rules() {
	run_in "$ns" "$program" "$1" 2>&1
	echo "status $?"
}

# gone: no namespace, and no module
gone() {
	ip netns del "$ns"
	wait_for 20 modprobe -r "${modules[@]}" || die "the modules do not go"
}

# reached: by a neighbour, of what the base accepts, and of that alone, with IPv4 and IPv6
reached() {
	local neighbour address port

	setup_ns neighbour
	connect "$ns" eth0 "10.9.0.1/24 fd00:99::1/64" "$neighbour" eth0 "10.9.0.2/24 fd00:99::2/64"
	for port in 22 80; do
		start ip netns exec "$ns" /usr/bin/python3 -c "import socket, time
s = socket.create_server(('::', $port), family=socket.AF_INET6, dualstack_ipv6=True)
time.sleep(600)"
		wait_for 60 eval "run_in '$ns' ss -Hltn | grep -q ':$port '" || die "no server"
	done
	for address in 10.9.0.1 fd00:99::1; do
		wait_for 60 run_in "$neighbour" ping -q -c 1 -W 2 "$address" >/dev/null
		ok $? "$kind: the base: $address answers"
		run_in "$neighbour" timeout 20 bash -c "exec 9<>/dev/tcp/$address/22"
		ok $? "$kind: the base: port 22 of $address is reached"
		run_in "$neighbour" timeout 3 bash -c "exec 9<>/dev/tcp/$address/80"
		is $? 124 "$kind: the base: port 80 of $address is not"
	done
	ip netns del "$neighbour"
}

# with KIND: with iptables-KIND
with() {
	local kind=$1 link command whole output

	# where the program looks first
	for link in "${links[@]}"; do
		command=${link##*/}
		ln -sf "$(type -P "${command/tables/tables-$kind}")" "$link"
	done
	hash -r
	block base
	block rules

	set_base
	is "$(rules start)" "status 0" "$kind: with the modules, the rules are set"
	whole=$(ruleset)
	is "$(grep -cE -e '^-A ct-(prerouting|input|forward) ' <<<"$whole")" 6 "$kind: all of them"
	is "$(grep -vE -e '^-A ct-' <<<"$whole")" "$base" "$kind: and the base is as it was"
	is "$(rules reload); $(ruleset)" "status 0; $whole" "$kind: once more: nothing is twice"

	# A reload with what cannot be
	echo '*filter
:ct-forward - [0:0]
-A ct-forward -m ctstate2 --state NONSENSE -j ACCEPT
COMMIT' >"$folder/rules.v4"
	output=$(rules reload)
	like "$output" "$folder/rules.v4 is NOT in force.*status 1" "$kind: a wrong rule: it fails"
	is "$(ruleset)" "$whole" "$kind: a wrong rule: those that were there before stay"
	block rules

	gone
	mount -t tmpfs none "$updates"
	set_base
	output=$(rules start)
	like "$output" "status 1$" "$kind: without the modules: it fails"
	like "$output" "$folder/rules.v4 is NOT in force. The firewall is as it was before" \
		"$kind: it says that it did"
	like "$output" "Linux ${release//+/[+]} has no module .*linux-headers-${release//+/[+]}\).*dkms auto" \
		"$kind: and why, and what to do"
	is "$(ruleset)" "$base" "$kind: the base is in force"
	like "$(ruleset)" ":FORWARD DROP" "$kind: and closed"
	reached

	# What the documentation says happens else
	cat /etc/iptables/rules.v4 "$folder/rules.v4" >"$work/all"
	sed -i -e '/^COMMIT$/d' -e '/^\*/d' "$work/all"
	(echo '*filter'; grep -E '^:(INPUT|FORWARD|OUTPUT|ct-(input|forward)) ' /etc/iptables/rules.v4
		grep -hE '^-A (INPUT|FORWARD|ct-input|ct-forward) ' "$work/all"; echo COMMIT) >"$work/one"
	ip netns del "$ns"
	setup_ns ns
	run_in "$ns" iptables-restore <"$work/one" 2>/dev/null
	is "$((! $?)) $(ruleset | grep -cE '^-A|DROP')" "0 0" "$kind: all in one file: it is open"
	umount "$updates"
	gone
}

ns=
with nft
with legacy

# By netfilter-persistent, which saves what needs the modules into the base
block base
block rules
set_base
is "$(rules start)" "status 0" "the rules are set"
is "$(rules save)" "status 0" "save: nothing is said of a base that needs no module"
run_in "$ns" iptables-save >/etc/iptables/rules.v4
like "$(rules save)" "/etc/iptables/rules.v4 has rules that need a module.*status 1" \
	"save: it says that the base needs the modules now"
is "$(rules stop)$(rules flush)" "status 0status 0" "stop, flush: nothing to do"
is "$(rules nonsense)" "usage: rules start|save|stop|flush
status 2" "another word is refused"

# nft
rm "$folder/rules.v4"
block nft
gone
setup_ns ns
is "$(rules start)$(rules start)" "status 0status 0" "rules.nft: it can be set again and again"
like "$(run_in "$ns" nft list ruleset)" 'type "ftp2" protocol tcp' "rules.nft: the helper is there"
gone
mount -t tmpfs none "$updates"
setup_ns ns
run_in "$ns" nft add table inet filter
like "$(rules start)" "$folder/rules.nft is NOT in force.*status 1" "rules.nft: without the modules it fails"
is "$(run_in "$ns" nft list ruleset | grep -c '^table')" 1 "rules.nft: what was there stays"
umount "$updates"
finish
