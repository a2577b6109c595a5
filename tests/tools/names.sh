#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Names that are no UTF-8, of namespaces and interfaces: JSON and metrics stay what
# others can read. And a namespace that is none.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
setup_ns ns
odd=$'n\xff'
ip netns add "$odd" || die "no namespace"
namespaces+=("$odd")

# utf8: standard input, if it is that; else nothing
utf8() {
	python3 -c 'import sys; print(sys.stdin.buffer.read().decode("utf-8"), end="")' 2>/dev/null
}

names=$(ctfull status --all --json | utf8 | python3 -c 'import json, sys
print(*sorted(one["namespace"] for one in json.load(sys.stdin)["namespaces"]))')
like "$names" 'n\\xff' "status --all --json: the name, in UTF-8"
like "$(ctfull status --all)" $'namespace    n\\?\n' "status --all: on a terminal, what cannot harm it"
ctfull metrics --all >"$work/metrics"
is $? 0 "metrics --all"
like "$(utf8 <"$work/metrics")" 'conntrack_full_entries\{netns="n\\\\xff"\} 0' "the label, in UTF-8"

# --- A namespace that is none ---

touch /run/netns/none
ctfull status --all --json >"$work/status" 2>/dev/null
is "$? $(python3 -c 'import json, sys
print(["error" in one for one in json.load(sys.stdin)["namespaces"] if one["namespace"] == "none"])' \
	<"$work/status")" "3 [True]" "status --all: one cannot be entered, status 3"
ctfull metrics --all >"$work/metrics" 2>/dev/null
is "$? $(grep -c '^conntrack_full_rules{netns="ns-' "$work/metrics")" "3 1" \
	"metrics --all: status 3, and the others are there"
mv /run/netns/none $'/run/netns/none\xfe'
is "$(ctfull status --all --json 2>/dev/null | utf8 | python3 -c 'import json, sys
print([one["namespace"] for one in json.load(sys.stdin)["namespaces"] if "error" in one])')" \
	"['none\\\\xfe']" "and its name, too"
like "$(ctfull status --all 2>&1 >"$work/status")" 'namespace none\?: cannot be entered' "and in a message"
rm $'/run/netns/none\xfe'

# --- Interfaces ---

device=$'d\xff'
ip -n "$ns" link add name "$device" type dummy || die "no interface"
ip -n "$ns" link set "$device" up
ip -n "$ns" addr add 10.3.0.1/24 dev "$device"
ip -n "$ns" neigh add 10.3.0.9 lladdr 02:00:00:00:00:09 dev "$device"
run_in "$ns" iptables-legacy -t raw -A OUTPUT -j CTFULL --reserve 90% --warn-at 100% ||
	die "no CTFULL"
table_max 100
start ip netns exec "$ns" ctfull monitor --json >"$work/events"
start ip netns exec "$ns" ctfull monitor >"$work/lines"
# event: more packets than there is room for, until one is told of
event() {
	run_in "$ns" python3 -c 'import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(1000, 1040):
    try:
        sock.sendto(b"", ("10.3.0.9", port))
    except PermissionError:
        pass'
	grep -q '"event":"refused"' "$work/events" && grep -q ' refused ' "$work/lines"
}
wait_for 60 event
is "$(utf8 <"$work/events" | python3 -c 'import json, sys
print(*{event["out"] for event in map(json.loads, sys.stdin) if event["event"] == "refused"})')" 'd\xff' "monitor --json: an interface"
is "$(grep -o ' out=[^ ]*' "$work/lines" | sort -u)" " out=d?" "monitor: the same, on a terminal"
finish
