#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helper's module goes again and again, while ctnetlink makes connections and expectations
# with the helper, and has the module loaded again. Nothing that is left may name it.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

[ "$(id -u)" = 0 ] || die "not root"
die_at_once
modprobe -a nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink || die "modules"
sysctl -qw net.netfilter.nf_conntrack_buckets=1024
setup_ns lab

# Masters that are off the table, and still somebody's master
for helper in ftp2 rtsp2; do
	for family in 4 6; do
		is "$(run_in "$lab" "$tests/attack/master.py" $helper $family leave 2>&1)" 9 \
			"$helper, IPv$family: connections whose masters are gone"
	done
	wait_for 60 modprobe -r nf_conntrack_$helper
	ok $? "$helper: the module goes"
	forget "$lab"
	is "$(entry_count "$lab")" 0 "$helper: and then the connections"
done

share=$((share / 2 + 1))
attack conntrack
rounds=0
while kill -0 "$attacker" 2>/dev/null; do
	modprobe -r nf_conntrack_ftp2 nf_conntrack_rtsp2 2>/dev/null && rounds=$((rounds + 1))
	for family in ipv4 ipv6; do
		run_in "$lab" conntrack -L expect -f $family >/dev/null 2>&1
	done
done
attacked conntrack
[ $rounds -ge 3 ]
ok $? "the module has gone, $rounds times"
at_least 10 accepted new helped expect
ip netns del "$lab"
modules_go
finish
