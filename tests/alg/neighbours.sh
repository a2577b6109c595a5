#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One host, or one namespace, that opens as many control connections as it can and keeps them
# busy: its neighbours are helped all the same. connections=8 stands for the 16384.
#
#   client ------------ router ------------ server
#   10.0.1.2, a neighbour                   10.0.2.2
#   10.0.1.3, another one
#   10.0.1.4, the attacker
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink || die "no helper"
connections=/sys/module/nf_conntrack_alg/parameters/connections
expect_max=/proc/sys/net/netfilter/nf_conntrack_expect_max
before=$(<"$connections") expect_max_before=$(<"$expect_max")
trap 'echo "$before" >"$connections"; echo "$expect_max_before" >"$expect_max"; cleanup' EXIT
echo 8 >"$connections"

# neighbours WHAT: ends.py's a and b, which are of two hosts, are helped
neighbours() {
	ends "a.port(); b.pasv(); a.ask('NOOP', '200 ok')"
	result_is "a.data(), b.data()" "('yes', 'yes')" "$1: two neighbours are helped"
}

# attack NAT: by a host beside them, in each way that may keep a state
attack() {
	alg_rules ftp2 "$1"
	ends "a = Control('$ftp4'); b = Control('$ftp4', client='10.0.1.3')"
	ends "evil = [Control('$ftp4', client='10.0.1.4') for _ in range(40)]"
	neighbours "NAT $1: 40 connections"
	ends "for e in evil: e.port()"
	neighbours "NAT $1: 40 that have announced something"
	ends "for e in evil: e.ask('NOOP', '200 ok')"
	neighbours "NAT $1: 40 that go on"
	ends "for e in evil: e.client.sendall(b'NOOP')"
	# between a command and its answer, too
	ends "port = a.wait_at('server', '10.0.2.2', 0); a.active = False; a.say('PASV')"
	ends "new = [Control('$ftp4', client='10.0.1.4') for _ in range(40)]"
	ends "a.seen = a.answer('227 it is (%s)' % six('10.0.2.2', port)); a.to = numbers(a.seen)"
	result_is "a.data()" yes "NAT $1: 40 more amid half lines: what waits for an answer gets it"
	ends "for e in evil: e.client.sendall(b'\r\n'); line_of(e.server); e.answer('200 ok')"
	ends "for e in new: e.reset(wait=False)"
	ends "for e in evil: e.client.sendall(b'PORT 10,')"
	neighbours "NAT $1: 40 that begin a line"
	ends "many = [Control('$ftp4', client='10.0.1.4', greet=False) for _ in range(40)]"
	ends "for e in many: e.answer('220-and so on'); e.client.sendall(b'PORT 10,')"
	neighbours "NAT $1: 40 more that have not logged in"
	# an eighth and 16 more, for a moment
	[ "$(followed)" -le 25 ]
	ok $? "NAT $1: no more states than that"
	ends "for e in [*evil, *many, a, b]: e.reset(wait=False)"
	# A RST that does not have the very number leaves an entry 10 s.
	wait_for 20 none_followed
	ok $? "NAT $1: all of them are given back"
}

# expect NAT: a host has all expectations that there may be, 40 of them, and asks for more
expect() {
	alg_rules rtsp2 "$1" legacy 554
	forget "$router"
	echo 40 >"$expect_max"
	ends "a = Rtsp('$ftp4'); b = Rtsp('$ftp4', client='10.0.1.3'); \
		evil = [Rtsp('$ftp4', client='10.0.1.4') for _ in range(20)]"
	ends "for e in evil + evil: e.setup(False)"
	is "$(expected "$router" | wc -l)" 40 "NAT $1: one host has all expectations"
	ends "a.setup(); b.setup()"
	result_is "a.data(), b.data()" "('yes', 'yes')" "NAT $1: two neighbours get theirs"
	ends "for e in evil: e.setup(False)"
	ends "a.setup(); b.setup()"
	result_is "a.data(), a.data(nth=0), b.data(), b.data(nth=0)" \
		"('yes', 'yes', 'yes', 'yes')" "NAT $1: and keep them, when it asks for more"
	ends "for e in evil[:10]: e.setup(False)"
	like "$(run_in "$router" cat /proc/net/nf_conntrack_alg)" 'rtsp2 too_many_expected [1-9]' \
		"NAT $1: what was closed or refused for it was counted"
	result_is "{e.alive() for e in [*evil, a, b]}" "{'yes'}" "NAT $1: all connections go on"
	ends "for e in [*evil, a, b]: e.reset(wait=False)"
	wait_for 20 none_followed
	ok $? "NAT $1: all of them are given back"
	forget "$router"
	ends "e = Rtsp('$ftp4', client='10.0.1.4'); e.setup(False)"
	ends "for _ in range(20): e.setup(False); e.teardown()"
	ends "a = Rtsp('$ftp4'); a.setup()"
	result_is "a.data(), e.data(nth=0)" "('yes', 'yes')" \
		"NAT $1: what a host has given back counts no more, while it has something open"
	ends "for e in [a, e]: e.reset(wait=False)"
	echo "$expect_max_before" >"$expect_max"
}

