# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the scripts of this folder, which attack the modules with what an ordinary user, a
# remote end or a neighbour may send. What they look for is a complaint of the kernel (see
# ../suite), a guest that dies, and neighbours that suffer; what they count shows that there
# was an attack.
#
# ATTACK_SECONDS: how long all of them may take together (90). ATTACK_SEED: a number that
# begins a sequence again that found something.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

attack_seconds=${ATTACK_SECONDS-90}
[ -n "${ATTACK_SEED-}" ] || ATTACK_SEED=$((SRANDOM % 1000000))
export ATTACK_SEED

# ordinary_user "$@": runs the script again, as an ordinary user who is root in a user
# namespace of their own, and ends; goes on in the script that is run so.
ordinary_user() {
	local status

	if [ "${1-}" = inside ]; then
		mount -t tmpfs none /run || die "a user namespace cannot mount"
		mkdir /run/netns
		return
	fi
	[ "$(id -u)" = 0 ] || die "not root"
	die_at_once
	# Others are loaded for whoever asks. These are there where root uses such things.
	load_for_all || die "modules"
	chmod 666 /dev/net/tun # as udev has it
	# Lists of all connections are to be quick.
	sysctl -qw net.netfilter.nf_conntrack_buckets=1024 || die "nf_conntrack_buckets"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		unshare --user --map-root-user --net --mount "$0" inside
	status=$?
	rm -rf "$work"
	exit "$status"
}

load_for_all() {
	modprobe -a ip{,6}table_{raw,mangle,nat,filter} nf_conntrack tun
}

# die_at_once: what is broken is to end the guest, and not to go on until a limit. That is one
# failed test: its plan is missing.
die_at_once() {
	echo 1 >/proc/sys/kernel/panic_on_oops
	[ ! -e /proc/sys/kernel/softlockup_panic ] || echo 1 >/proc/sys/kernel/softlockup_panic
	# A guest of a busy machine may stand still for a while.
	[ ! -e /proc/sys/kernel/watchdog_thresh ] || echo 60 >/proc/sys/kernel/watchdog_thresh
}

# share: seconds for each of the parts that attack at random; the rest is for what they need
# around it.
share=$((attack_seconds / 12))
[ "$share" -gt 0 ] || share=1

# attack NAME [OPTION]: starts a program of this folder, for a part's share of the time, in
# $lab. attacked waits for it.
attack() {
	note "attack-$1: ATTACK_SECONDS=$attack_seconds ATTACK_SEED=$ATTACK_SEED"
	start run_in "$lab" "$helpers/attack-$1" "$share" "$ATTACK_SEED" "${@:2}" >"$work/$1"
	attacker=$started
}

# attacked NAME [PROCESS]: waits for what attack has started; in accepted[X] and refused[X] is then what
# it has counted.
# shellcheck disable=SC2034 # at_least reads them
declare -A accepted=() refused=()
# shellcheck disable=SC2034
attacked() {
	local name some others

	wait "${2-$attacker}"
	ok $? "attack-$1 has ended as it should"
	while read -r name some others; do
		accepted[$name]=$some refused[$name]=$others
	done <"$work/$1"
	note "$1: name, accepted, refused: $(tr '\n' ';' <"$work/$1")"
}

# at_least NUMBER ARRAY NAME...: what was counted is worth a test
at_least() {
	local -n _array=$2
	local name few=

	for name in "${@:3}"; do
		[ "${_array[$name]-0}" -ge "$1" ] || few+=" $name: ${_array[$name]-0}"
	done
	is "$few" "" "$2, at least $1 times each: ${*:3}"
}

# make_lab: in the variable $lab a router between three tun devices, whose other side is
# packets.c: client, 10.0.1.0/24, zone, 10.0.3.0/24, and server, 10.0.2.0/24, with fd00:N::/64
make_lab() {
	local device number

	setup_ns lab
	forwarding "$lab"
	for device in client:1 server:2 zone:3; do
		number=${device#*:} device=${device%:*}
		configure "$lab" "tuntap add mode tun name $device vnet_hdr" \
			"link set $device mtu 65535 up" \
			"addr add 10.0.$number.1/24 dev $device" \
			"addr add fd00:$number::1/64 dev $device"
		set_sysctl "$lab" "net.ipv4.conf.$device.rp_filter=0"
	done
}

# make_bridge: a bridge in $lab, and packets that go through it until the script ends
make_bridge() {
	local number

	setup_ns left right
	configure "$lab" "link add br0 type bridge" "link set br0 up"
	for number in 1 2; do
		connect "$lab" "port$number" "" "$([ $number = 1 ] && echo "$left" || echo "$right")" \
			eth0 "10.8.0.$number/24 fd00:98::$number/64"
		configure "$lab" "link set port$number master br0"
	done
	start run_in "$left" ping -q -i 0.01 10.8.0.2 >/dev/null
	start run_in "$left" ping -q -i 0.01 fd00:98::2 >/dev/null
}

# make_neighbours [MATCH]: two more namespaces, near and far, that have a firewall, with
# -m ctstate2 --state or MATCH, and nothing to do with what is attacked
make_neighbours() {
	local program

	setup_ns near far
	connect "$near" eth0 "10.9.0.1/24 fd00:99::1/64" "$far" eth0 "10.9.0.2/24 fd00:99::2/64"
	for program in iptables-legacy ip6tables-nft; do
		printf '%s\n' '*filter' ':INPUT DROP' \
			"-A INPUT -p $(by_family $program icmp ipv6-icmp) -j ACCEPT" \
			"-A INPUT -m ${1-ctstate2 --state} ESTABLISHED,RELATED -j ACCEPT" COMMIT |
			run_in "$near" $program-restore || die "$program does not take the rules"
	done
	start ip netns exec "$far" /usr/bin/python3 -c '
import socket
listener = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    peer, _ = listener.accept()
    peer.sendall(bytes(1000000))
    peer.close()
'
	wait_for 60 listening "$far" tcp 80 || die "no server"
}

# neighbours_well WHEN: they get through to each other
neighbours_well() {
	local address

	for address in 10.9.0.2 fd00:99::2; do
		is "$(run_in "$near" timeout 20 nc -d "$address" 80 | wc -c)" 1000000 \
			"neighbours, $1: a transfer from $address"
	done
}

# helpers_opened: in $lab, dialogues got so far
helpers_opened() {
	local helper counts

	counts=$(run_in "$lab" cat /proc/net/nf_conntrack_alg)
	for helper in ftp2 rtsp2; do
		like "$counts" "$helper opened [1-9]" "$helper has opened something"
	done
}

# modules_go: nothing keeps a module of this project
modules_go() {
	wait_for 60 modprobe -r xt_ctfull xt_ctstate2 nf_conntrack_ftp2 nf_conntrack_rtsp2
	ok $? "the modules can go"
	lsmod | grep -E '^(xt_ct|nf_conntrack_(alg|ftp2|rtsp2))' | sed 's/^/# /'
}
