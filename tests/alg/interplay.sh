#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helper among other parts of the tracker: matches, conntrack(8), zones, other helpers,
# parameters, and what happens when it, or all around it, goes.
#
#   client ------------- router of alg_rules ------------ server
#   10.0.1.2             the helper, NAT or none           10.0.2.2
#   10.0.1.3, another one                                  10.0.2.3, another one
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_netlink || die "no nf_conntrack_ftp2"
parameters=/sys/module/nf_conntrack_ftp2/parameters
kind=legacy
[[ $iptables_variants = *iptables-nft\ * ]] && kind=nft
iptables=iptables-$kind
topology_router
ip -n "$client" addr add 10.0.1.3/24 dev eth0
ip -n "$server" addr add 10.0.2.3/24 dev eth0
# shellcheck disable=SC2119 # no other namespaces
start_ends

# holes [FAMILY]: where connections are expected, and by whom
holes() {
	expected "$router" -f "${1-ipv4}" | sed 's/^[0-9]* //'
}

# shellcheck disable=SC2317 # for wait_for
no_holes() {
	[ -z "$(holes)" ]
}

# helped NEW: is this control connection?
helped() {
	ends "h = $1; h.port(); result = h.data(); h.close()"
	[ "$result" = yes ]
}

# raw: the rules of the raw table are those of standard input
raw() {
	{
		echo '*raw'
		cat
		echo COMMIT
	} | run_in "$router" "$iptables-restore" || die "$iptables-restore"
}

# --- -m helper ---

matches() {
	alg_rules ftp2 snat "$kind"
	modprobe xt_helper
	watch_rules "$router" "$iptables" mangle \
		"data=FORWARD -p tcp ! --sport 21 ! --dport 21 -m helper --helper ftp2" \
		"others=FORWARD -p tcp -m helper --helper ftp" \
		"control=FORWARD -p tcp -m multiport --ports 21 -m helper --helper ftp2"
	ends "c = Control(); c.port(); result = c.data(); c.pasv(); result += c.data()"
	is "$result" yesyes "-m helper: data connections come"
	ends "c.close()"
	# As the kernel has it: what a helper expected is what it matches.
	like "$(counted "$router" "$iptables" mangle)" "^data=[0-9]+$" \
		"-m helper --helper ftp2: data connections, and these only"
	echo '*mangle
COMMIT' | run_in "$router" "$iptables-restore"
}

# --- The hole ---

# lifetime NAT FAMILY NEW
lifetime() {
	local family=$2 new=$3 what="NAT: $1, $2"

	alg_rules ftp2 "$1" "$kind"
	ends "c = $new; c.port(); result = '%s %d' % (c.to[0], c.to[1])"
	is "$(holes "$family")" "$result ftp2" "$what: PORT or EPRT: the hole is listed"
	like "$(expected "$router" -f "$family")" "^(2[0-9]|30) " "$what: for 30 s at most"
	ends "result = c.data()"
	is "$result/$(holes "$family")" yes/ "$what: a connection came: it is gone"

	ends "c.pasv(); result = c.to[1]"
	like "$(holes "$family")" "^[^ ]+ $result ftp2$" "$what: PASV or EPSV: so it is"
	ends "result = c.data()"
	is "$result/$(holes "$family")" yes/ "$what: a connection came: it is gone"

	ends "c.port(); c.pasv(); result = c.to[1]"
	like "$(holes "$family")" "^[^ ]+ $result ftp2$" "$what: it is gone after the next PASV"
	ends "c.port(); result = '%s %d' % (c.to[0], c.to[1])"
	is "$(holes "$family")" "$result ftp2" "$what: and after the next PORT"

	ends "c.close()"
	is "$(holes "$family")" "" "$what: and after the FINs of the control connection"
	ends "c = $new; c.pasv(); result = c.to[1]"
	like "$(holes "$family")" "^[^ ]+ $result ftp2$" "$what: another one"
	ends "c.reset()"
	is "$(holes "$family")" "" "$what: is gone after a RST"
}

set_timeout() {
	echo "$1" >"$parameters/timeout"
}

timeouts() {
	local value

	for value in 0 3601 4000 -1 4294967296 much; do
		set_timeout "$value" 2>/dev/null
		is "$?/$(<"$parameters/timeout")" 1/30 "timeout=$value is refused"
	done
	for value in 1 3600 2; do
		set_timeout "$value"
		is "$?/$(<"$parameters/timeout")" "0/$value" "timeout=$value is not"
	done
	ends "c = Control(); c.port()"
	like "$(holes)" ftp2 "timeout=2: a hole"
	wait_for 20 no_holes
	ok $? "timeout=2: it is gone after that"
	result_is "c.data()" no "timeout=2: and nothing comes in"
	ends "c.port(); result = c.data()"
	is "$result" yes "timeout=2: but by the next one"
	ends "c.close()"
	set_timeout 30
}

