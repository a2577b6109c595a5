#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Why nothing was opened can be found out: each reason that two ends can bring about counts in
# /proc/net/nf_conntrack_alg of their namespace and of no other, and stands in the kernel's log,
# at a rate of its own; dynamic debug shows the dialogue, and no password.
#
#   client ------------- router of alg_rules ------------ server
#   10.0.1.2             the helper, NAT or none           10.0.2.2
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_netlink || die "no nf_conntrack_ftp2"
parameters=/sys/module/nf_conntrack_ftp2/parameters
core=/sys/module/nf_conntrack_alg/parameters
proc=/proc/net/nf_conntrack_alg
debug=/proc/dynamic_debug/control
log_helpers
# As many of our own lines as we like
sysctl -qw kernel.printk_devkmsg=on
topology_router
setup_ns other
# So that one segment can have thousands of lines
for ns in "$client eth0" "$router eth1" "$router eth2" "$server eth0"; do
	ip -n "${ns% *}" link set "${ns#* }" mtu 30000
done
# shellcheck disable=SC2119 # no other namespaces
start_ends

# read_counts: the counters of $router, in count[NAME]; in $counted those that have grown since the
# last call, as "NAME=NUMBER ..."
declare -A count=()
read_counts() {
	local helper name number found=()

	netns "$router" || die "no $router"
	while read -r helper name number; do
		[ "$helper" = ftp2 ] || continue
		[ "${count[$name]-0}" = "$number" ] || found+=("$name=$((number - ${count[$name]-0}))")
		count[$name]=$number
	done <$proc
	netns
	counted=${found[*]-}
}

# counts WANTED WHAT: a test of what has grown
counts() {
	read_counts
	is "$counted" "$1" "$2"
}

# mark: counts and logged are about what comes
mark() {
	read_counts
	echo "why.sh: $((++marks))" >/dev/kmsg
}
marks=0

# logged: what the log says of ftp2 since the last mark
logged() {
	dmesg | sed -n "/why.sh: $marks\$/,\$ s/.*nf_conntrack_alg: ftp2: //p"
}

# refused NAME WHAT PYTHON: counts NAME once, and nothing else; and if the log has anything, which
# has a limit, it is the connection and NAME
refused() {
	said "not opened" "$@"
}

# alone NAME WHAT PYTHON: so, for a connection that is left alone
alone() {
	said "left alone" "$@"
}

# said FATE NAME WHAT PYTHON
said() {
	local ip='([0-9.]+|\[[0-9a-f:]+\])' line

	mark
	ends "$4"
	counts "$2=1" "$2: $3"
	line=$(logged)
	[ -n "$line" ] || return
	in_log=$((in_log + 1))
	like "$line" "^$1: $ip:[0-9]+ to $ip:21: $2\$" "$2: $3: so says the log"
}
in_log=0

# --- Nothing is opened ---

# texts VERSION NEW TEXT...: what client and server say of the addresses of one family. A TEXT is
# "NAME LINE": LINE is refused for this reason.
texts() {
	local version=$1 new=$2 text

	ends "c = $new"
	for text in "${@:3}"; do
		refused "${text%% *}" "$version: ${text#* }" "c.ask('${text#* }', '200 ok')"
	done
	ends "c.close()"
}

# replies VERSION NEW COMMAND TEXT...: so, for what the server answers COMMAND
replies() {
	local version=$1 new=$2 command=$3 text

	ends "c = $new"
	for text in "${@:4}"; do
		refused "${text%% *}" "$version: $command: ${text#* }" \
			"c.ask('$command', '${text#* }')"
	done
	ends "c.close()"
}

