#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is wrong on the command line is refused by the plugin, with each of the four
# programs: exit status 2, a message that names the bad word and all good ones, no
# change. The help has the option and all words.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

words="NEW, ESTABLISHED, RELATED, ESTABLISHED_ORIGINAL, ESTABLISHED_REPLY, \
RELATED_ORIGINAL, RELATED_REPLY, INVALID, UNTRACKED, SNAT, DNAT"

for_each_iptables "$@"
iptables=$1

# rules: what there is, without the counters
rules() {
	"$iptables-save" | grep -v '^#' | sed 's/\[.*\]//'
}

# refused REGEX ARGS...: -m ctstate2 ARGS fails like this
refused() {
	local regex=$1 message status

	shift
	"$iptables" -w -A INPUT -m ctstate2 "$@" -j ACCEPT 2>"$work/stderr"
	status=$?
	read -r message <"$work/stderr"
	# without "iptables v1.8.9 (legacy): "
	like "$status ${message#*): }" "^2 $regex\$" "refused: $*"
}

# the rule that everything else is close to
"$iptables" -w -A INPUT -m ctstate2 --state NEW,INVALID -j ACCEPT
ok $? "taken: --state NEW,INVALID"
before=$(rules)

good="it takes a comma-separated list of $words"
refused "ctstate2: --state: unknown word \"WRONG\"; $good" --state WRONG
refused "ctstate2: --state: unknown word \"wrong\"; $good" --state NEW,wrong,INVALID
refused "ctstate2: --state: unknown word \"INVALIDS\"; $good" --state NEW,INVALIDS
refused "ctstate2: --state: unknown word \"INVALI\"; $good" ! --state INVALI,NEW
refused "ctstate2: --state: unknown word \" INVALID\"; $good" --state "NEW, INVALID"
refused "ctstate2: --state: empty word \"\"; $good" --state ""
refused "ctstate2: --state: empty word \"\"; $good" --state NEW,,INVALID
refused "ctstate2: --state: empty word \"\"; $good" --state NEW,
refused "ctstate2: no condition given; use --state LIST, or see iptables -m ctstate2 -h"
refused "ctstate2: option \"--state\" can only be used once\\." --state NEW --state INVALID

statuses="NONE, EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SNAT, DNAT, SEQ_ADJUST, DYING, \
FIXED_TIMEOUT, HELPER, OFFLOAD, HW_OFFLOAD"
tcp="NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, \
CLOSE, SYN_SENT2"
sctp="NONE, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, \
SHUTDOWN_RECD, SHUTDOWN_ACK_SENT, HEARTBEAT_SENT"
reasons="NOT_TRACKED, FRAGMENT, TRUNCATED, CHECKSUM, TCP_FLAGS, TCP_WINDOW, TCP_STATE, \
TCP_NEW, TCP_RST, ICMP_TYPE, ICMP_UNRELATED, ICMP_MISMATCH, SCTP, OTHER"
for option in "status $statuses" "all-status $statuses" "tcp-state $tcp" \
	      "sctp-state $sctp" "invalid-reason $reasons"; do
	name=${option%% *}
	list="it takes a comma-separated list of ${option#* }"
	refused "ctstate2: --$name: unknown word \"WRONG\"; $list" \
		"--$name" WRONG,NONE
	refused "ctstate2: --$name: empty word \"\"; $list" ! "--$name" ,
done
refused "ctstate2: --direction: unknown word \"BOTH\"; it takes one of ORIGINAL, REPLY" \
	--direction BOTH
refused "ctstate2: --all-status NONE,SNAT: no connection has NONE .*; use --status .*" \
	--all-status NONE,SNAT
# libxtables has looked at the order since 1.8.10, and says it in its own words.
refused "ctstate2: (--expires 20:10: the first number is larger than the second; use 10:20|\
bad value for option \"--expires\" near \"10\", or out of range \(20-.*)" --expires 20:10
refused "ctstate2: bad value for option \"--expires\".*" --expires ten
refused "ctstate2: bad value for option \"--in-zone\", or out of range \(0-65535\)\." \
	--in-zone 65536
refused "ctstate2: option \"--tcp-state\" cannot be used together with \"--sctp-state\"\." \
	--tcp-state CLOSE --sctp-state CLOSED
for option in "--status NONE" "--all-status NONE" "--tcp-state NONE" "--sctp-state NONE" \
	      "--direction REPLY" "--expires 1" "--offloadable"; do
	# shellcheck disable=SC2086 # words
	refused "ctstate2: --invalid-reason with ${option%% *}: an INVALID packet has no .*; use two rules" \
		--invalid-reason OTHER $option
done
refused "ctstate2: --invalid-reason with ! --in-zone: the reason is looked for in one zone; name it" \
	--invalid-reason OTHER ! --in-zone 1
"$iptables" -w -A INPUT -p udp -m ctstate2 --tcp-state CLOSE 2>"$work/stderr"
like "$? $(<"$work/stderr")" "^2 .*ctstate2: --tcp-state: no packet of protocol 17 .* use -p tcp, or no -p" \
	"refused: -p udp -m ctstate2 --tcp-state CLOSE"
