#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ctfull arm: what a full table refuses is counted beside any firewall, and those who come
# first get in. Others' rules come and go meanwhile, and its own change without a packet that
# passes between. Nothing of it stays behind when it ends; if it is killed, its rules stay where
# the kernel has that, and the next one takes their place.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
topology_router
nowhere
file=$work/options

# arm OPTION...: starts it on the router, and waits for its rules
arm() {
	start ip netns exec "$router" ${parent[@]+"${parent[@]}"} ctfull arm --log-rate 0 "$@" \
		2>"${troubles-$work/troubles}"
	armed=$started
	wait_for 60 is_armed || die "ctfull arm: $(<"$work/troubles")"
}

is_armed() {
	read_figures "$router" iptables
	[ "${figure[armed_by]-}" = "$armed" ]
}

# disarm SIGNAL: it ends
disarm() {
	kill -"$1" "$armed"
	wait "$armed"
	status=$?
}

# disarmed WHAT: its tables are gone
disarmed() {
	is "$(run_in "$router" nft list tables | grep -w ctfull)" "" "$1: its tables are gone"
	read_figures "$router" iptables
	is "${figure[rules]} ${figure[armed_by]}" "0 null" "$1: and so are its rules"
}

# exactly REFUSED LET_IN WHAT: of the packets that flows has sent since the mark
exactly() {
	read_figures "$router" iptables
	is "${grown[refused]} ${grown[count]} ${grown[drops]}" "$1 $2 0" "$3"
}

# begin: a table of 100 entries, of which 90 are taken for good
begin() {
	table_max 10000
	forget "$router"
	fill "$router" 90
	table_max 100
	read_figures --mark "$router" iptables
}

# --- Who gets in ---

arm --first udp/53,from=10.0.1.3,from=fd00:1::3
like "$(run_in "$router" ctfull status)" "rules +12 with -j CTFULL, armed by ctfull arm, process $armed$" \
	"ctfull status says who has armed it"
configure "$client" "addr add 10.0.1.3/24 dev eth0" "addr add fd00:1::3/64 dev eth0 nodad preferred_lft 0"
for address in 10.0.9.1 fd00:9::1; do
	begin
	flows "$client" "$address" 50 1000
	exactly 50 0 "$address: the last tenth is reserved, and who is refused is counted"
	flows "$client" "$address" 1 53
	exactly 50 1 "$address: but for the port of --first"
	source=$(case $address in *:*) echo fd00:1::3 ;; *) echo 10.0.1.3 ;; esac)
	run_in "$client" nc -u -w 1 -s "$source" "$address" 4321 <<<x >/dev/null 2>&1
	exactly 50 2 "$address: and for the network of --first"
done

# --- Beside others' rules ---

begin
flush="add table inet other; flush ruleset; add table ip raw; add table ip ctfull-2"
run_in "$router" nft -f - <<<"${flush//; /$'\n'}"
ok $? "somebody flushes the ruleset, and makes tables of theirs"
flows "$client" 10.0.9.1 10 2000
exactly 10 0 "which changes nothing"
run_in "$router" nft delete table ip ctfull 2>"$work/log"
is $? 1 "nobody else can delete its table"
run_in "$router" nft flush ruleset
for iptables in iptables-legacy iptables-nft; do
	printf '%s\n' '*raw' '-A PREROUTING -j CTFULL --reserve 10% --log-rate 0' COMMIT \
		'*filter' ':FORWARD DROP' '-A FORWARD -m ctstate2 --state NEW -j ACCEPT' COMMIT |
		run_in "$router" $iptables-restore
	ok $? "$iptables sets rules, also with -j CTFULL"
	begin
	flows "$client" 10.0.9.1 20 3000
	exactly 20 0 "$iptables: no packet counts twice"
	for table in raw filter; do
		run_in "$router" $iptables -t $table -F
		run_in "$router" $iptables -t $table -P "$([ $table = raw ] && echo PREROUTING || echo FORWARD)" ACCEPT
	done
done
run_in "$router" ctfull arm >"$work/log" 2>&1
is $? 3 "a second one does not start"
like "$(<"$work/log")" "another program has the nft table ctfull" "and says why"

# Rules of others that it finds when it starts, as at boot
disarm TERM
for raw in iptables-legacy iptables-nft nft; do
	case $raw in
	nft) run_in "$router" nft -f - <<<'table ip others {
			chain early { type filter hook prerouting priority raw
				ip daddr 10.0.9.1 udp dport 4000-4100 notrack
			}
		}' ;;
	*) run_in "$router" $raw -t raw -A PREROUTING -p udp -d 10.0.9.1 --dport 4000:4100 -j CT --notrack ;;
	esac || die "$raw: no rule"
	arm --reserve 10%
	begin
	flows "$client" 10.0.9.1 20 4000
	exactly 0 0 "$raw: what a rule of raw does not track is not refused"
	is "$(entry_count "$router")" 90 "and has no entry"
	flows "$client" 10.0.9.1 20 5000
	exactly 20 0 "and what it tracks is"
	disarm TERM
	case $raw in
	nft) run_in "$router" nft delete table ip others ;;
	*) run_in "$router" $raw -t raw -F ;;
	esac
done
arm --first udp/53,from=10.0.1.3,from=fd00:1::3

# --- Killed ---

