#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel trusts no plugin: a rule that ours would not make is refused with
# EINVAL, and a line in the kernel's log says which bits are wrong.
. "$(dirname "$0")/../lib.sh"

# Not in the namespace of others
if [ $# = 0 ]; then
	setup_ns fresh
	# shellcheck disable=SC2154 # set by setup_ns
	run_in "$fresh" "$0" inside
	exit
fi

# What userspace sends is words of 16 bits: the conditions, those that are
# inverted, the statemask, and so many that are reserved
known_conditions=0x0001
known_states=0x079f
reserved=21
invalid=0x0100

system=$(pkg-config --variable=xtlibdir xtables) || die "no libxtables-dev"
gcc -Wall -Wextra -Werror -fPIC -shared -I"$tests/../include" \
	-o "$work/libxt_ctstate2.so" "$tests/ctstate2/libxt_ctstate2_raw.c" ||
	die "cannot build the plugin"

# add IPTABLES WORD...: a rule of these words, and zeros for the others. Guests
# are little-endian.
add() {
	local iptables=$1 hex='' byte i

	shift
	for ((i = 0; i < 3 + reserved; i++)); do
		printf -v byte '%02x%02x' $((${1-0} & 255)) $((${1-0} >> 8))
		hex+=$byte
		[ $# = 0 ] || shift
	done
	XTABLES_LIBDIR=$work:$system "$iptables" -w -A INPUT -m ctstate2 --raw "$hex" \
		2>"$work/stderr"
}

# refused IPTABLES DESCRIPTION WORD...
refused() {
	local iptables=$1 description=$2 status message

	shift 2
	add "$iptables" "$@"
	status=$?
	message=$(<"$work/stderr")
	like "$status $message" "^[1-9].*Invalid argument" \
		"$iptables: refused: $description"
}

# rules: what there is, as the real plugin shows it
rules() {
	local iptables

	for iptables in $iptables_variants; do
		"$iptables-save" 2>/dev/null | sed -n "s/^-A/$iptables: &/p"
	done
}

# logged: what the kernel's log says of all refused rules
logged() {
	dmesg | sed -n 's/.*xt_ctstate2: rule refused: //p'
}

wanted=
for iptables in $iptables_variants; do
	add "$iptables" "$known_conditions" "$known_conditions" "$invalid"
	ok $? "$iptables: taken: a good one"
	wanted+="$iptables: -A INPUT -m ctstate2 ! --state INVALID"$'\n'
done
is "$(rules)" "${wanted%$'\n'}" "the real plugin reads what the kernel took"

# The log takes ten lines in 5 s, and these nine are the first.
before=$(logged | wc -l)
[ "$before" = 0 ] || sleep 6
expected=()
# logged_refusal REGEX IPTABLES DESCRIPTION WORD...
logged_refusal() {
	expected+=("$1")
	shift
	refused "$@"
}
logged_refusal '^unknown conditions .*: 0x8002$' iptables-legacy "unknown conditions" 0x8003 0 $invalid
logged_refusal '^no condition: 0' iptables-legacy "no condition" 0 0 $invalid
logged_refusal '^inverted .*: 0x2$' iptables-legacy "inverted, but not there" 1 3 $invalid
logged_refusal '^reserved .*: 0x1200$' iptables-legacy "reserved" 1 0 $invalid 0 0 0x1200
logged_refusal '^unknown .* statemask: 0x860$' iptables-legacy "unknown states" 1 0 0x0961
logged_refusal '^empty statemask: 0' iptables-legacy "no state" 1 0 0
logged_refusal '^unknown .* statemask: 0x8000$' iptables-nft "unknown state" 1 0 0x8100
logged_refusal '^unknown conditions .*: 0x10$' ip6tables-legacy "unknown condition" 0x11 0 $invalid
logged_refusal '^reserved .*: 0xff$' ip6tables-nft "reserved" 1 0 $invalid 0xff
logged | tail -n +$((before + 1)) >"$work/log"
for regex in "${expected[@]}"; do
	line=nothing
	read -r line <&3
	like "$line" "$regex" "the log says so: $regex"
done 3<"$work/log"

# Each bit by itself, whatever the log takes
for ((bit = 0; bit < 16; bit++)); do
	mask=$((1 << bit))
	printf -v name 0x%04x $mask
	if [ $((known_states & mask)) = 0 ]; then
		refused iptables-legacy "state $name" $known_conditions 0 $((mask | invalid))
	fi
	if [ $((known_conditions & mask)) = 0 ]; then
		refused iptables-legacy "condition $name" $((mask | known_conditions)) 0 $invalid
	fi
done
words=()
for ((i = 0; i < reserved; i++)); do
	refused iptables-legacy "reserved word $i" $known_conditions 0 $invalid \
		${words[@]+"${words[@]}"} 1
	words+=(0)
done
is "$(rules)" "${wanted%$'\n'}" "nothing is changed by what is refused"
finish
