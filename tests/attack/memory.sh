#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Each allocation below this project's modules fails in turn, while rules are loaded, packets
# pass, are refused and are helped, lists are made, and connections come by ctnetlink: the same
# call is made again and again until none of its allocations is left to fail.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

[ "$(id -u)" = 0 ] || die "not root"
failslab=/sys/kernel/debug/failslab
if [ ! -e $failslab/require-start ]; then
	skip "this kernel has no failslab that knows who allocates" "allocations fail in turn"
	finish
fi
die_at_once
load_for_all || die "modules"
modprobe -a xt_ctfull xt_ctstate2 nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink ||
	die "modules"
sysctl -qw net.netfilter.nf_conntrack_buckets=1024
make_lab
make_neighbours
table_max 100
for program in iptables-legacy ip6tables-nft; do
	run_in "$lab" "$program-restore" <<-END || die "$program does not take the rules"
		*raw
		-A PREROUTING -p tcp -m multiport --ports 21 -j CT --helper ftp2
		-A PREROUTING -p tcp -m multiport --ports 554 -j CT --helper rtsp2
		-A PREROUTING -p icmp -j CTFULL --reserve 30% --log-rate 0
		-A PREROUTING -j CTFULL --reserve 5 --nflog-group 9
		COMMIT
		*mangle
		-A PREROUTING -m ctstate2 --state INVALID -j CTLOG --nflog-group 9
		COMMIT
		*nat
		-A POSTROUTING -o server -j MASQUERADE
		COMMIT
	END
done
# Somebody is to be told of what is refused.
start ip netns exec "$lab" ctfull monitor >/dev/null

echo 0 >$failslab/verbose
echo N >$failslab/ignore-gfp-wait
echo N >$failslab/cache-filter
echo 32 >$failslab/stacktrace-depth
# What kmemleak allocates for itself it has a reserve for: with that failed, the call succeeds,
# and the next allocation of the same call would never be the one that fails.
read -r start end < <(sort /proc/kallsyms |
	awk '$3 == "kmemleak_alloc" { print at = $1; next } at { print $1; exit }' | xargs)
printf '0x%s' "$start" >$failslab/reject-start
printf '0x%s' "$end" >$failslab/reject-end
part=$((share / 10))
[ "$part" -gt 0 ] || part=1

# fail_in MODULE: from now on, what is allocated below it
fail_in() {
	local size address

	read -r size address < <(awk -v m="$1" '$1 == m { print $2, $6 }' /proc/modules)
	[ -n "$address" ] || die "no $1"
	printf '0x%x\n' "$address" >$failslab/require-start
	printf '0x%x\n' $((address + size)) >$failslab/require-end
}

# fails MODULE PROGRAM PARTS AT_LEAST: with a program that has its calls fail, for so long
fails() {
	fail_in "$1"
	share=$((part * $3)) attack "$2" fail
	attacked "$2"
	[ "${accepted[failed]-0}" -ge "$4" ]
	ok $? "$1: ${accepted[failed]-0} allocations of attack-$2 have failed"
}

fails xt_ctfull genl 1 20
fails xt_ctfull packets 2 20
at_least 100 accepted sent received answered get
at_least 1 accepted list sources
# In a full table, hardly a dialogue comes so far that the helpers need memory.
table_max 10000
fails nf_conntrack_alg packets 3 1
at_least 100 accepted sent received answered
table_max 100
note "$(run_in "$lab" grep -v ' 0$' /proc/net/nf_conntrack_alg | tr '\n' ';')"
# In timers, work and soft interrupts, too, if only now and then
fail_in xt_ctfull
echo N >$failslab/task-filter
echo -1 >$failslab/times
echo 10 >$failslab/probability
share=$part attack packets
attacked packets
echo 0 >$failslab/probability
at_least 100 accepted sent received answered
neighbours_well "afterwards"

setup_ns other
lab=$other
fails xt_ctfull rules 4 20
at_least 1 refused {ctfull_match,ctfull_target,ctlog}_{legacy,nft}
fails xt_ctstate2 rules 1 1
finish
