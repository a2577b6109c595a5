#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Why a packet is INVALID: for many kinds of broken packets (see invalid.py), the
# rule of its reason counts it and no other does, before and after routing, and
# what the kernel itself logs about the packet says the same.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

reasons="NOT_TRACKED FRAGMENT TRUNCATED CHECKSUM TCP_FLAGS TCP_WINDOW TCP_STATE TCP_NEW
	TCP_RST ICMP_TYPE ICMP_UNRELATED ICMP_MISMATCH SCTP OTHER"

modprobe -a nf_log_syslog 2>/dev/null
modprobe -a nf_conntrack_ftp nf_nat_ftp || die "no FTP helper"
sysctl -qw net.netfilter.nf_log_all_netns=1 || die "the kernel logs nothing of a namespace"
topology_router

# rule CHAIN NAME MATCH...: the name is what packets.py finds it by
rule() {
	local chain=$1 name=$2

	shift 2
	echo "-A $chain $* -m comment --comment ctstate2:$chain:$name"
}

rules() {
	local chain reason

	echo "*mangle"
	for chain in PREROUTING FORWARD; do
		for reason in $reasons; do
			rule $chain "$reason" -m ctstate2 --invalid-reason "$reason"
			rule $chain "in-zone-$reason" -m ctstate2 --invalid-reason "$reason" --in-zone 7
		done
		rule $chain INVALID -m ctstate2 --state INVALID
		# INVALID, for another reason than this one, which is none
		rule $chain not-NONE -m ctstate2 ! --invalid-reason NOT_TRACKED
	done
	echo "-A FORWARD -m ctstate2 --direction REPLY --status SEQ_ADJUST -m comment --comment adjusted"
	echo COMMIT
	echo "*raw"
	echo "-A PREROUTING -m ctstate2 --invalid-reason NOT_TRACKED -m comment --comment not-tracked"
	echo "-A PREROUTING -m ctstate2 --state INVALID -m comment --comment invalid"
	echo COMMIT
}

# All four, whichever kernel: a packet is sent once for all of them
for iptables in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
	rules | run_in "$router" "$iptables-restore" || die "$iptables does not take the rules"
	# a connection of its own, for which addresses are translated
	run_in "$router" "$iptables" -w -t nat -A POSTROUTING -p tcp --dport 4444 -j SNAT \
		--to-source "$(by_family "$iptables" 10.0.2.1 fd00:2::1)" ||
		die "$iptables has no NAT"
	run_in "$router" "$iptables" -w -t nat -A PREROUTING -i eth1 -p tcp --dport 9 \
		-d "$(by_family "$iptables" 10.0.1.1 fd00:1::1)" -j DNAT \
		--to-destination "$(by_family "$iptables" 10.0.2.9 fd00:2::9)" ||
		die "$iptables has no NAT"
	# one with nobody, through FTP's helper; no ports, which drop what has none
	nobody=$(by_family "$iptables" 10.0.2.8 fd00:2::8)
	run_in "$router" "$iptables" -w -t raw -A PREROUTING -p tcp -d "$nobody" \
		-j CT --helper ftp || die "$iptables gives no helper"
	run_in "$router" "$iptables" -w -t nat -A POSTROUTING -p tcp -d "$nobody" -j SNAT \
		--to-source "$(by_family "$iptables" 1.2.3.4 fd::1)" || die "$iptables has no NAT"
	# all that zed sends and gets is in another zone
	for match in -s -d; do
		run_in "$router" "$iptables" -w -t raw -A PREROUTING $match \
			"$(by_family "$iptables" 10.0.1.7 fd00:1::7)" -j CT --zone 7 ||
			die "$iptables gives no zone"
	done
done
set_sysctl "$router" net.netfilter.nf_conntrack_log_invalid=255

while IFS= read -r line; do
	case $line in
	"ok "*) ok 0 "${line#ok }" ;;
	"not ok "*) ok 1 "${line#not ok }" ;;
	"skip "*)
		line=${line#skip }
		skip "${line#*: }" "${line%%: *}"
		;;
	*) echo "$line" ;;
	esac
done < <(PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$tests/ctstate2/invalid.py" \
	client="$client" router="$router" server="$server" 2>&1 || echo "not ok invalid.py")
like "$tap_count" '^[1-9][0-9][0-9]$' "all kinds were tried"

# totals IPTABLES: what all of its rules have counted
totals() {
	run_in "$router" "$1-save" -c -t mangle |
		sed -n 's/^\[\([0-9]*\):.*ctstate2:\([A-Z]*:[A-Za-z_-]*\).*/\2 \1/p' | sort
}

for family in iptables ip6tables; do
	is "$(totals $family-nft)" "$(totals $family-legacy)" "$family-nft counted the same"
	like "$(totals $family-nft)" "PREROUTING:TCP_WINDOW [1-9]" "$family-nft counted something"
	is "$(packets "$router" $family-nft mangle adjusted)" 1 \
		"$family-nft: sequence numbers were adjusted"
	raw=$(counted "$router" $family-nft raw)
	like "$raw" '^not-tracked=([1-9][0-9]*) invalid=[1-9][0-9]*$' \
		"$family-nft: in raw, before the tracker, packets are INVALID"
	is "${raw#*invalid=}" "${BASH_REMATCH[1]-}" "$family-nft: all of them, NOT_TRACKED"
done
finish
