#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel trusts no plugin: a rule that ours would not make is refused with
# EINVAL, and a line in the kernel's log says which bits are wrong.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

# Not in the namespace of others
if [ $# = 0 ]; then
	setup_ns fresh
	# shellcheck disable=SC2154 # set by setup_ns
	run_in "$fresh" "$0" inside
	exit
fi

system=$(pkg-config --variable=xtlibdir xtables) || die "no libxtables-dev"

# raw RULE FIELD...: from here on, rules are made of these. A FIELD is NAME:BYTES of what
# userspace sends. The plugins are those of libxt_raw.c.
raw() {
	read -ra rule <<<"$1"
	fields=${*:2}
}

# add IPTABLES [-p PROTOCOL] NAME=VALUE...: a rule with these fields, and zero in the
# others; -1 is all bits of a field. Guests are little-endian.
add() {
	local iptables=$1 hex='' byte i field protocol=()
	local -A value=()

	shift
	if [ "$1" = -p ]; then
		protocol=("$1" "$2")
		shift 2
	fi
	for field; do
		value[${field%=*}]=$((${field#*=}))
	done
	for field in $fields; do
		for ((i = 0; i < ${field#*:}; i++)); do
			byte=$((${value[${field%:*}]-0} >> (i < 8 ? 8 * i : 63) & 255))
			printf -v byte %02x "$byte"
			hex+=$byte
		done
	done
	XTABLES_LIBDIR=$helpers/raw:$system "$iptables" -w ${protocol[@]+"${protocol[@]}"} \
		"${rule[@]}" --raw "$hex" 2>"$work/stderr"
}

# refused IPTABLES DESCRIPTION ARGUMENT...: of add
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
	done | sort
}

# good RULE NAME=VALUE...: is taken, and the real plugin shows it as RULE
taken=
good() {
	local iptables

	for iptables in $iptables_variants; do
		add "$iptables" "${@:2}"
		ok $? "$iptables: taken: $1"
		taken+="$iptables: $1"$'\n'
	done
	is "$(rules)" "$(sort <<<"${taken%$'\n'}")" "the real plugin reads what the kernel took"
}

# logged: what the kernel's log says of all refused rules
logged() {
	dmesg | sed -n 's/.*xt_[A-Za-z0-9]*: rule refused: //p'
}

# bad CASES: lines of DESCRIPTION|WHAT THE LOG SAYS, as a pattern|NAME=VALUE...
bad() {
	local cases=$1 logged_before programs count=0 description regex arguments line

	# The log takes ten lines in 5 s of each extension.
	logged_before=$(logged | wc -l)
	read -ra programs <<<"$iptables_variants"
	while IFS='|' read -r description regex arguments; do
		[ -n "$description" ] || continue
		[ "$count" -gt 0 ] && [ $((count % 10)) = 0 ] && sleep 5.5
		# shellcheck disable=SC2086 # words
		refused "${programs[count++ % ${#programs[@]}]}" "$description" $arguments
	done <<<"$cases"
	logged | tail -n +$((logged_before + 1)) >"$work/log"
	while IFS='|' read -r description regex arguments; do
		[ -n "$description" ] || continue
		line=nothing
		read -r line <&3
		like "$line" "$regex" "the log says so: $description"
	done <<<"$cases" 3<"$work/log"
}

raw "-A INPUT -m ctstate2" \
	match:2 invert:2 state:4 status:4 all_status:4 tcp_state:4 sctp_state:4 reason:4 \
	expires_min:4 expires_max:4 zone:2 direction:1 reserved:9
good "-A INPUT -m ctstate2 ! --state INVALID" match=1 invert=1 state=0x100
bad "
unknown conditions|^unknown conditions .*: 0x8400\$|match=0x8401 state=0x100
no condition|^no condition: 0|state=0x100
inverted, but not there|^inverted .*: 0x2\$|match=1 invert=3 state=0x100
reserved|^reserved .*: 0x12\$|match=1 state=0x100 reserved=0x1200
reserved, at the end|^reserved .*: 0x1\$|match=1 state=0x100 reserved=0x0100000000000000
unknown states|^unknown .* statemask: 0x860\$|match=1 state=0x961
a state over 16 bits|^unknown .* statemask: 0x10000\$|match=1 state=0x10100
no state|^empty statemask: 0|match=1
a state without its condition|^a mask for .*: 0x100\$|match=0x100 state=0x100
unknown status|^unknown .* status mask: 0x21980\$|match=2 status=0x3ffff
no status|^empty status mask: 0|match=2
a status without its condition|^a mask for .*: 0x4\$|match=1 state=0x100 status=4
unknown status|^unknown .* all-status: 0x80\$|match=4 all_status=0x84
no status|^empty mask of all-status: 0|match=4
NONE and another status|^NONE and more .*: 0x10004\$|match=4 all_status=0x10004
unknown TCP states|^unknown TCP states: 0x400\$|match=8 tcp_state=0x408
no TCP state|^no TCP state: 0|match=8
unknown SCTP states|^unknown SCTP states: 0x200\$|match=0x10 sctp_state=0x210
no SCTP state|^no SCTP state: 0|match=0x10
TCP and SCTP|^a TCP state and .*: 0x18\$|match=0x18 tcp_state=8 sctp_state=8
TCP, and UDP|^a TCP state in .*: 0x11\$|-p udp match=8 tcp_state=8
SCTP, and TCP|^an SCTP state in .*: 0x6\$|-p tcp match=0x10 sctp_state=8
a direction that there is not|^not a direction.*: 0x2\$|match=0x20 direction=2
a direction without its condition|^not a direction.*: 0x1\$|match=0x100 direction=1
more at least than at most|^a lifetime of at least .*: 0xa\$|match=0x40 expires_min=10 expires_max=9
a lifetime without its condition|^a lifetime for .*: 0x9\$|match=0x100 expires_max=9
a zone without its condition|^a zone for .*: 0x5\$|match=0x100 zone=5
unknown reasons|^unknown reasons: 0x4000\$|match=0x200 reason=0x4001
no reason|^no reason: 0|match=0x200
a reason without its condition|^a mask for .*: 0x1\$|match=0x100 reason=1
a reason, and NEW|^no packet can match .*: 0x201\$|match=0x201 state=4 reason=1
a direction that NEW has not|^no packet can match .*: 0x21\$|match=0x21 state=4 direction=1
a status, and UNTRACKED|^no packet can match .*: 0x3\$|match=3 state=0x80 status=4
statuses that exclude each other|^no packet can match .*: 0x6\$|match=6 invert=2 status=4 all_status=4
a reason, and a direction|^a reason of .*: 0x20\$|match=0x220 reason=1
a reason, and not a zone|^a reason of INVALID in another .*: 0x80\$|match=0x280 invert=0x80 zone=7 reason=1
"

# Each bit by itself, whatever the log takes
for ((bit = 0; bit < 16; bit++)); do
	printf -v mask 0x%04x $((1 << bit))
	if [ $((0x079f & mask)) = 0 ]; then
		refused iptables-legacy "state $mask" match=1 state=$((mask | 0x100))
	fi
	if [ $((0x03ff & mask)) = 0 ]; then
		refused iptables-legacy "condition $mask" match=$((mask | 1)) state=0x100
	fi
done

raw "-A INPUT -j CTLOG" \
	flags:1 level:1 group:2 prefix:30 zone:2 reserved:4
good "-A INPUT -j CTLOG --log-prefix A" level=4 prefix=0x41
good "-A INPUT -j CTLOG --nflog-group 5" flags=1 group=5
bad "
unknown flags|^unknown flags .*: 0x4\$|flags=7
a zone without its flag|^a zone without its flag: 0x5\$|flags=1 group=5 zone=5
reserved|^reserved .*: 0x12\$|reserved=0x1200
level 8|^not a log level.*: 0x8\$|level=8
a level, and a group|^not a log level.*: 0x4\$|flags=1 level=4 group=5
a group without its flag|^a group without its flag: 0x5\$|level=4 group=5
a new line in the prefix|^a control character .*: 0xa\$|level=4 prefix=0x0a41
DEL in the prefix|^a control character .*: 0x7f\$|level=4 prefix=0x7f
a prefix without an end|^a prefix without .*: 0x1e\$|level=4 prefix=-1
"

raw "-t raw -A PREROUTING -j CTFULL" \
	flags:1 level:1 group:2 warn_at:1 prefix:30 reserved:9 reserve:4 log_rate:4 log_burst:4
full="level=4 warn_at=90 log_rate=10 log_burst=20"
# shellcheck disable=SC2086 # words
good "-A PREROUTING -j CTFULL" $full
bad "
unknown flags|^unknown flags .*: 0x10\$|$full flags=0x10
reserved|^reserved .*: 0x12\$|$full reserved=0x1200
to warn at nothing|^warn-at not .*: 0x0\$|$full warn_at=0
to warn over all|^warn-at not .*: 0x65\$|$full warn_at=101
a reserve of all|^reserve not 1 .*: 0x64\$|$full flags=4 reserve=100
a rate too high|^log rate .*: 0xf4241\$|$full log_rate=1000001
no burst|^log burst .*: 0x0\$|$full log_burst=0
level 8|^not a log level.*: 0x8\$|$full level=8
a level, and a group|^not a log level.*: 0x4\$|$full flags=1 group=5
a group without its flag|^a group without its flag: 0x5\$|$full group=5
a new line in the prefix|^a control character .*: 0xa\$|$full prefix=0x0a41
a prefix without an end|^a prefix without .*: 0x1e\$|$full prefix=-1
"
is "$(rules)" "$(sort <<<"${taken%$'\n'}")" "nothing is changed by what is refused"
finish
