#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Direct return, as with LVS-DR: one router sees only what the client sends, the other
# only what the server answers (topology_two_routers). With the README's ruleset on
# either of them a connection fails, its packets are INVALID for the reasons that the
# README names, and the README's recipe makes it work without letting others through.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

# firewall NS: the README's ruleset, behind counters
firewall() {
	local iptables

	for iptables in iptables-nft ip6tables-nft; do
		watch_rules "$1" "$iptables" mangle \
			"TCP_NEW=PREROUTING -m ctstate2 --invalid-reason TCP_NEW" \
			"TCP_STATE=PREROUTING -m ctstate2 --invalid-reason TCP_STATE" \
			"other=PREROUTING -m ctstate2 ! --invalid-reason TCP_NEW,TCP_STATE"
	done
	run_readme "$1" ruleset || die "the README's ruleset fails"
}

# seen NS: what the counters of this version have counted
seen() {
	counted "$1" "$(by_version iptables-nft ip6tables-nft)" mangle
}

# by_version FOR_IPV4 FOR_IPV6
by_version() {
	if [ "$version" = 4 ]; then echo "$1"; else echo "$2"; fi
}

# open_all NS TABLE...: no firewall
open_all() {
	local iptables table ns=$1

	shift
	for iptables in iptables-nft ip6tables-nft; do
		run_in "$ns" "$iptables" -P FORWARD ACCEPT
		for table; do
			run_in "$ns" "$iptables" -t "$table" -F
		done
	done
}

# start_from_80 SECONDS: what the client's echo says to the server, from its port 80
start_from_80() {
	local answer

	answer=$(echo hello | run_in "$server" timeout $(($1 + 1)) socat -t "$1" - \
		"TCP$version:$(by_version 10.0.1.2 "[fd00:1::2]"):90,connect-timeout=$1,bind=$address:80,reuseaddr")
	echo "${answer:-nothing}"
} 2>"$work/start_from_80"

# talk PORT SECONDS: what the server's echo says to "hello", or "nothing" within a time
talk() {
	local answer

	answer=$(echo hello | run_in "$client" timeout $(($2 + 1)) socat -t "$2" - \
		"TCP$version:$address:$1,connect-timeout=$2" 2>/dev/null)
	echo "${answer:-nothing}"
}

# settled: what failed is over. A server whose SYN/ACK did not arrive sends it again, and
# later the client, which has given up, answers with a RST that no router knows.
settled() {
	[ -z "$(run_in "$server" ss -Hnt state syn-recv)" ]
}

topology_two_routers
set_sysctl "$server" net.ipv4.tcp_synack_retries=0
for port in 81 80; do
	# not run_in, which would be what is killed
	start ip netns exec "$server" socat "TCP6-LISTEN:$port,fork,reuseaddr,ipv6only=0" EXEC:cat
done
echo_80=$started
wait_for 60 listening "$server" tcp 80 || die "no server"
wait_for 60 listening "$server" tcp 81 || die "no server"

addresses=([4]=10.0.2.2 [6]="[fd00:2::2]")

# Where the answers come by first, then where the questions do
for reason in TCP_NEW TCP_STATE; do
	[ $reason = TCP_NEW ] && router=$router2 || router=$router1
	for version in 4 6; do
		address=${addresses[version]}
		is "$(talk 80 9)" hello "IPv$version: without rules, the two can talk"
	done
	firewall "$router"
	for version in 4 6; do
		address=${addresses[version]}
		is "$(talk 80 2)" nothing "IPv$version: not with rules on one router"
		like " $(seen "$router")" " $reason=[1-9]" \
			"IPv$version: where there are INVALID packets: $reason"
	done
	run_readme "$router" direct-return || die "the README's direct-return fails"
	wait_for 60 settled || die "the server still waits for ACKs"
	zero "$router" iptables-nft mangle
	zero "$router" ip6tables-nft mangle
	for version in 4 6; do
		address=${addresses[version]}
		is "$(talk 80 9)" hello "IPv$version: with the recipe, they can"
		is "$(seen "$router")" "" "IPv$version: and nothing is INVALID"
		is "$(talk 81 2)" nothing "IPv$version: but not on another port"
	done
	[ $reason = TCP_STATE ] || open_all "$router" filter raw mangle
done

# From the server's port 80, connections cannot be started: not by a SYN, and not by
# what some stacks take for one; and what is not this service is judged as ever.
kill "$echo_80"
wait "$echo_80"
open_all "$router1" filter raw mangle
for version in 4 6; do
	address=${addresses[version]}
	watch_rules "$router2" "$(by_version iptables-nft ip6tables-nft)" mangle \
		"came=PREROUTING -i eth2 -p tcp --sport 80 --dport 90" \
		"passed=POSTROUTING -p tcp --sport 80 --dport 90"
	open_all "$router2" filter raw
	start ip netns exec "$client" socat "TCP6-LISTEN:90,fork,reuseaddr,ipv6only=0" EXEC:cat
	listener=$started
	wait_for 60 listening "$client" tcp 90 || die "no server on the client"
	is "$(start_from_80 9)" hello "IPv$version: without rules, the server can start one"
	run_readme "$router2" ruleset || die "the README's ruleset fails"
	run_readme "$router2" direct-return || die "the README's direct-return fails"
	zero "$router2" "$(by_version iptables-nft ip6tables-nft)" mangle
	is "$(start_from_80 2)" nothing "IPv$version: with the recipe, it cannot"
	like "$(seen "$router2")" '^came=[1-9][0-9]*$' "IPv$version: its SYN comes, and does not pass"
	kill "$listener"
	wait "$listener"
done
finish
