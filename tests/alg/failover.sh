#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two routers whose tables conntrackd keeps alike: one takes over, and the helper with it.
# The control connection goes on, also where NAT has changed its length before; what was open
# is still open; and the helper goes on from the next line.
#
#            10.0.1.1 router1 10.0.2.1
#           /            |             \
#   client               | conntrackd    server
#  10.0.1.2 \            |             / 10.0.2.2
#            10.0.3.1 router2 10.0.4.1
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_netlink || die "no helper"
takeover=/sys/module/nf_conntrack_ftp2/parameters/takeover
rtsp_takeover=/sys/module/nf_conntrack_rtsp2/parameters/takeover

# synced NUMBER: starts conntrackd on router NUMBER
synced() {
	local router=router$1

	cat >"$work/sync$1" <<-END
		Sync {
			Mode FTFW {
			}
			UDP {
				IPv4_address 10.9.9.$1
				IPv4_Destination_Address 10.9.9.$((3 - $1))
				Port 3780
				Interface eth3
				Checksum on
			}
			Options {
				ExpectationSync {
					ftp2
					rtsp2
				}
			}
		}
		General {
			HashSize 1024
			HashLimit 4096
			LogFile $work/sync$1.log
			LockFile $work/sync$1.lock
			UNIX {
				Path $work/sync$1.sock
			}
			Filter From Userspace {
				Protocol Accept {
					TCP
				}
			}
		}
	END
	start ip netns exec "${!router}" conntrackd -C "$work/sync$1" >"$work/sync$1.error" 2>&1
	wait_for 60 conntrackd_does "$1" -s || die "conntrackd: $(cat "$work/sync$1."{error,log})"
}

# conntrackd_does NUMBER OPTION...: a request to conntrackd on router NUMBER
conntrackd_does() {
	local router=router$1

	run_in "${!router}" conntrackd -C "$work/sync$1" "${@:2}"
}

# known CACHE PATTERN: does router2 know of it?
# shellcheck disable=SC2317 # for wait_for
known() {
	conntrackd_does 2 -e "$1" | grep -q -- "$2"
}

# by NUMBER: what the ends send goes through that router
by() {
	local lan=1 wan=2

	[ "$1" = 1 ] || lan=3 wan=4
	configure "$client" "route replace default via 10.0.$lan.1" \
		"route replace default via fd00:$lan::1"
	configure "$server" "route replace default via 10.0.$wan.1" \
		"route replace default via fd00:$wan::1"
}

# holes NUMBER: of that router and $family, as "PORT HELPER", one a line
holes() {
	local router=router$1

	expected "${!router}" -f "$family" | cut -d ' ' -f 3- | sort
}

# failover NAT FAMILY NEW: two connections, both of which have a hole
failover() {
	local nat=$1 family=$2 new=$3 what="NAT $1, $2" both before end

	for router in "$router1" "$router2"; do
		alg_rules ftp2 "$nat"
	done
	by 1
	ends "c = $new; d = $new; c.port(); a = c.data(); c.pasv(); d.port()"
	result_is "a, c.data(), d.data()" "('yes', 'yes', 'yes')" "$what: the first router helps"
	ends "c.port(); d.port(); result = '/'.join(sorted('%d ftp2' % x.to[1] for x in (c, d)))"
	both=${result/\//$'\n'}
	is "$(holes 1)" "$both" "$what: and has holes"
	for end in c d; do
		ends "result = $end.to[1], $end.client.getsockname()[1]"
		[[ $result =~ ([0-9]+),\ ([0-9]+) ]]
		wait_for 60 known ct "sport=${BASH_REMATCH[2]} .*helper=ftp2" &&
			wait_for 60 known expect "dport=${BASH_REMATCH[1]} "
		ok $? "$what: the second one knows of $end"
	done
	before=${BASH_REMATCH[1]}

	conntrackd_does 2 -c >/dev/null && conntrackd_does 2 -c expect >/dev/null
	ok $? "$what: and takes over"
	by 2
	# Some stable kernels list it with data connections, too (compat_helper_inherited()).
	is "$(run_in "$router2" conntrack -L -p tcp --dport 21 -f "$family" 2>/dev/null |
		grep -c helper=ftp2)" 2 "$what: with the helper"
	is "$(holes 2)" "$both" "$what: and the holes"
	if [ "$nat" = none ]; then
		result_is "c.data()" yes "$what: a data connection comes through one"
	else
		skip "libnetfilter_conntrack 1.0.9 does not tell the kernel of an expectation's NAT" \
			"$what: a data connection comes through one"
	fi
	result_is "c.alive(), d.alive()" "('yes', 'yes')" "$what: the control connections go on"
	ends "d.pasv(); result = d.to[1]"
	is "$(holes 2 | grep -E "^($result|$before) ")" "$result ftp2" \
		"$what: the other is closed when a new one opens"
	result_is "d.data()" yes "$what: which a data connection comes through"
	ends "c.port()"
	is "$(holes 2)/$(<"$takeover")" /N "$what: PORT opens nothing, unless takeover=1"
	echo 1 >"$takeover"
	ends "c.port(); a = c.data(); c.pasv()"
	result_is "a, c.data()" "('yes', 'yes')" "$what: takeover=1: it does, and so on"
	echo 0 >"$takeover"
	ends "c.close(); d.close()"
	forget "$router1"
	forget "$router2"
}