# --- Others ---

zones() {
	alg_rules ftp2 snat "$kind"
	raw <<-END
		-A PREROUTING -p tcp --dport 21 -j CT --zone 5 --helper ftp2
		-A PREROUTING -j CT --zone 5
	END
	forget "$router"
	ends "c = Control(); c.port(); result = '%s %d' % (c.to[0], c.to[1])"
	is "$(holes)" "$result ftp2" "zones: a hole"
	result_is "c.data()" yes "zones: PORT: a connection comes in"
	ends "c.pasv()"
	result_is "c.data()" yes "zones: PASV: so it does"
	is "$(run_in "$router" conntrack -L -p tcp 2>/dev/null | grep -c zone=5)" 3 \
		"zones: all of them are in the zone"
	# The control connection's zone alone
	raw <<-END
		-A PREROUTING -p tcp -m multiport --ports 21 -j CT --zone 5 --helper ftp2
	END
	ends "c.pasv()"
	result_is "c.data()" no "zones: it is of use in that zone only"
	ends "c.close()"
}

other_helpers() {
	modprobe -a nf_conntrack_ftp2 nf_conntrack_ftp nf_nat_ftp || die "no helpers"
	alg_rules ftp2 both "$kind" 21,2100,2121
	raw <<-END
		-A PREROUTING -p tcp -m multiport --dports 21,2121 -j CT --helper ftp2
		-A PREROUTING -p tcp --dport 2100 -j CT --helper ftp
	END
	ends "a = Control('$ftp4', port=21); b = Control('$ftp4', port=2100); \
		c = Control('$ftp4', port=2121); a.port(); b.port(); c.port()"
	is "$(holes | sed 's/.* //' | sort | xargs)" "ftp ftp2 ftp2" "ports 21, 2100, 2121: holes of each helper's"
	result_is "a.data(), b.data(), c.data()" "('yes', 'yes', 'yes')" "PORT: connections come in by all"
	ends "a.pasv(); b.pasv(); c.pasv()"
	result_is "a.data(), b.data(), c.data()" "('yes', 'yes', 'yes')" "PASV: and so they do"
	ends "a.close(); b.close(); c.close()"
	forget "$router"
	raw <<-END
		-A PREROUTING -p tcp --dport 21 -j CT --helper ftp2
	END
	# Some kernels take the rules' references back a little later.
	wait_for 60 modprobe -r nf_nat_ftp nf_conntrack_ftp
	ok $? "the kernel's helper can go"
	# Some kernels make the extensions of connections that are not confirmed void then, so
	# also those of the templates that rules have: with the helper, and with the reference
	# to its module, which stays for good.
	if grep -qw nf_ct_ext_bump_genid /proc/kallsyms; then
		skip "this kernel's rules forget their helper when the module of another goes" \
			"and the other one still helps"
		return
	fi
	helped "Control('$ftp4')"
	ok $? "and the other one still helps"
}

third_party() {
	alg_rules ftp2 none "$kind"
	is "$(<"$parameters/loose")" N "loose is not set"
	for value in 0 1; do
		echo "$value" >"$parameters/loose"
		ends "c = Control(); c.port(address='10.0.1.3'); c.client_address = '10.0.1.3'; \
			result = c.data()"
		is "$result" "$([ "$value" = 1 ] && echo yes || echo no)" \
			"loose=$value: PORT with another's address"
		ends "c.close(); c = Control(); c.pasv(address='10.0.2.3'); result = c.data()"
		is "$result" "$([ "$value" = 1 ] && echo yes || echo no)" \
			"loose=$value: 227 with another's address"
		ends "c.pasv(); result = c.data(); c.close()"
		is "$result" yes "loose=$value: the same connection, with its own address"
	done
	echo 0 >"$parameters/loose"
}

# Two clients that announce the same port of the address that both have outside
collision() {
	alg_rules ftp2 snat "$kind"
	run_in "$router" "$iptables" -w -t nat -R POSTROUTING 1 -o eth2 -j MASQUERADE
	ends "a = Control(client='10.0.1.2'); b = Control(client='10.0.1.3'); \
		a.port(5000); b.port(5000); result = a.to[0], b.to[0], a.to[1]"
	is "$result" "('10.0.2.1', '10.0.2.1', 5000)" "MASQUERADE: two clients announce a port"
	result_is "b.to[1] not in (0, 5000)" True "the second gets another one"
	result_is "b.data(), a.data()" "('yes', 'yes')" "each gets its own connection"
	ends "a.close(); b.close()"
}

