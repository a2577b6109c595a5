#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An administrator comes by SSH, with a real client to a real server, to a firewall
# whose table is full of what the tracker does not give up, while a flood of new
# connections goes on: without rules for it, with the reserves of doc/table-full.md, and
# untracked. The other rules of the runbook are tried in guard.sh and at the end.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
sshd=$(command -v sshd) || die "no sshd"
topology_router
nowhere
addresses="10.0.1.1 fd00:1::1"

# firewall: the router's own: SSH and a web server may be reached, nothing else
firewall() {
	local iptables

	for iptables in iptables ip6tables; do
		run_in "$router" "$iptables-restore" -w <<-END || die "$iptables"
			*raw
			COMMIT
			*filter
			:INPUT DROP
			:OUTPUT DROP
			-A INPUT -p ipv6-icmp -j ACCEPT
			-A INPUT -m ctstate2 --state ESTABLISHED,RELATED -j ACCEPT
			-A INPUT -p tcp --syn -m multiport --dports 22,80 -m ctstate2 --state NEW -j ACCEPT
			-A OUTPUT -p ipv6-icmp -j ACCEPT
			-A OUTPUT -m ctstate2 --state ESTABLISHED,RELATED -j ACCEPT
			COMMIT
		END
	done
}

# start_sshd: for root, by its key; all that it needs is in $work, but for the user and
# the folder of its unprivileged part
start_sshd() {
	grep -q ^sshd: /etc/passwd ||
		echo "sshd:x:22:65534::/run/sshd:/usr/sbin/nologin" >>/etc/passwd
	# not locked; and a shell that reads no .bashrc, which may take long
	sed -i 's/^root:!/root:*/' /etc/shadow
	sed -i '/^root:/s/[^:]*$/\/bin\/sh/' /etc/passwd
	install -d -m 755 /run/sshd
	ssh-keygen -q -t ed25519 -N "" -f "$work/host" || die "ssh-keygen"
	ssh-keygen -q -t ed25519 -N "" -f "$work/id" || die "ssh-keygen"
	echo "10.0.1.1,fd00:1::1 $(<"$work/host.pub")" >"$work/known_hosts"
	cat >"$work/sshd_config" <<-END
		HostKey $work/host
		AuthorizedKeysFile $work/id.pub
		PidFile $work/sshd.pid
		StrictModes no
		UsePAM no
		UseDNS no
		PrintMotd no
	END
	start ip netns exec "$router" "$sshd" -D -e -f "$work/sshd_config" 2>"$work/sshd.log"
	wait_for 60 listening "$router" tcp 22 || die "sshd: $(<"$work/sshd.log")"
}

# log_in ADDRESS SECONDS: a session, in which the server says hello, and then sends back what
# it gets; begun in that time
log_in() {
	session "$1" "$2" <"$work/data"
}

# session ADDRESS SECONDS: the same, with what comes on standard input
session() {
	run_in "$client" ssh -F /dev/null -i "$work/id" -o BatchMode=yes -o IdentitiesOnly=yes \
		-o UserKnownHostsFile="$work/known_hosts" -o GlobalKnownHostsFile=/dev/null \
		-o StrictHostKeyChecking=yes -o ConnectTimeout="$2" -o KexAlgorithms=curve25519-sha256 \
		"root@$1" "echo hello; cat" 2>&1
}

# explain ADDRESS: what there is to see of a session that failed
explain() {
	local iptables=iptables

	[[ $1 != *:* ]] || iptables=ip6tables
	note "the client: $(wc -c <"$work/got-$1") bytes; $(strings "$work/got-$1" | tail -n 3)"
	note "the server: $(tail -n 8 "$work/sshd.log")"
	note "entries: $(run_in "$router" conntrack -L -f ipv4 2>/dev/null | grep -v src=198.51.100.1
		run_in "$router" conntrack -L -f ipv6 2>/dev/null)"
	note "rules: $(run_in "$router" "$iptables" -t raw -nvxL; run_in "$router" "$iptables" -nvxL)"
	note "neighbours: $(run_in "$client" ip neigh; run_in "$router" ip neigh)"
	note "sockets: $(run_in "$client" ss -atino; run_in "$router" ss -atino)"
	note "figures: $(run_in "$router" nstat -as)"
}

# come_in HOW DESCRIPTION: what comes of a session to each address, and, beside it, of a
# connection to another service; HOW is "all", "ssh" or "none" of them
come_in() {
	local address job status tries=() ssh=60 web=1

	# what is to come may take its time on a slow machine
	[ "$1" != none ] || ssh=2
	[ "$1" != all ] || web=60
	for address in $addresses; do
		start log_in "$address" $ssh >"$work/got-$address"
		tries[started]="ssh $address"
		start run_in "$client" nc -z -w $web "$address" 80
		tries[started]="web $address"
	done
	for job in "${!tries[@]}"; do
		address=${tries[job]#* }
		wait "$job"
		status=$?
		case $1,${tries[job]% *} in
		all,ssh | ssh,ssh)
			is "$status" 0 "$2: a session to $address"
			is "$(md5sum <"$work/got-$address")" "$wanted" "$2: its data came back"
			[ "$status" = 0 ] || explain "$address"
			;;
		none,ssh)
			is "$status" 255 "$2: no session to $address"
			like "$(<"$work/got-$address")" "timed out" "$2: it waits in vain"
			;;
		all,web) is "$status" 0 "$2: port 80 of $address" ;;
		*,web) is "$status" 1 "$2: no connection to port 80 of $address" ;;
		esac
	done
}