# The entry of a connection that is used again has lost the offsets of the one before. With
# the rules of the last failover.
used_again() {
	local port

	by 1
	ends "c = Control('192.0.2.1'); c.port(); c.pasv(); result = c.data()"
	ends "port = c.client.getsockname()[1]; c.reset(server=True); result = port"
	port=$result
	wait_for 60 known ct " CLOSE .*sport=$port "
	ok $? "used again: the second router knows of the RST"
	ends "c = Control('192.0.2.1', from_port=port)"
	wait_for 60 known ct " ESTABLISHED .*sport=$port "
	ok $? "used again: and of the next connection"
	conntrackd_does 2 -c >/dev/null
	by 2
	result_is "c.alive()" yes "used again: the control connection goes on"
	ends "c.pasv()"
	result_is "c.data()" yes "used again: and is helped"
	ends "c.close()"
}

# rtsp_failover NAT FAMILY NEW: a session of two streams, of which one has its media
rtsp_failover() {
	local nat=$1 family=$2 new=$3 what="RTSP, NAT $1, $2" before port client_port

	for router in "$router1" "$router2"; do
		alg_rules rtsp2 "$nat" legacy 554
	done
	by 1
	ends "c = $new; c.setup()"
	result_is "c.data()" yes "$what: the first router helps"
	ends "c.setup(); result = c.pairs[-1][2], c.client.getsockname()[1]"
	[[ $result =~ ([0-9]+),\ ([0-9]+) ]]
	port=${BASH_REMATCH[1]} client_port=${BASH_REMATCH[2]}
	before=$(holes 1)
	like "$before" "(^|
)$port rtsp2" "$what: and has holes"
	wait_for 60 known ct "sport=$client_port .*helper=rtsp2" &&
		wait_for 60 known expect "dport=$port " && wait_for 60 known expect "dport=$((port + 1)) "
	ok $? "$what: the second one knows of it"

	conntrackd_does 2 -c >/dev/null && conntrackd_does 2 -c expect >/dev/null
	ok $? "$what: and takes over"
	by 2
	is "$(run_in "$router2" conntrack -L -f "$family" 2>/dev/null | grep -c helper=rtsp2)" 1 \
		"$what: with the helper"
	is "$(holes 2)" "$before" "$what: and the holes"
	if [ "$nat" = none ]; then
		result_is "c.data()" yes "$what: media come through them"
	else
		skip "libnetfilter_conntrack 1.0.9 does not tell the kernel of an expectation's NAT" \
			"$what: media come through them"
	fi
	result_is "c.alive(), c.alive()" "('yes', 'yes')" "$what: the control connection goes on"
	ends "c.setup()"
	result_is "c.data(.3)" no "$what: SETUP opens nothing to the client, unless takeover=1"
	echo 1 >"$rtsp_takeover"
	ends "c.setup(); a = c.data(); c.setup()"
	result_is "a, c.data()" "('yes', 'yes')" "$what: takeover=1: it does, and so on"
	echo 0 >"$rtsp_takeover"
	ends "c.close()"
	forget "$router1"
	forget "$router2"
}

topology_two_routers
connect "$router1" eth3 10.9.9.1/24 "$router2" eth3 10.9.9.2/24
configure "$router2" "route add 10.0.2.0/24 via 10.0.4.2" "route add fd00:2::/64 via fd00:4::2"
router=$router1
# shellcheck disable=SC2119 # no other namespaces
start_ends
synced 1
synced 2
failover none ipv4 "Control()"
failover both ipv4 "Control('192.0.2.1')"
failover both ipv6 "Control('fd00:e::1', 'fd00:1::2', 'fd00:2::2')"
used_again
rtsp_failover none ipv4 "Rtsp()"
rtsp_failover both ipv4 "Rtsp('192.0.2.1')"
rtsp_failover both ipv6 "Rtsp('fd00:e::1', 'fd00:1::2', 'fd00:2::2')"
finish