addresses() {
	alg_rules ftp2 none
	texts IPv4 "Control()" \
		"third_party PORT 10,0,1,3,20,0" \
		"low_port PORT 10,0,1,2,3,255" \
		"other_family EPRT |2|fd00:1::2|5120|" \
		"unreadable PORT 10,0,1,2,20" \
		"unreadable EPRT |3|10.0.1.2|5120|" \
		"unreadable PORT 10,0,1,2,20,0$(printf '%600s' '')"
	replies IPv4 "Control()" PASV \
		"third_party 227 (10,0,2,3,20,0)" \
		"low_port 227 (10,0,2,2,3,255)" \
		"unreadable 227 (10,0,2,2,20,0) or (10,0,2,2,20,1)" \
		"unreadable 227 Entering Passive Mode" \
		"not_asked 229 (|||5120|)"
	replies IPv4 "Control()" EPSV \
		"low_port 229 (|||1023|)" \
		"unreadable 229 |||5120|"
	replies IPv4 "Control()" NOOP "not_asked 227 (10,0,2,2,20,0)"
	texts IPv6 "Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2')" \
		"third_party EPRT |2|fd00:1::3|5120|" \
		"low_port EPRT |2|fd00:1::2|1023|" \
		"other_family PORT 10,0,1,2,20,0" \
		"other_family EPRT |1|10.0.1.2|5120|" \
		"unreadable EPRT |2|fd00:1:2|5120|"
	replies IPv6 "Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2')" EPSV \
		"low_port 229 (|||1023|)" "unreadable 229 (|5120|)"
	replies IPv6 "Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2')" PASV \
		"other_family 227 (10,0,2,2,20,0)"

	alg_rules ftp2 snat
	texts IPv4 "Control()" "outer_address PORT 192,168,200,201,20,0" \
		"outer_address EPRT |1|192.168.200.201|5120|"
	texts IPv6 "Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2')" \
		"outer_address EPRT |2|fd00:ffff:ffff::1234:5678|5120|"
}

dialogues() {
	alg_rules ftp2 none
	ends "c = Control(greet=False); c.answer('220 a')"
	refused no_login "PORT" "c.ask('PORT 10,0,1,2,20,0', '200 ok')"
	refused no_login "227" "c.ask('PASV', '227 (10,0,2,2,20,0)')"
	ends "c.ask('USER a', '230 in')"
	echo 0 >$parameters/active
	refused active_off "PORT" "c.ask('PORT 10,0,1,2,20,0', '200 ok')"
	refused active_off "EPRT" "c.ask('EPRT |1|10.0.1.2|5120|', '200 ok')"
	echo 1 >$parameters/active
	mark
	ends "c.port(); result = c.data(); c.pasv(); result += c.data()"
	is "$result" yesyes "what is opened"
	counts opened=2 "counts"
	ends "c.say('RETR a'); c.say('PORT 10,0,1,2,20,0')"
	refused too_early "a third PORT before a transfer is over" "c.say('PORT 10,0,1,2,20,1')"
	mark
	ends "c.answer('150 go'); c.answer('226 done')"
	counts opened=1 "the second PORT opens at its turn"
	ends "c.answer('200 ok'); c.answer('200 ok'); c.ask('EPSV ALL', '200 ok')"
	refused epsv_all "PORT" "c.ask('PORT 10,0,1,2,20,0', '200 ok')"
	refused epsv_all "227" "c.ask('PASV', '227 (10,0,2,2,20,0)')"
	ends "c.close()"
}

# What the tracker has no room for
room() {
	local max=/proc/sys/net/netfilter/nf_conntrack_expect_max value

	alg_rules ftp2 none
	ends "c = Control(); d = Control(); d.port(5000)"
	refused no_port "two connections announce one port" "c.ask('PORT 10,0,1,2,19,136', '200 ok')"
	ends "d.close()"
	value=$(<$max)
	ends "d = Control(); d.port()"
	echo 1 >$max
	refused too_many_expected "nf_conntrack_expect_max" "c.ask('PORT 10,0,1,2,20,0', '200 ok')"
	refused too_many_expected "nf_conntrack_expect_max" "c.ask('PASV', '227 (10,0,2,2,20,0)')"
	echo "$value" >$max
	mark
	ends "c.port(); result = c.data(); c.close(); d.close()"
	is "$result" yes "with room, it"
	counts opened=1 "is opened"
}

# --- A connection is left alone ---

