#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is wrong on the command line is refused by the plugin, with each of the four
# programs: exit status 2, a message that names the bad word and all good ones, no
# change. The help has the option and all words.
. "$(dirname "$0")/../lib.sh"

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
refused "ctstate2: no condition given; use --state LIST"
refused "ctstate2: option \"--state\" can only be used once\\." --state NEW --state INVALID
# the argument is then "-j", the next word a mistake of its own
refused "ctstate2: --state: unknown word \"-j\"; $good" --state

"$iptables" -w -A INPUT -m ctstate2 --state 2>"$work/stderr"
status=$?
read -r message <"$work/stderr"
is "$status ${message#*): }" '2 option "--state" requires an argument' \
	"refused: --state at the end"
is "$(rules)" "$before" "and nothing is changed"

help=$("$iptables" -m ctstate2 -h | tr -s ' \n' ' ')
ok "${PIPESTATUS[0]}" "-m ctstate2 -h"
like "${help##*ctstate2 match options}" "^: \\[!\\] --state LIST .* $words " \
	"it has the option and its words"
finish
