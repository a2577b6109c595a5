#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helper in act_ct, of tc(8): a router without a rule of iptables or nft, that tracks,
# translates, helps and filters where packets come in.
#
#    client                       router                       server
#    10.0.1.2 ------------- eth1          eth2 ------------- 10.0.2.2
#              ct; new: commit, SNAT,      ct, NAT back; lets in
#              helper ftp2                 what is RELATED
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_netlink || die "no nf_conntrack_ftp2"
modprobe -a act_ct cls_flower sch_ingress || die "no act_ct"
topology_router
# shellcheck disable=SC2119 # no other namespaces
start_ends
outside=192.168.200.201

# filter DEVICE CHAIN STATE ACTION...: what becomes of TCP packets in this state
filter() {
	run_in "$router" tc filter add dev "$1" ingress protocol ip chain "$2" prio 1 flower \
		ip_proto tcp ct_state "$3" action "${@:4}" || die "tc does not take: $*"
}

configure "$server" "route add $outside via 10.0.2.1"
is "$(run_in "$router" /usr/bin/python3 "$tests/alg/act_ct.py" 7 ftp2 $outside)" "done" \
	"an action with NAT and the helper ftp2"
is "$(run_in "$router" /usr/bin/python3 "$tests/alg/act_ct.py" 8)" "done" \
	"an action for what is expected"
for device in eth1 eth2; do
	run_in "$router" tc qdisc add dev $device clsact || die "no clsact"
	filter $device 0 -trk ct nat goto chain 1
	filter $device 1 +trk+est ct nat pass
	filter $device 1 +trk+rel ct index 8
done
filter eth1 1 +trk+new-rel ct index 7
filter eth2 1 +trk+new-rel ct drop

ends "c = Control(); c.port(); result = c.to[0]"
is "$result" "$outside" "PORT: written anew"
like "$(expected "$router")" " $outside [0-9]+ ftp2$" "PORT: expected"
result_is "c.data()" yes "PORT: a data connection comes"
ends "c.pasv()"
result_is "c.data()" yes "PASV: a data connection comes"
ends "d = Control(); d.waiting = new_listener('client', '10.0.1.2', 5000); d.active = True; d.to = '$outside', 5000"
result_is "d.data()" no "what was not announced does not"
result_is "c.alive(), d.alive()" "('yes', 'yes')" "the control connections go on"
ends "c.close(); d.close()"
wait_for 8 none_followed
ok $? "no state is left"
finish
