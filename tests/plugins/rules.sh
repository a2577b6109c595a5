#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What iptables takes, saves and lists: every line of extensions/*.t (the format
# is that of iptables' own), with each of the four programs. A rule is saved as
# its line says, is found and deleted by its own text, and comes back from what
# was saved. A line with FAIL is refused and changes nothing.
#
# Programs take 0.1 s to start in a guest, so the rules of a file go in and out
# together, through iptables-restore, which parses a line as iptables does.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

for_each_iptables "$@"
iptables=$1

# read_t FILE: its lines, in arrays. Those with OK also, for each chain that they
# are for, as "TABLE -A CHAIN RULE" in the file "given".
read_t() {
	local line rest chain current=filter chains=''

	table=() chain_list=() rule=() expected=() result=()
	: >"$work/given"
	while IFS= read -r line; do
		case $line in
		'' | '#'*) continue ;;
		'*'*) current=${line#\*}; continue ;;
		:*) chains=${line#:}; continue ;;
		*';'*';OK' | *';'*';FAIL') ;;
		*) die "$1: not understood: $line" ;;
		esac
		if [[ $line = *'-m connmark '* && $iptables = *-nft && $(getconf LONG_BIT),$(uname -m) = 32,x86_64 ]]; then
			skip "iptables-nft of i386 finds no rule with connmark on a 64-bit kernel" "${line%%;*}"
			continue
		fi
		rest=${line%;*}
		table+=("$current")
		chain_list+=("${chains//,/ }")
		rule+=("${rest%%;*}")
		expected+=("${rest#*;}")
		result+=("${line##*;}")
		[ "${expected[-1]}" != "=" ] || expected[-1]=${rule[-1]}
		[ "${result[-1]}" = OK ] || continue
		for chain in ${chain_list[-1]}; do
			echo "$current -A $chain ${rule[-1]}" >>"$work/given"
		done
	done <"$1"
	[ -s "$work/given" ] || die "$1: no rules"
}

# save NAME: what iptables-save prints, in the file NAME.dump, and its rules, as
# "TABLE -A CHAIN RULE", in the file NAME
save() {
	"$iptables-save" >"$work/$1.dump" || note "$iptables-save failed"
	awk '/^\*/ { table = substr($0, 2) } /^-A/ { print table, $0 }' \
		"$work/$1.dump" >"$work/$1"
}

# batch COMMAND FILE...: iptables-restore -A, -C or -D all "TABLE -A CHAIN RULE"s
batch() {
	local command=$1

	shift
	awk -v command="$command" '
		$1 != table { if (table) print "COMMIT"; print "*" (table = $1) }
		{ sub(/^[^ ]+ -A/, command); print }
		END { print "COMMIT" }' "$@" >"$work/batch"
	"$iptables-restore" --noflush <"$work/batch"
}

# same GOT WANTED DESCRIPTION: a test that two files are the same
same() {
	diff "$1" "$2" >"$work/diff"
	ok $? "$3"
	[ ! -s "$work/diff" ] || note "$(<"$work/diff")"
}

# Is each rule saved as its line says, in each of its chains?
check_saved() {
	local name dash chain text i left got wanted
	local -A saved=()

	while read -r name dash chain text; do
		saved["$name $dash $chain"]+=$text$'\n'
	done <"$work/all"
	for i in "${!rule[@]}"; do
		[ "${result[i]}" = OK ] || continue
		got='' wanted=''
		for chain in ${chain_list[i]}; do
			chain="${table[i]} -A $chain"
			# the next one of this chain
			left=${saved[$chain]-}
			got+="$chain ${left%%$'\n'*}"$'\n'
			saved[$chain]=${left#*$'\n'}
			wanted+="$chain ${expected[i]}"$'\n'
		done
		is "$got" "$wanted" "${rule[i]}"
	done
}

# Does -L show what is saved, without the dashes?
check_listed() {
	local name

	awk '{ print $1 }' "$work/all" | uniq >"$work/tables"
	while read -r name; do
		"$iptables" -w -t "$name" -L -n
	done <"$work/tables" | sed -n 's/.* \(ctstate2 .*[^ ]\) *$/\1/p' >"$work/listed"
	sed -n '/-m ctstate2/{s/.*-m ctstate2/ctstate2/; s/ -j.*//; s/--//g; p}' "$work/all" \
		>"$work/wanted"
	same "$work/listed" "$work/wanted" "listed as saved, but for the dashes"
}

test_file() {
	local i status

	note "${1##*/}"
	read_t "$1"
	batch -A "$work/given"
	ok $? "the rules are taken"
	save all
	is "$(wc -l <"$work/all")" "$(wc -l <"$work/given")" "and all of them saved"
	check_saved
	[ "${1##*/}" != libxt_ctstate2.t ] || check_listed

	batch -C "$work/given" "$work/all"
	ok $? "each is found by its text, as given and as saved"

	# Half of them first: a comparison that takes one rule for another shows
	sed -n 'p;n' "$work/all" >"$work/half"
	sed -n 'n;p' "$work/all" >"$work/rest"
	batch -D "$work/half"
	ok $? "every second rule is deleted by its text"
	save left
	sort -o "$work/left" "$work/left"
	sort "$work/rest" >"$work/wanted"
	same "$work/left" "$work/wanted" "and no other"
	batch -D "$work/rest"
	ok $? "so are the others"
	save left
	same "$work/left" /dev/null "and nothing is left"
	batch -C "$work/half" 2>/dev/null
	is $? 1 "what was deleted is not found"

	"$iptables-restore" <"$work/all.dump"
	ok $? "what was saved is restored"
	save again
	same "$work/again" "$work/all" "and is the same then"

	for i in "${!rule[@]}"; do
		eval "set -- ${chain_list[i]%% *} ${rule[i]}"
		if [ "${result[i]}" = FAIL ]; then
			"$iptables" -w -t "${table[i]}" -A "$@" >/dev/null 2>&1
			status=$?
			[ $status -gt 0 ] && [ $status -lt 126 ]
			ok $? "refused: ${rule[i]}"
		elif [ "$i" = 0 ]; then
			# one of the others, to see that it is not the command itself
			"$iptables" -w -t "${table[i]}" -I "$@" &&
				"$iptables" -w -t "${table[i]}" -D "$@"
			ok $? "taken: ${rule[i]}"
		fi
	done
	save again
	same "$work/again" "$work/all" "and nothing is changed by what is refused"
	batch -D "$work/all" || die "the rules of $1 stay"
}

for file in "$tests"/../extensions/*.t; do
	test_file "$file"
done
finish
