#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: config.sh
# Runs on this machine: the debug kernel has every option of netfilter, and of what else
# tracks or classifies connections, that Debian's kernel has, by the names of options. (What
# netfilter-options adds, it finds by Kconfig's files.) There are no exceptions: what users'
# kernels have, somebody may use against them.
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh" || exit
no_arguments "$@"

# The beginnings of their names. NF_: the tracker, its protocols, NAT, nftables, flowtables
names='NETFILTER(_|$)|NF_|NFT_|IP_NF_|IP6_NF_|IP_SET(_|$)|IP_VS(_|$)|BRIDGE_(NF_|EBT_|NETFILTER$)'
names+='|NET_ACT_CT|NET_ACT_CONNMARK$|NET_ACT_NAT$|OPENVSWITCH'

# options CONFIG: those of these names that are y or m
options() {
	sed -n 's/^CONFIG_\([A-Z0-9_]*\)=[ym]$/\1/p' "$1" | grep -E "^($names)" | LC_ALL=C sort
}

# those of PREEMPT_RT end with -rt-amd64
headers=$(compgen -G "/usr/src/linux-headers-6.12.*[!t]-$(dpkg --print-architecture)" |
	sort -V | tail -n 1)
[ -n "$headers" ] || die "no headers of Linux 6.12 (tests/vm/prepare debian-6.12 installs them)"
"$tests/vm/prepare" uml || die "there is no debug kernel"
debug=$(<"$tests/../build/uml/kbuild.dir")
options "$headers/.config" >"$work/debian"
options "$debug/.config" >"$work/uml"
note "${headers##*/}: $(wc -l <"$work/debian") options; ${debug%/*}: $(wc -l <"$work/uml")"
[ "$(wc -l <"$work/debian")" -gt 250 ]
ok $? "the options of Debian's kernel are found"
is "$(LC_ALL=C comm -23 "$work/debian" "$work/uml")" "" "the debug kernel has all of them"
finish
