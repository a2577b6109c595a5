#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -j CTLOG: every field, in the kernel's log and through nfnetlink_log to a real
# ulogd that writes JSON; and that the loggers are let go.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a nf_conntrack_ftp nf_log_syslog nfnetlink_log || die "no FTP helper, no logger"
sysctl -qw net.netfilter.nf_log_all_netns=1 || die "the kernel logs nothing of a namespace"
topology_router
start_packets client="$client" router="$router" server="$server"

start_ulogd "$router"

# logged: so many lines are there, in JSON; the kernel's log has them at once
lines=0
logged() {
	mapfile -t json <"$work/json"
	[ ${#json[@]} = "$lines" ]
}

# expect REGEX...: what is logged since the last call, a pattern for each packet;
# both ways alike
expect() {
	local regex first syslog line ulog=()

	lines=$((lines + $#))
	wait_for 60 logged
	# all of the log in one system call, not each line in one
	dmesg --syslog | sed -n 's/.*\[ctlog\] \(.*\)IN=.*/\1/p' >"$work/syslog"
	mapfile -t syslog <"$work/syslog"
	for line in "${json[@]}"; do
		[[ $line =~ \"oob.prefix\":\ \"\[ctlog\]\ ([^\"]*)\" ]] && ulog+=("${BASH_REMATCH[1]}")
	done
	first=$((${#syslog[@]} - $#))
	for regex; do
		like "${syslog[first]-}" "^$regex \$" "$iptables: $regex"
		first=$((first + 1))
	done
	# a second may have passed between the two rules
	shopt -s extglob
	is "${ulog[*]//expires=+([0-9])/expires=}" "${syslog[*]//expires=+([0-9])/expires=}" \
		"$iptables: and the same through nfnetlink_log"
}

for iptables in $iptables_variants; do
	send "family($(by_family "$iptables" 4 6))"
	{
		echo "*mangle"
		for match in "-p tcp" "-p udp" "-p sctp" \
			     "$(by_family "$iptables" "-p icmp" "-p icmpv6")"; do
			echo "-A FORWARD $match -j CTLOG --log-prefix \"[ctlog] \""
			echo "-A FORWARD $match -j CTLOG --log-prefix \"[ctlog] \" --nflog-group 7"
		done
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w || die "$iptables does not take CTLOG"
	forget "$router"

	send "flow(80); alice(tcp('S', 1000))"
	expect "state=NEW dir=ORIGINAL status=NONE tcp=SYN_SENT expires=1(20|1[0-9])"
	send "bob(tcp('SA', 5000, 1001))"
	expect "state=ESTABLISHED_REPLY dir=REPLY status=SEEN_REPLY,CONFIRMED tcp=SYN_RECV expires=(60|5[0-9])"
	send "alice(tcp('SF', 1000)); bob(tcp('A', 5001, 9999))"
	expect "state=INVALID reason=TCP_FLAGS" "state=INVALID reason=TCP_WINDOW"
	send "flow(9); alice(udp()); bob(error('port', from_alice(udp())))"
	expect "state=NEW dir=ORIGINAL status=NONE expires=(30|2[0-9])" \
		"state=RELATED_REPLY dir=REPLY status=CONFIRMED expires=(30|2[0-9])"
	send "flow(9); alice(sctp(SCTPChunkInit(init_tag=1)))"
	expect "state=NEW dir=ORIGINAL status=NONE sctp=CLOSED expires=[0-9]*"

	# What rules give: a helper, a zone, a mark, an exemption, NAT
	{
		echo "*raw"
		echo "-A PREROUTING -p tcp --dport 21 -j CT --helper ftp"
		echo "-A PREROUTING -p udp --dport 10 -j CT --zone 77"
		echo "-A PREROUTING -p udp --dport 11 -j CT --notrack"
		echo COMMIT
		echo "*mangle"
		echo "-A PREROUTING -p udp --dport 12 -j CONNMARK --set-mark 0x1fe"
		echo COMMIT
		echo "*nat"
		echo "-A POSTROUTING -p udp --dport 13 -j SNAT --to-source $(by_family "$iptables" 10.0.2.1 fd00:2::1)"
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w -n || die "$iptables does not take the rules"
	send "flow(21); alice(tcp('S', 1000)); flow(10); alice(udp()); flow(11); alice(udp())"
	send "flow(12); alice(udp()); flow(13); alice(udp()); alice(udp())"
	expect "state=NEW dir=ORIGINAL status=HELPER tcp=SYN_SENT expires=[0-9]* helper=ftp" \
		"state=NEW dir=ORIGINAL status=NONE expires=[0-9]* zone=77" \
		"state=UNTRACKED" \
		"state=NEW dir=ORIGINAL status=NONE expires=[0-9]* mark=0x1fe" \
		"state=NEW dir=ORIGINAL status=NONE expires=[0-9]*" \
		"state=NEW dir=ORIGINAL status=CONFIRMED,SNAT expires=[0-9]*"

	# Too long: whole fields are left out, and dots say so
	{
		echo "*mangle"
		echo "-A FORWARD -p tcp --dport 22 -j CONNMARK --set-mark 0xffffffff"
		for option in "" "--nflog-group 7"; do
			echo "-A FORWARD -p tcp -j CTLOG --log-prefix \"[ctlog] 29 characters in all \"" \
				"--in-zone 65535 $option"
		done
		echo COMMIT
		echo "*raw"
		echo "-F PREROUTING"
		echo "-A PREROUTING -p tcp -j CT --helper ftp --zone 65535"
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w -n || die "$iptables does not take the rules"
	run_in "$router" "$iptables" -w -t mangle -D FORWARD 1
	run_in "$router" "$iptables" -w -t mangle -D FORWARD 1
	send "flow(22); alice(tcp('S', 1000)); bob(tcp('SA', 5000, 1001)); alice(tcp('A', 1001, 5001))"
	expect "29 characters in all state=NEW status=HELPER tcp=SYN_SENT .*\.\.\." \
		"29 characters in all state=ESTABLISHED_REPLY status=SEEN_REPLY,CONFIRMED,HELPER tcp=SYN_RECV .*\.\.\." \
		"29 characters in all state=ESTABLISHED_ORIGINAL status=SEEN_REPLY,ASSURED,CONFIRMED,HELPER tcp=ESTABLISHED \.\.\."
	# where else there is no such connection
	send "alice(tcp('A', 100000, 5001))"
	expect "29 characters in all state=INVALID reason=TCP_WINDOW"

	# In raw, before the tracker
	for table in mangle raw nat; do
		printf '*%s\nCOMMIT\n' $table
	done | run_in "$router" "$iptables-restore" -w || die "$iptables-restore"
	{
		echo "*raw"
		for option in "" "--nflog-group 7"; do
			echo "-A PREROUTING -p udp -j CTLOG --log-prefix \"[ctlog] \" $option"
		done
		echo COMMIT
	} | run_in "$router" "$iptables-restore" -w || die "$iptables does not take CTLOG"
	send "flow(9); alice(udp())"
	expect "state=INVALID reason=NOT_TRACKED"
	run_in "$router" "$iptables" -w -t raw -F
	run_in "$router" "$iptables" -w -t raw -X
done

for iptables in $iptables_variants; do
	run_in "$router" "$iptables" -w -t mangle -F
done

# Nothing holds the module, or a logger, any more
unloaded() {
	modprobe -r xt_CTLOG
}
wait_for 60 unloaded
ok $? "without rules, the module is unloaded"
run_in "$router" iptables-nft -A INPUT -j CTLOG
ok $? "and loads by the target's name"
run_in "$router" iptables-nft -F INPUT

# A match alone takes neither it nor a logger
wait_for 60 unloaded
modprobe -r xt_ctstate2 2>/dev/null
modprobe -r nf_log_syslog 2>/dev/null
grep -q '^nf_log_syslog' /proc/modules && die "nf_log_syslog does not go"
run_in "$router" iptables-nft -A INPUT -m ctstate2 --state INVALID
is "$(grep -c -e ^xt_CTLOG -e ^nf_log_syslog /proc/modules)" 0 \
	"a mere match loads no logger"
run_in "$router" iptables-nft -F INPUT
finish