# beside WHAT: while the states of $router are all in use, those of another router are there
beside() {
	local busy=$router taken

	ends "evil = [Control() for _ in range(20)]"
	taken=$(followed)
	is "$taken" 8 "$1: one namespace has all that it can have"
	topology_router
	alg_rules ftp2 none
	configure "$client" "addr add 10.0.1.3/24 dev eth0"
	ends "namespaces.update(client='$client', router='$router', server='$server'); \
		before = dict(listeners); listeners.clear()"
	ends "a = Control(); b = Control(client='10.0.1.3'); all = [a, b] + [Control() for _ in range(6)]"
	is "$(followed)" 16 "$1: another one has as many"
	neighbours "$1"
	ends "for e in [*all, *evil]: e.reset(wait=False)"
	wait_for 10 none_followed
	ok $? "$1: all of them are given back"
	router=$busy
}

# apart PID: has the process a network namespace of its own?
# shellcheck disable=SC2317 # for wait_for
apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# user_router: topology_router, with a router that belongs to a user namespace, as it does of
# a container that an ordinary user has started
user_router() {
	local link user

	unshare --user --net sleep 1000 &
	user=$!
	background+=("$user")
	wait_for 60 apart "$user" || die "no user namespace"
	router=user-$$-${#namespaces[@]}
	namespaces+=("$router")
	ip netns attach "$router" "$user" || die "ip netns attach"
	setup_ns client server
	forwarding "$router"
	configure "$router" "link set lo up"
	for link in "$client eth0 10.0.1.2/24 eth1 10.0.1.1/24 10.0.1.1" \
		    "$server eth0 10.0.2.2/24 eth2 10.0.2.1/24 10.0.2.1"; do
		# shellcheck disable=SC2086 # words
		set -- $link
		connect "$1" "$2" "$3" "$router" "$4" "$5"
		configure "$1" "route add default via $6"
	done
	alg_rules ftp2 none
}

# The namespaces of users, who can make thousands of them, have as many together.
user_namespaces() {
	user_router
	ends "namespaces.update(client='$client', router='$router', server='$server'); listeners.clear()"
	ends "evil = [Control() for _ in range(20)]"
	is "$(followed)" 8 "a user's namespace has all that it can have"
	user_router
	configure "$client" "addr add 10.0.1.3/24 dev eth0"
	ends "namespaces.update(client='$client', router='$router', server='$server'); listeners.clear()"
	ends "a = Control(); b = Control(client='10.0.1.3')"
	neighbours "in another user's namespace"
	is "$(followed)" 8 "together, users' namespaces have no more than that"
	topology_router
	alg_rules ftp2 none
	configure "$client" "addr add 10.0.1.3/24 dev eth0"
	ends "namespaces.update(client='$client', router='$router', server='$server'); listeners.clear()"
	ends "c = Control(); d = Control(client='10.0.1.3'); all = [Control() for _ in range(6)]"
	is "$(followed)" 16 "the machine's own have theirs beside them"
	ends "for e in [*all, *evil, a, b, c, d]: e.reset(wait=False)"
	wait_for 10 none_followed
	ok $? "users: all of them are given back"
}

topology_router
configure "$client" "addr add 10.0.1.3/24 dev eth0" "addr add 10.0.1.4/24 dev eth0"
# shellcheck disable=SC2119 # no other namespaces
start_ends
attack none
attack both
echo "$before" >"$connections"
expect none
expect both
echo 8 >"$connections"
alg_rules ftp2 none
beside "two namespaces"
user_namespaces
finish
