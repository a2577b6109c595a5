#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The events, as ctfull monitor shows them: one when the table gets to --warn-at, none
# while it hovers there, one when it clears, without any packet; each refused packet with
# all that is known of it; and namespaces that know nothing of each other.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
nowhere
setup_ns other
start_packets client="$client" router="$router" server="$server"

# has KIND COUNT: so many events of a kind are there
has() {
	[ "$(grep -c "\"event\": *\"$1\"" "$work/events")" -ge "$2" ]
}

table_max 100
run_in "$router" iptables-legacy -t raw -A PREROUTING -j CTFULL --warn-at 95%
run_in "$router" ip6tables-nft -t raw -A PREROUTING -j CTFULL
start ip netns exec "$router" ctfull monitor --json >"$work/events"
monitor=$started
start ip netns exec "$other" ctfull monitor --json >"$work/other"
for ns in "$router" "$other"; do
	wait_for 60 listening_to_events "$ns" || die "the monitor does not listen"
done

# The lowest --warn-at is the namespace's: 90%
packet() {
	flows "$client" 10.0.9.1 1 "$1"
}
fill "$router" 88
packet 1000
packet 1001
packet 1001
wait_for 60 has level 1
packet 1002
run_in "$router" conntrack -D -p udp --orig-port-dst 1002 >/dev/null 2>&1
packet 1003
sleep 2.5	# the module looks each second, and must find nothing
is "$(grep -c '"level"' "$work/events")" 1 "one event at 90%, none while it hovers"
forget "$router"
wait_for 60 has level 2
ok $? "and one when it clears, without a packet"
fill "$router" 100
packet 2000
wait_for 60 has level 3
wait_for 60 has refused 1
is "$(sed -n 's/.*"level".*"level": *"\([a-z]*\)".*/\1/p' "$work/events" | xargs)" \
	"warning normal full" "from normal to full there is one event"

# last_event REGEX DESCRIPTION: a test that the last event is a refused packet with this
last_event() {
	like "$(tail -n 1 "$work/events")" "$1" "the event: $2"
}

# number COUNT: so many events are there
number() {
	[ "$(wc -l <"$work/events")" -ge "$1" ]
}

last_event '"event":"refused","seq":4,"count":100,"max":100,"refused":1,"suppressed":0,"action":"drop","by_reserve":false,"protocol":"udp","source":"10.0.1.2","destination":"10.0.9.1","source_port":4000,"destination_port":2000,"in":"eth1","zone":0}' \
	"a UDP packet"
flows "$client" fd00:9::1 1
wait_for 60 number 5
last_event '"refused":2,.*"protocol":"udp","source":"fd00:1::2","destination":"fd00:9::1","source_port":4000,"destination_port":1000,"in":"eth1"' \
	"a UDP packet, IPv6"
send "family(4); flow(9); alice(echo())"
wait_for 60 number 6
last_event '"refused":3,.*"protocol":"icmp","source":"10.0.1.9","destination":"10.0.2.9",.*"icmp_type":8' "an echo request"
send "family(6); flow(9); alice(echo())"
wait_for 60 number 7
last_event '"refused":4,.*"protocol":"(icmpv6|ipv6-icmp)","source":"fd00:1::9","destination":"fd00:2::9",.*"icmp_type":128' "an echo request, IPv6"
send "family(4); flow(80); alice(tcp('S', 1))"
wait_for 60 number 8
last_event '"refused":5,.*"protocol":"tcp",.*"destination_port":80' "a SYN"
run_in "$router" iptables-legacy -t raw -I PREROUTING -p udp -j CT --zone 7
run_in "$router" iptables-legacy -t raw -A PREROUTING -j CTFULL --on-full untrack
run_in "$router" iptables-legacy -t raw -D PREROUTING -j CTFULL --warn-at 95%
send "flow(9); alice(udp())"
wait_for 60 number 9
last_event '"refused":6,.*"action":"untrack".*"zone":7' "in a zone, untracked"
run_in "$router" iptables-legacy -t raw -F
run_in "$router" iptables-legacy -t raw -A OUTPUT -j CTFULL --reserve 99%
flows "$router" 10.0.2.2 1 2>/dev/null
wait_for 60 number 10
last_event '"protocol":"udp","source":"10.0.2.1","destination":"10.0.2.2",.*"out":"eth2"' "what this machine sends"
run_in "$router" iptables-legacy -t raw -F
run_in "$router" iptables-legacy -t raw -A PREROUTING -j CTFULL --reserve 99% --log-rate 0
forget "$router"
wait_for 60 has level 4 || die "the level stays"
flows "$client" 10.0.9.1 1
flows "$client" 10.0.9.1 1 2000
wait_for 60 has refused 8
last_event '"count":1,.*"by_reserve":true' "refused by the reserve"