# --- What goes ---

# gone PORT: has the table no entry of a control connection any more?
# shellcheck disable=SC2317 # for wait_for
gone() {
	! run_in "$router" conntrack -L -p tcp --orig-port-src "$1" 2>/dev/null | grep -q .
}

# half_a_port NEW: the control connection c, and $sport; the router holds half a line of it,
# which the client will not send again
half_a_port() {
	ends "c = $1; c.client.sendall(b'PORT 10,'); result = c.client.getsockname()[1]"
	sport=$result
	wait_for 60 acknowledged "$sport"
	ok $? "$2: half a line is held, and was acknowledged"
}

# acknowledged PORT: has the client's socket nothing to send again?
# shellcheck disable=SC2317 # for wait_for
acknowledged() {
	[ "$(run_in "$client" ss -Htn "sport = :$1" | awk '{ print $3 }')" = 0 ]
}

# Nobody tells of the end of a connection, nor of its helper's.
unassigned() {
	alg_rules ftp2 snat "$kind"
	forget "$router"
	ends "c = Control(); c.port()"
	like "$(holes)" ftp2 "ctnetlink: a hole"
	is "$(followed)" 1 "ctnetlink: and a state"
	ends "result = unassign(c)"
	if [ "$result" = "Operation not supported" ]; then
		skip "this kernel's ctnetlink takes no helper away" "ctnetlink: its helper is taken away"
		ends "c.close()"
		return
	fi
	is "$result" "done" "ctnetlink: its helper is taken away"
	is "$(holes)" "" "ctnetlink: so is its hole"
	result_is "c.alive()" yes "ctnetlink: it goes on"
	ends "c.port(); result = c.data()"
	is "$result" no "ctnetlink: without a helper"
	wait_for 8 none_followed
	ok $? "ctnetlink: its state is given back"
	result_is "c.alive()" yes "ctnetlink: and it still goes on"
	ends "c.close()"
	half_a_port "Control()" "ctnetlink: in a line"
	result_is "unassign(c)" "done" "ctnetlink: in a line: the helper is taken away"
	wait_for 8 gone "$sport"
	ok $? "ctnetlink: in a line: the connection, which cannot go on, is ended"
	wait_for 8 none_followed
	ok $? "ctnetlink: in a line: its state is given back"
	ends "c.reset()"
}

# counts NUMBER: so many entries are counted
# shellcheck disable=SC2317 # for wait_for
counts() {
	[ "$(entry_count "$router")" = "$1" ]
}

# What the table deletes is given back, and is not counted longer than without a helper.
deleted() {
	local before states gone=1

	alg_rules ftp2 both "$kind"
	# A busy machine may stand still for a second, but not each time.
	for _ in {1..3}; do
		forget "$router"
		ends "c = Control('$ftp4'); c.port(); d = Control('$ftp4'); d.pasv()"
		before=$(entry_count "$router")
		states=$(followed)
		run_in "$router" conntrack -D -p tcp --orig-port-dst 21 >/dev/null 2>&1
		# The tracker frees what it counts when the last packet of it has gone.
		wait_for 1 counts $((before - 2)) && gone=0 && break
		wait_for 60 none_followed
		ends "c.reset(); d.reset()"
	done
	is "$states" 2 "conntrack -D: two states"
	ok $gone "conntrack -D: their entries are gone at once"
	is "$(holes)" "" "conntrack -D: so are their holes"
	wait_for 8 none_followed
	ok $? "conntrack -D: their states are given back"
	ends "c.reset(); d.reset()"
}

unload() {
	alg_rules ftp2 snat "$kind"
	rmmod nf_conntrack_ftp2 2>"$work/log"
	is "$?" 1 "rmmod is refused: a rule names the helper"
	ends "old = Control(); old.port(); old.ask('NOOP', '200 x')"
	like "$(holes)" ftp2 "a hole"
	run_in "$router" "iptables-$kind" -w -t raw -F
	run_in "$router" "ip6tables-$kind" -w -t raw -F
	# Some kernels take the rules' references back a little later.
	wait_for 60 rmmod nf_conntrack_ftp2
	ok $? "rmmod without such a rule, with a live connection and an open hole"
	is "$(holes)" "" "the hole is gone"
	result_is "old.alive()" yes "the connection goes on"
	rmmod nf_conntrack_alg
	ok $? "nothing else needs the core"
	ends "old.port(); result = old.data()"
	is "$result" no "what it announces is nothing to anybody"
	for value in timeout=0 timeout=4000 loose=perhaps; do
		modprobe nf_conntrack_ftp2 "$value" 2>"$work/log"
		is "$?" 1 "modprobe $value is refused"
	done
	modprobe nf_conntrack_ftp2 timeout=7
	is "$?/$(<"$parameters/timeout")" 0/7 "modprobe timeout=7 is not"
	alg_rules ftp2 snat "$kind"
	ends "c = Control(); c.port()"
	like "$(expected "$router")" "^[67] .* ftp2$" "a new connection is helped"
	result_is "old.alive()" yes "the old one goes on"
	ends "c.close(); old.close()"
}

