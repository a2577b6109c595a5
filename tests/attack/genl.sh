#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Requests of the generic netlink family ctfull that no program of this project would make,
# lists that are left half-read, listeners that do not read, while the table is full of refused
# packets; and all of it while the module comes and goes.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

[ "$(id -u)" = 0 ] || die "not root"
die_at_once
modprobe -a tun xt_ctfull nf_conntrack_netlink || die "modules"
make_lab
make_neighbours
table_max 30

# rules ADD|DELETE: packets are refused, and are not
rules() {
	local program

	for program in iptables-legacy ip6tables-nft; do
		run_in "$lab" $program -w -t raw "$1" PREROUTING -j CTFULL --log-rate 0
	done
}

rules -A || die "no CTFULL"
# On a busy machine, the module goes only after some tries.
share=$((share * 2))
start run_in "$lab" nice -n 5 "$helpers/attack-packets" "$share" "$ATTACK_SEED" >"$work/packets"
packets=$started
attack genl
# Half of the time the family stays, half of it goes as often as it can.
sleep $((share / 2))
neighbours_well "meanwhile"
rounds=0
while kill -0 "$attacker" 2>/dev/null; do
	rules -D
	# a list that goes on keeps it
	if wait_for 3 modprobe -r xt_ctfull; then
		rounds=$((rounds + 1))
		sleep 1	# for requests to what is not there
	fi
	modprobe xt_ctfull
	rules -A
	sleep 0.2	# and to what is
done
attacked genl
attacked packets "$packets"
neighbours_well "afterwards"
at_least 20 accepted get list sources answers listeners half_read resolved
at_least 10 accepted events
at_least 10 refused unknown broken_genl
at_least 1 refused resolved
[ "$rounds" -ge 1 ]
ok $? "the module has gone and come, $rounds times"
run_in "$lab" "$helpers/attack-packets" 1 "$ATTACK_SEED" >/dev/null
[ "$(json "$lab" "d['refused']" status)" -gt 0 ]
ok $? "and it still counts"
finish
