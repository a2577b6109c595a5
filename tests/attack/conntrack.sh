#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An ordinary user makes, changes and deletes connections and expectations with this project's
# helper by ctnetlink, at random, while packets of the same connections come by, and lists and
# listeners are left half-read.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

ordinary_user "$@"
make_lab
make_neighbours
for program in iptables-legacy ip6tables-nft; do
	run_in "$lab" "$program-restore" <<-EOF || die "$program does not take the rules"
		*raw
		-A PREROUTING -i zone -j CT --zone 7
		-A PREROUTING -p tcp -m multiport --ports 21 -j CT --helper ftp2
		-A PREROUTING -p tcp -m multiport --ports 554 -j CT --helper rtsp2
		-A PREROUTING -j CTFULL --reserve 10% --log-rate 0
		COMMIT
		*nat
		-A POSTROUTING -o server -j MASQUERADE
		COMMIT
		*mangle
		-A PREROUTING -m ctstate2 --state INVALID -m comment --comment invalid
		-A PREROUTING -m ctstate2 --all-status SEQ_ADJUST,HELPER -m comment --comment adjusted
		-A PREROUTING -m ctstate2 --offloadable
		-A PREROUTING -m ctstate2 --expires 5:500 --tcp-state ESTABLISHED -m comment --comment established
		-A PREROUTING -m ctstate2 --state RELATED -m comment --comment related
		-A PREROUTING -j CTLOG --nflog-group 9
		COMMIT
	EOF
done
start run_in "$lab" nice -n 5 "$helpers/attack-packets" "$share" "$ATTACK_SEED" >"$work/packets"
packets=$started
attack conntrack
sleep $((share / 2))	# amid the attack
neighbours_well "meanwhile"
attacked conntrack
attacked packets "$packets"
neighbours_well "afterwards"

# A busy machine sends 6,720 messages: of each of these, three times as many or more.
at_least 30 accepted new update delete get expect helped master nat seqadj labels zoned broken
at_least 5 accepted flush expect_delete expect_get
# Newer kernels take no helper away, and refuse it.
# shellcheck disable=SC2034 # for at_least
declare -A tried=([unhelped]=$((accepted[unhelped] + refused[unhelped])))
at_least 10 tried unhelped
at_least 5 accepted dump expect_dump
at_least 100 refused new update expect broken
at_least 10 accepted protocol_{1,6,17,33,47,50,58,132,136,253}
at_least 1000 accepted sent received answered
declare -A count=()
for program in iptables-legacy ip6tables-nft; do
	for name in invalid adjusted established related; do
		count[$name]=$((${count[$name]-0} + $(packets "$lab" $program mangle $name)))
	done
done
at_least 1 count invalid adjusted established related
finish