# dumps: dumps of both tables, one after the other, as long as there is the file dumping
# shellcheck disable=SC2317 # for start
dumps() {
	while [ -e "$work/dumping" ]; do
		conntrack -L
		conntrack -L expect
	done >/dev/null 2>&1
}

# queued NUMBER: so many packets wait in NFQUEUE, or more
# shellcheck disable=SC2317 # for wait_for
queued() {
	[ "$(run_in "$router" awk '$1 == 5 { print $3 }' /proc/net/netfilter/nfnetlink_queue)" -ge "$1" ]
}

# The module goes amid all that may hold something of it: packets in NFQUEUE, dumps of
# both tables, expectations that nobody came for, half a line.
unload_amid() {
	local queue

	alg_rules ftp2 snat "$kind"
	forget "$router"
	half_a_port "Control()" "amid: a line"
	ends "many = [Control() for _ in range(20)]"
	ends "for m in many: m.pasv()"
	is "$(holes | wc -l) $(followed)" "20 21" "amid: 20 connections with holes"
	# nobody takes them out of the queue: they stay in it until the rule goes
	run_in "$router" "$iptables" -w -t mangle -A FORWARD -p tcp --dport 21 -j NFQUEUE --queue-num 5
	start ip netns exec "$router" /usr/bin/python3 "$tests/alg/hold_packets.py" 5
	queue=$started
	wait_for 60 queued 0 || die "no queue"
	ends "for m in many: m.client.sendall(b'PORT 10,0,1,2,20,0\r\n')"
	: >"$work/dumping"
	for _ in 1 2; do
		start run_in "$router" bash -c "$(declare -f dumps); work=$work; dumps"
	done
	wait_for 60 queued 20
	ok $? "amid: packets wait in NFQUEUE"
	run_in "$router" "iptables-$kind" -w -t raw -F
	run_in "$router" "ip6tables-$kind" -w -t raw -F
	wait_for 60 rmmod nf_conntrack_ftp2
	ok $? "amid: rmmod"
	is "$(holes)" "" "amid: no hole is left"
	gone "$sport"
	ok $? "amid: the connection whose line was held is ended"
	rmmod nf_conntrack_alg
	ok $? "amid: rmmod of the core"
	rm "$work/dumping"
	run_in "$router" "$iptables" -w -t mangle -F
	kill "$queue"
	result_is "{line_of(m.server) for m in many}" "{'PORT 10,0,1,2,20,0'}" \
		"amid: what waited comes, and is as it was"
	ends "c.reset(); [m.reset() for m in many]"
	modprobe nf_conntrack_ftp2
	ok $? "amid: and it comes back"
}

gone_namespace() {
	alg_rules ftp2 both "$kind"
	ends "c = Control('$ftp4'); c.port(); d = Control('$ftp4'); d.pasv()"
	is "$(holes | wc -l) $(followed)" "2 2" "holes and states of two connections"
	ip netns del "$router"
	wait_for 20 none_followed
	ok $? "their namespace is gone, and what they had is given back"
	topology_router
	alg_rules ftp2 both "$kind"
	ends "namespaces.update(client='$client', router='$router', server='$server'); listeners.clear()"
	wait_for 60 helped "Control('$ftp4')"
	ok $? "in another one, there is help"
	run_in "$router" "iptables-$kind" -w -t raw -F
	run_in "$router" "ip6tables-$kind" -w -t raw -F
	wait_for 60 rmmod nf_conntrack_ftp2 && rmmod nf_conntrack_alg
	ok $? "rmmod"
}

matches
lifetime both ipv4 "Control('192.0.2.1')"
lifetime none ipv6 "Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2')"
timeouts
zones
third_party
collision
unassigned
deleted
unload
unload_amid
gone_namespace
# Last, see there: the module may stay in use
other_helpers
finish
