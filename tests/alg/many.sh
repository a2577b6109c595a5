#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Many control connections, more than there may be, and too little memory: what is not
# helped passes, and all is given back.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink || die "no helper"
connections=/sys/module/nf_conntrack_alg/parameters/connections
failslab=/sys/kernel/debug/failslab
# shellcheck disable=SC2119 # no other namespaces
alg_router ftp2 both
# shellcheck disable=SC2119
start_ends

# nothing_left DESCRIPTION: of all holes and states
nothing_left() {
	is "$(expected "$router")" "" "$1: nothing is open"
	wait_for 10 none_followed
	ok $? "$1: no state is left"
}

# log_lines TEXT: how often the kernel's log has it
log_lines() {
	dmesg | grep -c "$1"
}

thousand() {
	local i

	for i in 1 2 3 4; do
		ends "many = [Control('$ftp4') for _ in range(250)]"
		ends "for c in many: c.pasv()"
		is "$(expected "$router" | wc -l) $(followed)" "250 250" \
			"part $i: 250 connections, each with its hole and state"
		ends "result = {c.alive() for c in many}; [c.close() for c in many]"
		is "$result" "{'yes'}" "part $i: and alive"
	done
	nothing_left "1,000 connections"
	# What the tracker deletes before its end
	ends "many = [Control('$ftp4') for _ in range(50)]"
	ends "for c in many: c.port()"
	forget "$router"
	nothing_left "50 connections that are forgotten"
	ends "many = c = None"
}

# More than there may be states: one that is idle makes room, and goes on later.
bound() {
	echo 8 >"$connections"
	ends "many = [Control('$ftp4') for _ in range(20)]"
	is "$(followed)" 8 "connections=8: of 20, as many have a state"
	result_is "[(c.port(), c.data()) for c in many] == 20 * [(None, 'yes')]" True \
		"connections=8: all of them are helped, one after the other"
	result_is "[(c.pasv(), c.data()) for c in many] == 20 * [(None, 'yes')]" True \
		"connections=8: and again"
	# While what was written anew is on its way, there may be an eighth and 16 more.
	[ "$(followed)" -le 25 ]
	ok $? "connections=8: there are few more states than that"
	result_is "{c.alive() for c in many}" "{'yes'}" "connections=8: all go on"
	ends "for c in many: c.port()"
	result_is "{c.data() for c in many}" "{'yes'}" \
		"connections=8: what is open stays so when the state goes"
	ends "many[0].port()"
	ends "for c in many[1:]: c.ask('NOOP', '200 ok')"
	ends "many[0].pasv()"
	is "$(expected "$router" | wc -l)" 1 "connections=8: and is closed by the next command"
	# What has bytes that its sender does not send again is not taken away, but after a while.
	ends "half = Control('$ftp4'); half.client.sendall(b'PORT 10,')"
	sleep 1	# after which its owner, who has a quarter of all states, may lose it
	ends "for c in many: c.ask('NOOP', '200 ok')"
	ends "half.client.sendall(b'0,1,2,20,0\r\n'); result = line_of(half.server)"
	like "$result" "^PORT 192,168,200,201,20,0\$" "connections=8: half a line is not forgotten"
	ends "half.close(); [c.close() for c in many]"
	echo 16384 >"$connections"
	nothing_left "connections=8"
}

# fail PERCENT: of the allocations of the core, and of all that it calls
fail() {
	local text

	# where its functions are, and no more: what follows may be another module's
	mapfile -t text < <(awk '$2 ~ /^[tT]$/ && $4 == "[nf_conntrack_alg]" { print $1 }' \
		/proc/kallsyms | sort)
	printf '0x%x' $((0x${text[0]})) >"$failslab/require-start"
	printf '0x%x' $((0x${text[-1]} + 256)) >"$failslab/require-end"
	echo 32 >"$failslab/stacktrace-depth"
	echo N >"$failslab/cache-filter"
	echo 1 >"$failslab/verbose"
	echo -1 >"$failslab/times"
	echo "$1" >"$failslab/probability"
}

failures() {
	log_lines "FAULT_INJECTION: forcing a failure"
}

# little CONNECTION PYTHON ADDRESS: with little memory, what PYTHON says on the CONNECTION c.
# If it comes with the inner ADDRESS, $inner counts it, and $open is what is open all the same.
little() {
	fail 25
	ends "c = $1; $2"
	fail 0
	ends "result = '$3' in c.seen"
	if [ "$result" = True ]; then
		inner=$((inner + 1))
		open+=$(expected "$router")
	fi
	ends "got.append(c.data(.1))"
}