if tables_persist; then
	disarm KILL
	like "$(run_in "$router" ctfull status)" "rules +12 with -j CTFULL, armed by ctfull arm, which was killed; start it again" \
		"killed: its rules are there, and ctfull status says so"
	begin
	flows "$client" 10.0.9.1 5000 1000 1000 &
	flood=$!
	kills=0
	while kill -0 $flood 2>/dev/null; do
		arm --reserve 10%
		disarm KILL
		kills=$((kills + 1))
	done
	wait $flood
	note "$kills times"
	[ $kills -ge 2 ]
	ok $? "killed and started again while packets come"
	exactly 5000 0 "not one passes between"
	is "${figure[rules]} ${figure[armed_by]}" "4 null" "and no rule is there twice"
	run_in "$router" nft flush ruleset
	disarmed "killed, and then the ruleset is flushed"
	arm
	disarm KILL
	arm
	disarm TERM
	disarmed "killed, started again and ended"
	arm
	disarm KILL
	run_in "$router" nft delete table ip ctfull
	arm
	is "${figure[rules]}" 4 "killed, and somebody has deleted one of the two: it starts, and has all rules"
	disarm TERM
	disarmed "and ends"
	run_in "$router" nft add table ip6 ctfull
	run_in "$router" ctfull arm >"$work/log" 2>&1
	is "$? $(<"$work/log")" "3 ctfull arm: somebody has made an nft table ctfull, which is no program's: delete it first" \
		"a table of its name that no program has made stays"
	run_in "$router" nft delete table ip6 ctfull
else
	skip "this kernel's owned tables always go with their owner (Linux 6.9)" "rules stay when it is killed"
	disarm KILL
	disarmed killed
fi
arm
disarm HUP
disarmed "its terminal is closed"

# --- Other options ---

printf '%s\n' '# a comment' '--reserve 10%' "--log-prefix 'full # '" >"$file"
arm --options "$file"
is "${figure[rules]}" 4 "options from a file"
begin
flows "$client" 10.0.9.1 5000 1000 200 &
flood=$!
reloads=0
while kill -0 $flood 2>/dev/null; do
	if [ $((reloads % 2)) = 0 ]; then
		echo "--reserve 20 --first tcp/22" >"$file"
	else
		echo "--reserve 10 --warn-at 50%" >"$file"
	fi
	kill -HUP "$armed"
	reloads=$((reloads + 1))
	sleep 0.05
done
wait $flood
note "$reloads times"
[ $reloads -ge 5 ]
ok $? "its rules change while packets come"
is "$(<"$work/troubles")" "" "without a trouble"
exactly 5000 0 "and not one passes between the old ones and the new ones"

echo "--reserve 10 --first udp/53" >"$file"
kill -HUP "$armed"
has_rules() {
	read_figures "$router" iptables
	[ "${figure[rules]}" = "$1" ]
}
wait_for 60 has_rules 8
ok $? "SIGHUP: it reads the file again"
while IFS='|' read -r line message; do
	echo "$line" >"$file"
	: >"$work/troubles"
	kill -HUP "$armed"
	wait_for 60 grep -q 'the rules stay as they were' "$work/troubles"
	like "$(<"$work/troubles")" "$message" "a file with \"$line\": it says what is wrong"
	has_rules 8
	ok $? "and its rules stay"
done <<'END'
--reserve none|reserve.*none
--first tcp/0|--first "tcp/0"
--sooner tcp/22|sooner
--log-prefix "open|line 1: put it into quotes, or close them
--options /dev/null|--options cannot be in a file
--help|the rules stay
END
# reload LINE: it reads the file with this line
reload() {
	echo "$1" >"$file"
	kill -HUP "$armed"
	# the signal is the first of those that wait
	wait_for 10 grep -q '^ShdPnd:.*[02468ace]$' "/proc/$armed/status"
}
disarm TERM
echo "--reserve 10" >"$file"
# shellcheck disable=SC2016 # perl's
parent=(perl -e '$SIG{PIPE} = "DEFAULT"; $SIG{CHLD} = "IGNORE"; exec @ARGV')
arm --options "$file"
reload "--reserve 10 --first udp/53"
wait_for 60 has_rules 8
is "$? $(<"$work/troubles")" "0 " "started by who ignores SIGCHLD: it reads the file, and says nothing"
disarm TERM
exec {gone}> >(:)
wait $!
troubles=/dev/fd/$gone arm --options "$file"
reload "--reserve none"
reload "--reserve 10"
wait_for 10 has_rules 4
ok $? "nobody reads its warnings any more: it goes on"
disarm TERM
exec {gone}>&-
parent=()
arm --options "$file"
rm "$file"
: >"$work/troubles"
kill -HUP "$armed"
wait_for 60 grep -q 'the rules stay as they were' "$work/troubles"
like "$(<"$work/troubles")" "$file: No such file" "a file that is not there"
disarm TERM
disarmed SIGTERM
is "$status" 0 "SIGTERM ends it well"

# --- What is wrong is said at once ---

while IFS='|' read -r words message; do
	# shellcheck disable=SC2086 # words
	run_in "$router" ctfull arm $words >"$work/log" 2>&1
	is $? 3 "ctfull arm $words: refused"
	like "$(<"$work/log")" "$message" "and why"
done <<'END'
--first http|--first "http": use PROTOCOL/PORT
--first icmp/8|icmp has no ports
--first udp/70000|a port is a number from 1 to 65535
--first tcp/90-80|not less than the first
--first from=10.0.0.0/33|BITS must be a number from 0 to 32
--first from=nobody|must be an address
--first tcp/22,|--first ""
--on-full reject|use drop or untrack
--log-level 4 --nflog-group 2|log-level
--options /nowhere|/nowhere: No such file
tcp/22|unexpected argument
END
setpriv --reuid 65534 --regid 65534 --clear-groups ctfull arm >"$work/log" 2>&1
is $? 3 "not for everybody"
like "$(<"$work/log")" "[Pp]ermission|not permitted|CAP_NET_ADMIN" "and it says so"
wait_for 60 modprobe -r xt_ctfull
ok $? "nothing keeps the module"
finish
