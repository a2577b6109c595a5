#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How many rules a network namespace may have, which go through a mutex of all namespaces:
# so many and not one more, IPv4 and IPv6 together; the log says why; and there is room
# again when they are gone, in others meanwhile.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull || die "no xt_ctfull"
setup_ns here there

# rules N RULE [FIRST]: a raw table with N rules; each has another number at its end
rules() {
	echo "*raw"
	seq "${3-1}" $((${3-1} + $1 - 1)) | sed "s/^/-A PREROUTING $2 /"
	echo COMMIT
}

# restore NS IPTABLES: a table from rules; what the kernel's log has about it is in $log
restore() {
	local status

	dmesg -C
	run_in "$1" "$2-restore" -w 2>/dev/null
	status=$?
	log=$(dmesg)
	return $status
}

for iptables in $iptables_variants; do
	for rule in "-j CTFULL --reserve" "-m ctfull --above"; do
		rules 4096 "$rule" >"$work/rules"
		restore "$here" "$iptables" <"$work/rules"
		ok $? "$iptables $rule: 4096 rules"
		rules 4097 "$rule" >"$work/rules"
		restore "$there" "$iptables" <"$work/rules"
		is $(($? > 0)) 1 "$iptables $rule: no more"
		like "$log" "xt_ctfull: rule refused: no more than 4096 " "$iptables $rule: the log says so"
		rules 1 "$rule" >"$work/rules"
		restore "$there" "$iptables" <"$work/rules"
		ok $? "$iptables $rule: there is room in another namespace"
		rules 1 "$rule" 5000 >"$work/rules"
		other=$(by_family "$iptables" ip6tables-legacy iptables-legacy)
		restore "$here" "$other" <"$work/rules"
		is $(($? > 0)) 1 "$iptables $rule: the other family has no room of its own"
		run_in "$here" "$iptables" -w -t raw -F
		run_in "$there" "$iptables" -w -t raw -F
	done
done
finish