# More than there may be events: what has none is in the next one
read_figures --mark "$router" iptables-legacy
start_seq=$(sed -n '$s/.*"seq":\([0-9]*\).*/\1/p' "$work/events")
before=$(wc -l <"$work/events")
start_time=$SECONDS
flows "$client" 10.0.9.1 600 3000
sleep 1.2	# the next packet may have an event again
flows "$client" 10.0.9.1 1 5000
read_figures "$router" iptables-legacy
all_told() {
	[ "$(tail -n +$((before + 1)) "$work/events" | sed -n 's/.*"suppressed":\([0-9]*\).*/\1/p' |
		awk '{ n += $1 + 1 } END { print n }')" = "${grown[refused]}" ]
}
is "${grown[refused]}" 601 "601 packets are refused"
wait_for 60 all_told
ok $? "events, and what they say had none, are all of them"
# 100 at once, and 100 a second; a second more, as SECONDS are whole ones
[ $(($(wc -l <"$work/events") - before)) -le $((200 + 100 * (SECONDS - start_time))) ]
ok $? "and they are not more than there may be"
is "$(sed -n '$s/.*"seq":\([0-9]*\).*/\1/p' "$work/events")" \
	$((start_seq + $(wc -l <"$work/events") - before)) "their numbers have no gap"

# A receiver that is too slow is told how many it has lost; this one has a small buffer
kill "$monitor"
wait "$monitor"
is $? 0 "SIGTERM ends the monitor, with status 0"
LD_PRELOAD=$helpers/small_buffer.so start ip netns exec "$router" ctfull monitor --json >"$work/events"
monitor=$started
wait_for 60 listening_to_events "$router" || die "the monitor does not listen"
flows "$client" 10.0.9.1 1 6000
wait_for 60 number 1 || die "no event"
kill -STOP "$monitor"
flows "$client" 10.0.9.1 50 6001
kill -CONT "$monitor"
wait_for 60 all_events_read "$router" || die "the monitor does not go on"
flows "$client" 10.0.9.1 1 6100
wait_for 60 has lost 1
ok $? "a receiver that was too slow is told"
gap() {
	[ "$(sed -n 's/.*"event":"lost".*"count":\([0-9]*\).*/\1/p' "$work/events" | awk '{ n += $1 } END { print n }')" = \
		$(($(sed -n '$s/.*"seq":\([0-9]*\).*/\1/p' "$work/events") - first + 1 - $(grep -c '"seq"' "$work/events"))) ]
}
first=$(sed -n '1s/.*"seq":\([0-9]*\).*/\1/p' "$work/events")
wait_for 60 gap
ok $? "how many it has lost"

# Nobody else is told, or may ask
is "$(cat "$work/other")" "" "another namespace has no events"
read_figures "$other" iptables-legacy
is "${figure[count]} ${figure[refused]} ${figure[level]} ${figure[rules]} ${figure[max]}" "0 0 normal 0 100" \
	"and figures of its own"
run_in "$router" setpriv --reuid 65534 --clear-groups --inh-caps -all --bounding-set -all \
	ctfull status >"$work/log" 2>&1
like "$? $(<"$work/log")" "^3 .*CAP_NET_ADMIN" "figures are for CAP_NET_ADMIN"
run_in "$router" setpriv --reuid 65534 --clear-groups --inh-caps -all --bounding-set -all \
	timeout 5 ctfull monitor >"$work/log" 2>&1
like "$? $(<"$work/log")" "^3 .*CAP_NET_ADMIN" "and so are events"

finish