no_memory() {
	local before i ns inner=0 open=

	if [ ! -d "$failslab" ]; then
		skip "this kernel has no failslab" "without memory, connections pass"
		return
	fi
	before=$(failures)
	for ns in "$router" "$client"; do
		watch_rules "$ns" iptables-legacy mangle "said=PREROUTING -p tcp --sport 21 -m length --length 60:"
	done
	fail 100
	ends "c = Control('$ftp4'); c.port(); result = c.seen == 'PORT ' + six('10.0.1.2', c.to[1]), c.alive()"
	fail 0
	is "$result" "(True, 'yes')" "no memory at the beginning: as without a helper"
	is "$(counted "$client" iptables-legacy mangle)" \
		"$(counted "$router" iptables-legacy mangle)" \
		"no memory at the beginning: what the server said came, and none of it twice"
	[ "$(failures)" -gt "$before" ]
	ok $? "no memory at the beginning: an allocation failed"
	ends "c.close(); c = Control('$ftp4')"
	before=$(failures)
	fail 100
	ends "c.port(); a = c.to[0], c.data(.3); c.pasv(); result = a, c.to[0], c.data(.3), c.alive()"
	fail 0
	is "$result" "(('10.0.1.2', 'no'), '10.0.2.2', 'no', 'yes')" \
		"no memory later: lines pass as they are"
	[ "$(failures)" -gt "$before" ]
	ok $? "no memory later: allocations failed ($(failures))"
	ends "c.port(); a = c.data(); c.pasv(); result = a, c.data()"
	is "$result" "('yes', 'yes')" "no memory later: the connection is helped again"
	ends "c.close()"

	before=$(failures)
	ends "got = []"
	for i in {1..30}; do
		# Each of them elsewhere; half a line is held in room of its own
		little "Control('$ftp4')" "c.in_pieces = $i % 2; c.port()" 10,0,1,2
		little c "c.in_pieces = False; c.pasv()" 10,0,2,2
		ends "result = c.alive(); c.close()"
		[ "$result" = yes ] || break
	done
	is "$result" yes "little memory: 30 connections went on"
	is "$open" "" "little memory: what was not written anew opened nothing ($inner lines)"
	[ "$inner" -gt 0 ]
	ok $? "little memory: some were not"
	ends "result = [a + b for a, b in zip(got[::2], got[1::2])].count('yesyes')"
	note "little memory: $result connections with all of theirs"
	result_is "set(got) <= {'yes', 'no'}" True "little memory: data connections come, or not"
	[ "$(failures)" -gt "$before" ]
	ok $? "little memory: allocations failed"
	nothing_left "little memory"
}

# A session of RTSP's has four holes for each stream, and a larger state.
thousand_sessions() {
	local i

	for i in 1 2 3 4; do
		ends "many = [Rtsp('$ftp4') for _ in range(250)]"
		ends "for c in many: c.setup()"
		is "$(expected "$router" | wc -l) $(followed)" "1000 250" \
			"RTSP, part $i: 250 sessions, each with its holes and state"
		result_is "[c.data() for c in many[::25]] == ['yes'] * 10" True \
			"RTSP, part $i: media come"
		ends "for c in many: c.play()"
		ends "result = {c.alive() for c in many}; [c.close() for c in many]"
		is "$result" "{'yes'}" "RTSP, part $i: and alive"
	done
	nothing_left "RTSP, 1,000 sessions"
	ends "many = [Rtsp('$ftp4') for _ in range(50)]"
	ends "for c in many: c.setup()"
	forget "$router"
	nothing_left "RTSP, 50 sessions that are forgotten"
	ends "many = c = None"
}

sessions_without_memory() {
	local before i

	if [ ! -d "$failslab" ]; then
		skip "this kernel has no failslab" "RTSP: without memory, connections pass"
		return
	fi
	before=$(failures)
	fail 100
	ends "c = Rtsp('$ftp4'); c.setup(); result = '=10.0.1.2;' in c.seen, c.alive()"
	fail 0
	is "$result" "(True, 'yes')" "RTSP, no memory at the beginning: as without a helper"
	result_is "c.data(.3)" no "RTSP, no memory at the beginning: nothing is open"
	[ "$(failures)" -gt "$before" ]
	ok $? "RTSP, no memory at the beginning: an allocation failed"
	ends "c.close(); c = Rtsp('$ftp4')"
	result_is "c.alive()" yes "RTSP, no memory later: first, there is"
	before=$(failures)
	fail 100
	ends "c.setup(); a = '=10.0.1.2;' in c.seen, c.data(.3); result = a, c.alive()"
	fail 0
	is "$result" "((True, 'no'), 'yes')" "RTSP, no memory later: messages pass as they are"
	[ "$(failures)" -gt "$before" ]
	ok $? "RTSP, no memory later: allocations failed"
	ends "c.setup()"
	result_is "c.data()" yes "RTSP, no memory later: the connection is helped again"
	ends "c.close()"

	before=$(failures)
	ends "got = []"
	for i in {1..30}; do
		ends "c = Rtsp('$ftp4')"
		fail 25
		ends "c.setup(False); seen = [c.seen]; c.setup(False); seen.append(c.seen)"
		fail 0
		ends "got += [('=10.0.1.2;' in seen[i], c.data(.1, i)) for i in (0, 1)]"
		ends "result = c.alive(); c.close()"
		[ "$result" = yes ] || break
	done
	is "$result" yes "RTSP, little memory: 30 connections went on"
	result_is "set(got) <= {(False, 'yes'), (False, 'no'), (True, 'no')}" True \
		"RTSP, little memory: what was not written anew opened nothing"
	ends "result = [got.count((True, 'no')), got.count((False, 'yes'))]"
	note "RTSP, little memory: not written anew, with media: $result"
	[ "$(failures)" -gt "$before" ]
	ok $? "RTSP, little memory: allocations failed"
	nothing_left "RTSP, little memory"
}

# The kernel's own bound depends on the memory, and some kernels count what was taken back
# until they look at it again.
expect_max=/proc/sys/net/netfilter/nf_conntrack_expect_max
expect_max_before=$(<"$expect_max")
echo 4096 >"$expect_max"
thousand
bound
no_memory
alg_rules rtsp2 both legacy 554
thousand_sessions
sessions_without_memory
echo "$expect_max_before" >"$expect_max"
finish