others() {
	local connections

	alg_rules ftp2 none
	alone client_first "USER" "c = Control(greet=False); c.say('USER a')"
	alone no_greeting "HTTP" "c = Control(greet=False); c.answer('HTTP/1.1 400 Bad')"
	alone not_ftp "DELETE" "c = Control(greet=False); c.answer('220 a'); c.say('DELETE / HTTP/1.1')"
	alone unknown_command "HELO" "c = Control(greet=False); c.answer('220 a'); c.say('HELO a')"
	alone http "GET" "c = Control(greet=False); c.answer('220 a'); c.say('GET / HTTP/1.1')"
	refused encrypted "AUTH TLS" "c = Control(); c.ask('AUTH TLS', '234 go')"
	alone encrypted "and no TLS" "c.say('NOOP')"
	alone encrypted "AUTH SSL" "c = Control(); c.ask('AUTH SSL', '334 go')"
	alone encrypted "IPv6" "c = Control('fd00:2::2', 'fd00:1::2', 'fd00:2::2'); c.ask('AUTH SSL', '334 go')"
	mark
	ends "c.ask('PORT 10,0,1,2,20,0', '200 ok')"
	counts "" "what comes then counts no more"
	alone too_many_lines "20000 in a segment" "c = Control(); c.client.sendall(b'\n' * 20000); \
		[c.server.recv(65536) for _ in range(1)]; time.sleep(0.5)"

	connections=$(<$core/connections)
	echo 0 >$core/connections
	alone too_many_connections "connections=0" "c = Control()"
	echo "$connections" >$core/connections

	ends "c = Control()"
	forget "$router"
	alone no_handshake "taken up in its middle" "c.ask('NOOP', '200 ok')"

	ends "c = Control(); segment_ahead(c, 100, b'NOOP\r\n')"
	sleep 2.7
	ends "segment_ahead(c, 100, b'NOOP\r\n')"
	sleep 2.7
	alone segments_missing "for five seconds" "segment_ahead(c, 100, b'NOOP\r\n'); time.sleep(0.5)"
}

mptcp() {
	if ! run_in "$client" test -e /proc/sys/net/mptcp/enabled; then
		skip "this kernel has no MPTCP" "mptcp"
		return
	fi
	alg_rules ftp2 none
	ends "listeners.pop(('10.0.2.2', 21)).close()"
	alone mptcp "both ends speak it" "c = Control(protocol=MPTCP)"
	ends "listeners.pop(('10.0.2.2', 21)).close()"
}

# The helper is set behind NAT; some kernels see to it that it can write all the same.
behind_nat() {
	alg_rules ftp2 dnat native
	run_in "$router" nft -f - <<-END || die "nft"
		delete chain inet alg raw
		table inet alg {
			chain late {
				type filter hook prerouting priority filter
				tcp dport 21 ct helper set "announced"
			}
		}
	END
	mark
	ends "c = Control('192.0.2.1'); c.pasv(); result = c.data()"
	read_counts
	if [ "$counted" = opened=1 ]; then
		is "$result" yes "nat_before_helper: this kernel takes it"
	else
		is "$counted" nat_before_helper=1 "nat_before_helper: DNAT"
		like "$(logged)" "left alone: .*: nat_before_helper" \
			"nat_before_helper: so says the log"
	fi
	ends "c.close()"
}

# --- Who sees what ---

