#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every iptables command that the man page, the README and doc/ show is a rule that
# iptables takes, and that can be deleted by its own words.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

top=$tests/..

# examples: one command a line, as a reader would type it
examples() {
	sed -n '/^iptables \\-/{s/\\-/-/g;p}' "$top"/extensions/*.man
	grep -oh '`iptables -[A-Zt][^`]*`' "$top/README.md" "$top"/doc/*.md | tr -d '`'
	sed -n '/^```sh$/,/^```$/{/^iptables -/p}' "$top"/doc/*.md
}

examples >"$work/examples"
[ "$(wc -l <"$work/examples")" -ge 4 ] || die "no examples found"
grep -q '^iptables -' "$top/doc/states.md" || die "no examples in doc/states.md"
for iptables in $iptables_variants; do
	setup_ns here
	while IFS= read -r command; do
		eval "words=(${command#iptables })"
		run_in "$here" "$iptables" -w "${words[@]}" &&
			# a chain stays, for the rules that come after it
			{ [ "${words[0]}" = -N ] ||
				run_in "$here" "$iptables" -w "${words[@]/#-[AI]/-D}"; }
		ok $? "$iptables ${words[*]}"
	done <"$work/examples"
done

setup_ns here
run_readme "$here" ruleset
ok $? "the README's ruleset"
is "$(run_in "$here" iptables-save | grep -c ctstate2)$(run_in "$here" ip6tables-save | grep -c ctstate2)" \
	55 "and all of it is there"
run_readme "$here" full
ok $? "the README's rules for a full table"
is "$(run_in "$here" iptables-save | grep -c CTFULL)$(run_in "$here" ip6tables-save | grep -c CTFULL)" \
	22 "and all of them are there"
finish