# armed_by PROCESS
# shellcheck disable=SC2317 # for wait_for
armed_by() {
	read_figures "$router" iptables
	[ "${figure[armed_by]-}" = "$1" ]
}

# rearm: ctfull arm, with a file of options
rearm() {
	echo "--first tcp/22" >"$work/options"
	start ip netns exec "$router" ctfull arm --log-rate 0 --options "$work/options"
	armed=$started
	wait_for 60 armed_by "$armed" || die "ctfull arm"
}

# begin COUNT [BLOCK]: the firewall's rules and those of the runbook (or rearm), and a table of 200
# entries, with COUNT of them taken for good; the flood goes on with the rules in place
begin() {
	[ -z "$flood" ] || kill -STOP "$flood"
	firewall
	case ${2-} in
	'') ;;
	arm)
		start ip netns exec "$router" bash -c "exec $(readme_block arm doc/table-full.md)"
		armed=$started
		wait_for 60 run_in "$router" nft list table ip ctfull || die "the runbook's arm fails"
		;;
	rearm) rearm ;;
	*) run_readme "$router" "$2" doc/table-full.md || die "the runbook's $2 fails" ;;
	esac
	table_max 10000
	forget "$router"
	fill "$router" "$1"
	table_max 200
	read_figures --mark "$router" iptables
	[ -z "$flood" ] || kill -CONT "$flood"
}

# reaches NAME COUNT: a figure has grown so much since the rules were set
reaches() {
	read_figures "$router" iptables
	[ "${grown[$1]}" -ge "$2" ]
}

head -c 102400 /dev/urandom >"$work/data"
wanted=$({ echo hello; cat "$work/data"; } | md5sum)
firewall
start_sshd
start ip netns exec "$router" nc -lk 80
start ip netns exec "$router" nc -6lk 80
wait_for 60 listening "$router" tcp 80 2 || die "nc"

flood=
begin 0
come_in all "an empty table"
start_flood "$client" 10.0.9.1 fd00:9::1
flood=$started

begin 200
come_in none "a full table, without rules"
wait_for 60 reaches drops 100
ok $? "the kernel drops what comes (${grown[drops]} packets)"

begin 180 rescue
come_in ssh "rescue"
wait_for 60 reaches refused 100
ok $? "rescue: all others are refused (${grown[refused]} packets)"
is "${grown[reserved]} ${grown[drops]} ${grown[untracked]}" "${grown[refused]} 0 0" \
	"rescue: by the reserve alone"
is "$(run_in "$router" conntrack -L -f ipv4 -p tcp --dport 22 2>/dev/null | wc -l)" 1 "rescue: SSH is tracked"
is "$(run_in "$router" conntrack -L -f ipv6 -p tcp --dport 22 2>/dev/null | wc -l)" 1 \
	"rescue: and so it is with IPv6"
is "${figure[count]}" 182 "rescue: what others cannot have is free"

begin 200 rescue
come_in none "rescue, and no entry left"

begin 200 untrack
come_in ssh "untrack"
read_figures "$router" iptables
[ "${grown[refused]}" -gt "${grown[untracked]}" ] && [ "${grown[untracked]}" -gt 100 ]
ok $? "untrack: SSH passes untracked, others do not pass (${grown[untracked]} of ${grown[refused]} packets)"
is "${figure[count]}" 200 "untrack: all entries are taken"
is "$(run_in "$router" conntrack -L -f ipv4 -p tcp 2>/dev/null; run_in "$router" conntrack -L -f ipv6 -p tcp 2>/dev/null)" \
	"" "untrack: SSH has none"

begin 180 arm
come_in ssh "arm"
wait_for 60 reaches refused 100
ok $? "arm: all others are refused (${grown[refused]} packets)"
is "${grown[reserved]} ${grown[drops]}" "${grown[refused]} 0" "arm: by the reserve alone"
kill "$armed"
wait "$armed"
is $? 0 "arm: it ends well"

# One session goes on while it is armed, reloaded, killed, armed again and disarmed; new ones get
# in as long as there are rules, and no other packet does.
begin 180 rearm
# shellcheck disable=SC2317 # for start
long_session() {
	session 10.0.1.1 60 <"$work/input"
}
# says WORD: the session sends it back
says() {
	echo "$1" >&5
	wait_for 60 grep -qx "$1" "$work/session"
	ok $? "the session goes on: $1"
}
mkfifo "$work/input"
# both ends, so that neither waits for the other to be opened
exec 5<>"$work/input"
start long_session >"$work/session" 5>&-
long=$started
says armed
while sleep 0.1; do kill -HUP "$armed"; done &
reloads=$!
come_in ssh "reloaded all the time"
kill "$reloads"
wait "$reloads"
says reloaded
if tables_persist; then
	kill -KILL "$armed"
	wait "$armed"
	come_in ssh "killed"
	says killed
	rearm
	come_in ssh "armed again"
fi
read_figures "$router" iptables
is "${grown[reserved]} ${grown[drops]}" "${grown[refused]} 0" "meanwhile: all that was refused was by the reserve"
kill "$armed"
wait "$armed"
is "$(run_in "$router" nft list tables | grep -c ctfull)" 0 "disarmed"
says disarmed
kill "$long"
exec 5>&-

# The runbook's rules for a name server
begin 0 notrack
flows "$client" 10.0.1.1 1 53
like "$(run_in "$router" iptables -nvxL INPUT)" $'\n +1 [^\n]*udp dpt:53' \
	"notrack: a query passes the firewall, untracked"
finish