namespaces_apart() {
	local ns bad

	# shellcheck disable=SC2154 # set by setup_ns
	for ns in "" "$other" "$client" "$server"; do
		bad=$(run_in "$ns" awk '$1 == "ftp2" { n++ } $3 != 0 || NF != 3 { print }
			END { if (n < 20) print "only", n + 0 }' $proc)
		is "$bad" "" "${ns:-the first namespace}: all is zero"
	done
	is "$(run_in "$router" awk '{ print $2 }' $proc | sort | uniq -d)" "" "no reason is there twice"
	is "$(stat -c '%a %U' $proc)" "440 root" "root may read it"
	setpriv --reuid 1000 --regid 1000 --clear-groups cat $proc >"$work/out" 2>/dev/null
	is "$?/$(<"$work/out")" 1/ "others may not"
	bad=$(setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Ur unshare -n \
		awk '$1 == "ftp2" { n++ } $3 != 0 { print } END { print (n > 20) }' $proc 2>&1)
	is "$bad" 1 "a user who is root of a namespace of his own reads its own: all is zero"
}

# --- The log ---

rates() {
	local many

	alg_rules ftp2 none
	ends "c = Control(); d = Control()"
	# The five seconds are those of the rate, whatever the machine's speed.
	sleep 5.5
	mark
	ends "for _ in range(60): c.ask('PORT 10,0,1,3,20,0', '200 ok')"
	counts third_party=60 "60 refusals count"
	many=$(logged | grep -c third_party)
	[ "$many" -ge 10 ] && [ "$many" -lt 50 ]
	ok $? "the log has some of them: $many"
	ends "d.ask('AUTH SSL', '334 go')"
	is "$(logged | grep -c encrypted)" 1 "and what is left alone, which has a rate of its own"
	sleep 5.5
	mark
	ends "c.ask('PORT 10,0,1,3,20,0', '200 ok')"
	like "$(logged)" "^not opened: 10.0.1.2:[0-9]+ to 10.0.2.2:21: third_party\$" \
		"later, it has all again"
	sysctl -qw net.netfilter.nf_log_all_netns=0
	mark
	ends "c.ask('PORT 10,0,1,3,20,0', '200 ok'); c.ask('AUTH SSL', '334 go')"
	counts "encrypted=1 third_party=1" "without nf_log_all_netns, this namespace counts"
	is "$(logged)" "" "and logs nothing"
	log_helpers
	ends "c.reset(); d.reset()"
}

dialogue_shown() {
	local shown

	if [ ! -e $debug ]; then
		skip "this kernel has no dynamic debug" "dynamic debug"
		return
	fi
	alg_rules ftp2 none
	mark
	echo 'module nf_conntrack_alg +p' >$debug || die "dynamic debug"
	ends "c = Control(greet=False); c.answer('220 a\x1b[31mred'); c.ask('USER a', '331 password'); \
		c.ask('PASS topsecret', '332 account'); c.ask('ACCT topsecret', '230 in'); \
		c.port(5000); c.ask('PORT 10,0,1,3,20,0', '500 no'); c.ask('pass topsecret', '500 no'); \
		c.say(' PASS topsecret'); c.close()"
	echo 'module nf_conntrack_alg -p' >$debug
	shown=$(logged | sed -n 's/^10\.0\.1\.2:[0-9]* to 10\.0\.2\.2:21: //p')
	like "$shown" 'client "PORT 10,0,1,2,19,136", open port 5000, rewrite' "dynamic debug: what is opened"
	like "$shown" 'client "PORT 10,0,1,3,20,0", close, not opened: third_party' "dynamic debug: and what is not"
	like "$shown" 'server "331 password"' "dynamic debug: the server's words"
	like "$shown" 'client "PASS"\.\.\.' "dynamic debug: a password is left out"
	is "$(dmesg | grep -c topsecret)" 0 "dynamic debug: no password is anywhere"
	like "$shown" 'server "220 a.*\\(e|x1b|033)\[31mred' "dynamic debug: nothing reaches a terminal as it is"
	mark
	ends "c = Control(); c.port(); c.close()"
	is "$(logged)" "" "dynamic debug: switched off again"
}

# --- What goes ---

goes() {
	local opened

	alg_rules ftp2 none
	ends "c = Control(); c.port()"
	read_counts
	opened=${count[opened]}
	forget "$router"
	run_in "$router" iptables-legacy -w -t raw -F
	run_in "$router" ip6tables-legacy -w -t raw -F
	# Some kernels take the rules' references back a little later.
	wait_for 60 rmmod nf_conntrack_ftp2
	ok $? "rmmod nf_conntrack_ftp2"
	is "$(run_in "$router" cat $proc)" "" "nothing is said of it any more"
	modprobe nf_conntrack_ftp2
	count=()
	read_counts
	is "${count[opened]}" "$opened" "when it comes back, it counts on"
	wait_for 60 rmmod nf_conntrack_ftp2 && rmmod nf_conntrack_alg
	ok $? "rmmod nf_conntrack_alg"
	! run_in "$router" test -e $proc && [ ! -e $proc ]
	ok $? "the file has gone"
	modprobe nf_conntrack_ftp2
	read_counts
	is "${count[opened]}" 0 "and begins anew"
	modprobe -r nf_conntrack_ftp2
}

namespaces_apart
addresses
dialogues
room
others
mptcp
behind_nat
namespaces_apart
[ "$in_log" -gt 20 ]
ok $? "the log had a line for most of them: $in_log"
rates
dialogue_shown
goes
finish