"$iptables" -w -A INPUT -m ctstate2 --tcp-state CLOSE -p udp 2>"$work/stderr"
like "$? $(<"$work/stderr")" "^[1-4] .*" "refused: -m ctstate2 --tcp-state CLOSE -p udp"

# the argument is then "-j", the next word a mistake of its own
refused "ctstate2: --state: unknown word \"-j\"; $good" --state

"$iptables" -w -A INPUT -m ctstate2 --state 2>"$work/stderr"
status=$?
read -r message <"$work/stderr"
is "$status ${message#*): }" '2 option "--state" requires an argument' \
	"refused: --state at the end"
is "$(rules)" "$before" "and nothing is changed"

# The other plugins. ARGUMENTS|MESSAGE, as a pattern
while IFS='|' read -r arguments message; do
	eval "set -- $arguments"
	"$iptables" -w "$@" 2>"$work/stderr"
	like "$? $(head -n 1 "$work/stderr")" "^2 .*$message" "refused: $arguments"
done <<-'EOF'
	-A INPUT -j CTLOG --log-prefix 123456789012345678901234567890|CTLOG: --log-prefix "123456789012345678901234567890": 30 characters; use at most 29
	-A INPUT -j CTLOG --log-prefix $'line\nfeed'|CTLOG: --log-prefix: control character 0x0a after "line"; leave it out
	-A INPUT -j CTLOG --log-prefix $'\x7f'|CTLOG: --log-prefix: control character 0x7f after ""; leave it out
	-A INPUT -j CTLOG --log-level 9|log level "9" unknown
	-A INPUT -j CTLOG --nflog-group 65536|.*nflog-group.*\(0-65535\)
	-A INPUT -j CTLOG --nflog-group 1 --log-level 1|.*cannot be used together
	-A INPUT -m ctstate2 --state NEW --invalid-reason OTHER|ctstate2: --invalid-reason with --state: only INVALID packets have a reason; leave --state out
	-A INPUT -m ctstate2 --state UNTRACKED --status ASSURED|ctstate2: --status with --state: packets in these states have no connection; leave out --status or --state
	-A INPUT -m ctstate2 --state NEW --direction REPLY|ctstate2: --direction with --state: packets in these states go the other way; leave out --direction or --state
	-A INPUT -m ctfull|ctfull: no condition given; use --above N or --new-connection
	-A INPUT -m ctfull --above 0|ctfull: --above "0": "0" is neither a number of entries from 1 on nor a percentage such as 90%
	-A INPUT -m ctfull --above 90:x|ctfull: --above "90:x": "x" is neither
	-A INPUT -m ctfull --above 101%|ctfull: --above "101%": 101% is more than the table; use 1% to 100%
	-A INPUT -m ctfull --above 5:4:3|ctfull: --above "5:4:3": ":3" is one too many; use N or N:M, such as 90% or 90%:80%
	-A INPUT -m ctfull --above 80%:90%|ctfull: --above "80%:90%": the second number, where it ends, is higher than the first, where it begins; swap them
	-t raw -A PREROUTING -j CTFULL --on-full accept|CTFULL: --on-full "accept": use drop or untrack
	-t raw -A PREROUTING -j CTFULL --reserve 0|CTFULL: --reserve "0": use a number of entries from 1 on, or a percentage such as 10%
	-t raw -A PREROUTING -j CTFULL --reserve 100%|CTFULL: --reserve "100%": this leaves no entry for the rule's packets; use 1% to 99%
	-t raw -A PREROUTING -j CTFULL --warn-at 90|CTFULL: --warn-at "90": use a percentage, 1% to 100%
	-t raw -A PREROUTING -j CTFULL --log-rate 1/day|CTFULL: --log-rate "1/day": use N, N/second or N/minute, N from 0 to 1000000
	-t raw -A PREROUTING -j CTFULL --log-burst 0|CTFULL: --log-burst "0": use a number from 1 to 1000000
	-t raw -A PREROUTING -j CTFULL --log-prefix $'\t'|CTFULL: --log-prefix: control character 0x09 after ""; leave it out
EOF
is "$(rules)" "$before" "and nothing is changed"

for help in "-j CTFORGET takes the packet's connection off the table.*mangle.*PREROUTING.*OUTPUT" \
	    "-j CTLOG --log-prefix PREFIX.*--log-level LEVEL.*--nflog-group NUMBER" \
	    "-m ctfull --above N\[:M\].*--new-connection" \
	    "-j CTFULL --reserve N.*--on-full drop\|untrack.*--warn-at N%.*--log-rate N.*--log-burst N"; do
	read -r option name regex <<<"$help"
	like "$("$iptables" "$option" "$name" -h)" "$regex" "$option $name -h"
done
help=$("$iptables" -m ctstate2 -h | tr -s ' \n' ' ')
ok "${PIPESTATUS[0]}" "-m ctstate2 -h"
for option in "state LIST $words" "status LIST $statuses" "all-status LIST $statuses" \
	      "tcp-state LIST $tcp" "sctp-state LIST $sctp" "invalid-reason LIST $reasons" \
	      "direction ORIGINAL\\|REPLY" "expires SECONDS" "in-zone NUMBER" "offloadable "; do
	like "${help##*ctstate2 match options}" "\\[!\\] --$option" \
		"it has --${option%% *} and its words"
done
finish
