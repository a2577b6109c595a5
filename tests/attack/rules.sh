#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An ordinary user sets rules with this project's matches and targets that no plugin would
# make, in all tables of both families and by nftables in four, while packets of all kinds go
# through what the kernel has taken.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

ordinary_user "$@"
make_lab
make_bridge
make_neighbours
# Without it, each rule would be the first one that wants the tracker.
run_in "$lab" nft -f - <<'END' || die "nft"
table inet hold {
	chain hold { type filter hook prerouting priority 0; ct state invalid counter; }
}
END
start run_in "$lab" nice -n 5 "$helpers/attack-packets" "$share" "$ATTACK_SEED" >"$work/packets"
packets=$started
attack rules
sleep $((share / 2))	# amid the attack
neighbours_well "meanwhile"
attacked rules
attacked packets "$packets"
neighbours_well "afterwards"
at_least 10 accepted {ctstate2,ctfull_match,ctfull_target,ctlog}_{legacy,nft}
at_least 30 refused {ctstate2,ctfull_match,ctfull_target,ctlog}_{legacy,nft}
at_least 1 accepted listed
at_least 100 accepted sent received
is "${accepted[leaked]}" 0 "no byte of the kernel's part of a rule comes back"
ip netns del "$lab"
finish
