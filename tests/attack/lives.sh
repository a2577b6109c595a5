#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Rules, tables, namespaces, modules, helpers, limits and connections come and go at random,
# while packets of all kinds come by and ctnetlink makes connections of its own.
. "$(dirname "${BASH_SOURCE[0]}")/attack.bash" || exit

[ "$(id -u)" = 0 ] || die "not root"
die_at_once
modprobe -a tun nf_conntrack nf_conntrack_netlink || die "modules"
sysctl -qw net.netfilter.nf_conntrack_buckets=1024
make_lab
make_neighbours "conntrack --ctstate"
# for both, so that the setting of the limit goes back when the script ends
table_max 100
programs=(iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft)
rules=(
	"raw PREROUTING -j CTFULL --log-rate 0 --reserve 10%"
	"raw OUTPUT -j CTFULL --on-full untrack --nflog-group 3"
	"raw PREROUTING -p tcp -m multiport --ports 21 -j CT --helper ftp2"
	"raw PREROUTING -p tcp -m multiport --ports 554 -j CT --helper rtsp2"
	"raw PREROUTING -i zone -j CT --zone 7"
	"raw PREROUTING -m ctfull --new-connection"
	"mangle FORWARD -m ctfull --above 10%:5% -j CTLOG --nflog-group 3"
	"mangle PREROUTING -m ctstate2 --invalid-reason TCP_WINDOW,TCP_STATE,OTHER -j CTLOG --nflog-group 3"
	"mangle FORWARD -m ctstate2 --state ESTABLISHED,SNAT --expires 1:100"
	"filter FORWARD -m ctstate2 --all-status SEQ_ADJUST,HELPER ! --tcp-state CLOSE"
	"filter FORWARD -m ctstate2 --offloadable"
	"mangle PREROUTING -m ctstate2 --status SEEN_REPLY,SNAT --expires 0:300 -j CTFORGET"
	"nat POSTROUTING -o server -j MASQUERADE"
)
modules=(xt_CTFORGET xt_ctstate2 xt_ctfull nf_conntrack_ftp2 nf_conntrack_rtsp2 nf_conntrack_alg)
files=()

# random BELOW: sets $dice
random() {
	dice=$((RANDOM % $1))
}

# Each does one thing, and fails if it cannot be done now.
rule_comes() {
	local words

	random ${#rules[@]}
	read -ra words <<<"${rules[dice]}"
	random 4
	run_in "$lab" "${programs[dice]}" -w -t "${words[0]}" -I "${words[@]:1}"
}

table_goes() {
	local tables=(raw mangle filter nat)

	random 4
	set -- "${tables[dice]}"
	random 4
	run_in "$lab" "${programs[dice]}" -w -t "$1" -F
}

namespace_comes_and_goes() {
	local name=life-$$-$RANDOM status

	ip netns add "$name" || return
	ip -n "$name" link set lo up
	run_in "$name" iptables-nft -t raw -A OUTPUT -j CTFULL --reserve 1 &&
		run_in "$name" ip6tables-legacy -A OUTPUT -m ctstate2 --state NEW -j CTLOG --nflog-group 3 &&
		run_in "$name" "$helpers/flows" 127.0.0.1 50 1000 0
	status=$?
	ip netns del "$name"
	return $status
}

module_goes() {
	# its rules first
	for program in "${programs[@]}"; do
		for table in raw mangle filter; do
			run_in "$lab" "$program" -w -t $table -F
		done
	done
	random ${#modules[@]}
	modprobe -r "${modules[dice]}"
}

module_is_asked_to_go() {
	random ${#modules[@]}
	modprobe -r "${modules[dice]}"
}

module_comes() {
	random ${#modules[@]}
	modprobe "${modules[dice]}"
}

connections_go() {
	run_in "$lab" conntrack -F
}

helper_goes() {
	run_in "$lab" conntrack -D -p tcp --orig-port-dst 21
}

limit_changes() {
	local limits=(0 30 40 100 10000)

	random ${#limits[@]}
	echo "${limits[dice]}" >/proc/sys/net/netfilter/nf_conntrack_max
}

setting_changes() {
	local settings=(tcp_be_liberal tcp_loose checksum udp_timeout)

	random ${#settings[@]}
	set -- "${settings[dice]}"
	random 2
	set_sysctl "$lab" "net.netfilter.nf_conntrack_$1=$dice"
}

device_goes_and_comes() {
	run_in "$lab" ip link set client down
	run_in "$lab" ip link set client up
}

figures() {
	run_in "$lab" ctfull status
}

kinds=(rule_comes rule_comes rule_comes rule_comes table_goes namespace_comes_and_goes module_goes
	module_is_asked_to_go module_comes connections_go helper_goes limit_changes setting_changes
	device_goes_and_comes figures)
needed=(table_goes module_goes module_comes connections_go limit_changes setting_changes
	namespace_comes_and_goes device_goes_and_comes)

# live SEED FILE: until its time is over. Each kind has its turn first, then any; one that is
# needed and could not be done has another turn, for up to eight times the time.
live() {
	local -A done_=() failed=()
	local end=$((SECONDS + share)) latest=$((SECONDS + 8 * share)) kind todo=("${kinds[@]}")

	trap - EXIT
	RANDOM=$1
	while [ $SECONDS -lt $end ] || { [ ${#todo[@]} -gt 0 ] && [ $SECONDS -lt $latest ]; }; do
		random ${#kinds[@]}
		kind=${todo[0]-${kinds[dice]}}
		todo=("${todo[@]:1}")
		if $kind >/dev/null 2>&1; then
			done_[$kind]=$((${done_[$kind]-0} + 1))
			continue
		fi
		failed[$kind]=$((${failed[$kind]-0} + 1))
		if [[ " ${needed[*]} " = *" $kind "* ]]; then
			random ${#kinds[@]}
			todo+=("${kinds[dice]}" "$kind")
		fi
	done
	for kind in "${!done_[@]}" "${!failed[@]}"; do
		echo "$kind ${done_[$kind]-0} ${failed[$kind]-0}"
	done | sort -u >"$2"
}

start run_in "$lab" nice -n 5 "$helpers/attack-packets" "$share" "$ATTACK_SEED" >"$work/packets"
waiting=("$started")
start run_in "$lab" nice -n 5 "$helpers/attack-conntrack" "$share" "$ATTACK_SEED" >"$work/conntrack"
waiting+=("$started")
for ((i = 0; i < $(nproc); i++)); do
	start live $((ATTACK_SEED + i)) "$work/live$i"
	waiting+=("$started")
	files+=("$work/live$i")
done
note "lives: ATTACK_SECONDS=$attack_seconds ATTACK_SEED=$ATTACK_SEED, $(nproc) processors"
sleep $((share / 2))	# amid the attack
neighbours_well "meanwhile"
failures=
for process in "${waiting[@]}"; do
	wait "$process" || failures+=" $process"
done
is "$failures" "" "all have ended as they should"
neighbours_well "afterwards"
declare -A accepted refused
while read -r name some others; do
	accepted[$name]=$((accepted[$name] + some))
	refused[$name]=$((refused[$name] + others))
done < <(cat "${files[@]}" "$work/packets" "$work/conntrack")
note "name, done, not possible: $(cat "${files[@]}" | tr '\n' ';')"
at_least 4 accepted rule_comes
at_least 1 accepted "${needed[@]}"
at_least 100 accepted sent received new helped

table_max 100
ip netns del "$lab"
modules_go
finish
