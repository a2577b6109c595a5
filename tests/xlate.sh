#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: xlate.sh [BUILD]
# iptables-translate prints what extensions/*.txlate say (the format is that of iptables'
# own). Takes the plugins from the build folder BUILD (default: build/debian-6.12); needs no
# root and no kernel.
# usage: xlate.sh --nft
# nft takes the translations, and lists them as they are. In a guest.
case ${1-} in
--nft) . "$(dirname "${BASH_SOURCE[0]}")/lib.sh" || exit ;;
*) . "$(dirname "${BASH_SOURCE[0]}")/tap.sh" || exit ;;
esac
case $#${1-} in
0* | 1[!-]* | 1--nft) ;;
*) no_arguments "$@" ;;
esac

# Each pair of the files, in arrays: a command line, and what it prints
read_pairs() {
	local file line

	commands=() outputs=()
	for file in "$tests"/../extensions/*.txlate; do
		while IFS= read -r line; do
			case $line in
			'' | '#'*) ;;
			ip*tables-translate\ *) commands+=("$line") ;;
			'nft '*) outputs+=("$line") ;;
			*) die "$file: not understood: $line" ;;
			esac
			case $((${#commands[@]} - ${#outputs[@]})) in
			0 | 1) ;;
			*) die "$file: a command and its output do not follow each other: $line" ;;
			esac
		done <"$file"
	done
	[ ${#commands[@]} -gt 0 ] || die "no pairs"
	[ ${#commands[@]} = ${#outputs[@]} ] || die "${commands[-1]}: no output"
}

translate() {
	local system i got

	[ -n "$(ls "$1"/extensions/libxt_*.so 2>/dev/null)" ] || die "$1: no plugins there"
	system=$(pkg-config --variable=xtlibdir xtables) || die "no libxtables-dev"
	export XTABLES_LIBDIR=$1/extensions:$system
	for i in "${!commands[@]}"; do
		eval "set -- ${commands[i]}"
		got=$("$@" 2>&1)
		is "${got%"${got##*[! ]}"}" "${outputs[i]}" "${commands[i]}"
	done
}

# sort_lists FILE: puts each "new,established" and each "{ 1, 2 }" in one order, and
# "& (a | b) == a | b", as nft has it since 1.1, as "a,b / a,b". Newer ones also have names for
# two bits of the status.
sort_lists() {
	# shellcheck disable=SC2016
	perl -i -pe 's/& \(([^)]*)\) (?:==|(!=)) ((?:[\w-]+ \| )*[\w-]+)/($2 ? "!= " : "") . "$3 \/ $1"/e;
		s/ \| /,/g;
		s/\bseq-adjust\b/0x40/g;
		s/\bfixed-timeout\b/0x400/g;
		s/([\w-]+(?:,[\w-]+)+)/join ",", sort split ",", $1/ge;
		s/(?<=\{ )([^}]*)(?= \})/join ", ", sort split ", ", $1/ge' "$1"
}

load() {
	local output family table chain rule left
	local -A listed=()

	# "FAMILY TABLE CHAIN RULE": what is translated, and what nft lists of that
	for output in "${outputs[@]}"; do
		[[ $output = "nft 'add rule "*"'" ]] || continue
		output=${output#"nft 'add rule "}
		echo "${output%"'"}"
	done >"$work/wanted"
	[ -s "$work/wanted" ] || die "no translations"
	awk '{ print "add table", $1, $2; print "add chain", $1, $2, $3
		print "add rule", $0 }' "$work/wanted" >"$work/nft"
	setup_ns fresh
	# shellcheck disable=SC2154 # set by setup_ns
	run_in "$fresh" nft -f "$work/nft"
	ok $? "nft takes the translations"
	run_in "$fresh" nft --stateless list ruleset | awk '
		$1 == "table" { table = $2 " " $3; next }
		$1 == "chain" { chain = table " " $2; next }
		$1 != "}" { sub(/^[ \t]*/, ""); print chain, $0 }' >"$work/listed"
	sort_lists "$work/wanted"
	sort_lists "$work/listed"

	while read -r family table chain rule; do
		listed["$family $table $chain"]+=$rule$'\n'
	done <"$work/listed"
	while read -r family table chain rule; do
		chain="$family $table $chain"
		# the next one of this chain
		left=${listed[$chain]-}
		is "$chain ${left%%$'\n'*}" "$chain $rule" "listed: $rule"
		listed[$chain]=${left#*$'\n'}
	done <"$work/wanted"
}

read_pairs
if [ "${1-}" = --nft ]; then
	load
else
	translate "${1-"$tests/../build/debian-6.12"}"
fi
finish
