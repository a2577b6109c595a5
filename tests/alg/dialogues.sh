#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Dialogues of FTP through the helper ftp2, with scripted ends: benign ones, of which each
# data connection has to work, and hostile ones, in which nothing may be opened. The same
# with the kernel's helper ftp, in comments. What is said, and how it is cut into segments,
# is in dialogues.py, which is all of the ends: one process for each helper, as the kernel's
# is often waited for in vain. $NAT, if set, says with which kinds of NAT, and then the
# kernel's helper is left out.
#
#    client ------------ router of alg_router ------------ server
#    10.0.1.2              helper, no NAT, SNAT,          10.0.2.2
#    10.0.1.3, a third     DNAT, both; lets in what       10.0.2.3, another one
#    10.0.1.9, a ghost     it expects and port 21
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

# add_router HELPER NAT: and dialogues.py's argument for it to the array HELPER
ftp2=() ftp=()
add_router() {
	local -n routers=$1

	alg_router "$1" "$2"
	# shellcheck disable=SC2154 # they are set
	routers+=("$1,$2,$client,$router,$server,$ftp4,$ftp6,$client4,$client6")
}

# dialogues ROUTER...: what dialogues.py says of them
dialogues() {
	[ $# = 0 ] || /usr/bin/python3 "$tests/alg/dialogues.py" "$@" 2>>"$work/error" ||
		echo "ftp2 - program failed it ended early"
}

modprobe -a nf_conntrack_ftp2 nf_conntrack_ftp nf_nat_ftp || die "no helper"
modprobe -aq nf_conntrack_netlink sch_netem
# Two kinds on the debug kernel, with the kernel's helper beside ours, and two on another
theirs=
case ${CHECK_ALL:+all-}${VM_KERNEL-} in
all-uml) ours="none snat dnat both" theirs="none both" ;;
uml) ours="snat dnat" theirs="none both" ;;
*) ours="none both" ;;
esac
for nat in ${NAT-$ours}; do
	add_router ftp2 "$nat"
done
for nat in $theirs; do
	[ -n "${NAT-}" ] || add_router ftp "$nat"
done

declare -A good=() count=()
while read -r helper nat kind result name; do
	case $helper in
	'#')
		note "$nat $kind $result $name"
		continue
		;;
	ftp2)
		[ "$result" = ok ]
		ok $? "$nat: $kind: ${name%%: *}"
		;;
	esac
	count[$helper $nat $kind]=$((${count[$helper $nat $kind]-0} + 1))
	# Of the kernel's, one that does not get on has not opened anything, either.
	if [ "$result" = ok ] || [ "$helper $kind $result" = "ftp hostile failed" ]; then
		good[$helper $nat $kind]=$((${good[$helper $nat $kind]-0} + 1))
	fi
	[ "$result" = ok ] || note "$helper, $nat, $kind, $result: $name"
done < <(dialogues ${ftp[@]+"${ftp[@]}"} & dialogues ${ftp2[@]+"${ftp2[@]}"}; wait)
while IFS= read -r line; do
	note "$line"
done <"$work/error"

for helper in ftp2 ftp; do
	for nat in none snat dnat both; do
		[ -n "${count[$helper $nat benign]-}${count[$helper $nat hostile]-}" ] || continue
		note "$( [ "$helper" = ftp ] && echo "kernel " )$helper, NAT $nat:" \
			"benign ${good[$helper $nat benign]-0} of ${count[$helper $nat benign]-0}," \
			"hostile stopped ${good[$helper $nat hostile]-0} of ${count[$helper $nat hostile]-0}"
	done
done
finish
