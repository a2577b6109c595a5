# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the test scripts, which run as root in a guest (see vm/run). A script sources this, tests,
# and ends with `finish`. Anywhere else than in a guest, it ends here. What a script made with
# these functions goes when the script ends. NS is a network namespace, IPTABLES one of the four
# programs iptables-legacy, iptables-nft, ip6tables-legacy and ip6tables-nft.
#
# Variables
#   $tests $work $helpers     the folder of this file; a scratch folder; programs for guests
#   $iptables_variants        which IPTABLES a script tries its rules with
#   $states                   the words of -m ctstate2 --state, of which a packet has one
#   $lasting                  options of conntrack(8) for entries that stay
# What functions leave in variables, as a subshell takes milliseconds in a guest, and loses
# what it has started
#   $client $router ...       setup_ns, topology_*: what ip(8) calls a namespace
#   $started                  start: the process
#   $result                   send
#   ${seen[NAME]}             read_states
#   ${figure[NAME]} ${grown[NAME]}   read_figures
#   ${saved[@]}               saved
#
# Results (TAP, in tap.sh)
#   ok STATUS WHAT            passed if STATUS is 0
#   is GOT WANTED WHAT        passed if both are the same
#   like TEXT REGEX WHAT      passed if it matches
#   skip WHY WHAT; note TEXT; die WHY; finish
# Namespaces
#   setup_ns NAME...          makes them, and variables of these names
#   run_in NS COMMAND...      a program or a builtin there
#   set_sysctl NS NAME=VALUE...; configure NS "IP COMMAND"...
#   connect NS DEV "ADDR..." NS DEV "ADDR..."   a veth pair; plugged NS DEV "ADDR...": an end
#   forwarding NS             routes
#   topology_router           client - router - server
#   nowhere                   and behind the server, addresses that do not answer
#   topology_two_routers      client - router1, router2 - server: one way each
#   hold_code NS              keeps the kernel from patching itself under traffic
# Rules and what they count
#   is_ipv6 IPTABLES; by_family IPTABLES FOR_IPV4 FOR_IPV6
#   for_each_iptables "$@"    runs the script with each IPTABLES
#   watch_rules NS IPTABLES TABLE "NAME=CHAIN MATCH..."...   sets them; counted prints what they
#                             have counted: counted NS IPTABLES TABLE
#   watch_tcp NS IPTABLES [MATCH...]   so, for each sub-state of TCP
#   watch_states NS IPTABLES TABLE "NAME=CHAIN MATCH..."...  so, for each state; read_states NS
#                             IPTABLES TABLE reads them
#   counting_rule NS IPTABLES TABLE CHAIN NAME MATCH...      one more; packets NS IPTABLES TABLE
#                             NAME prints its count
#   saved NS IPTABLES TABLE   reads the table; zero NS IPTABLES TABLE: its counters
#   tables_persist            do an owner's nft tables stay when it is killed?
# The table of connections
#   entry_count NS            prints how many entries there are; forget NS: none
#   table_max NUMBER          nf_conntrack_max
#   tracks PROTOCOL           has the kernel a tracker for udplite or dccp?
#   entry_lines COUNT PORT OPTION...   prints entries; load_entries NS takes $work/entries
#   fill NS COUNT [PORT]      that many which stay
#   flows NS ADDRESS COUNT [PORT [MICROSECONDS]]   packets, of as many flows
#   start_flood NS ADDRESS... packets without an end
#   read_figures [--mark] NS IPTABLES   all that is known of the table
#   json NS PYTHON ARG...     prints PYTHON of what ctfull ARG... says
# Packets (ctstate2/packets.py)
#   start_packets [--sockets] NAME=NS...; send PYTHON; stop_packets
# Documentation
#   readme_block BLOCK [FILE] prints its commands; run_readme NS BLOCK [FILE] runs them
# Completion, in the shell
#   load_completion PROGRAM   as a shell does
#   complete_words PROGRAM WORD...   leaves in COMPREPLY what is proposed for the last one
#   completes WANTED PROGRAM WORD...   passed if that is proposed
#   completes_options PROGRAM COMMAND...   passed for each whose options are proposed
# Processes
#   start COMMAND...          in the background
#   wait_for SECONDS COMMAND...   until it succeeds, at most so long
#   ping_from NS ADDRESS; listening NS tcp|udp PORT [COUNT]
#   listening_to_events NS; all_events_read NS     generic netlink's
#   start_ulogd NS            writes group 7 to $work/json
. "${BASH_SOURCE[0]%/*}/vm/in_guest.sh" || exit
. "${BASH_SOURCE[0]%/*}/tap.sh" || exit

namespaces=()
background=()
# What vm/prepare built for guests
helpers=$tests/../build/${VM_KERNEL-}/helpers
[ -z "${VM_KERNEL-}" ] || enable -f "$helpers/netns.so" netns || exit

# --- Namespaces ---

# setup_ns NAME...: makes a network namespace for each NAME, and a variable NAME
# that holds what it is called for ip(8). They go when the script ends.
setup_ns() {
	local _name _ns _new=() # not the names of a caller

	for _name; do
		_ns=$_name-$$-${#namespaces[@]}
		namespaces+=("$_ns")
		_new+=("$_ns")
		printf -v "$_name" %s "$_ns"
	done
	printf 'netns add %s\n' "${_new[@]}" | ip -batch - || die "cannot make a network namespace"
	for _ns in "${_new[@]}"; do
		# No addresses that a test did not set, and none that wait for others
		set_sysctl "$_ns" net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.mldv2_unsolicited_report_interval=0 2>/dev/null
		configure "$_ns" "link set lo up"
	done
}

# run_in NAMESPACE COMMAND...: a program or a builtin, and no function; NAMESPACE may be "",
# the first one. Moves this shell there and back (see vm/netns.c): `ip netns exec` takes longer
# than most programs.
run_in() {
	local status

	netns ${1:+"$1"} || return
	command "${@:2}"
	status=$?
	netns
	return "$status"
}

# set_sysctl NAMESPACE NAME=VALUE...
set_sysctl() {
	local item name status=0

	netns "$1" || return
	for item in "${@:2}"; do
		name=${item%%=*}
		echo "${item#*=}" >"/proc/sys/${name//.//}" || status=1
	done
	netns
	return "$status"
}

# configure NAMESPACE COMMAND...: what ip(8) does there
configure() {
	printf '%s\n' "${@:2}" | ip -n "$1" -batch - || die "ip does not take: ${*:2}"
}

# connect NS1 DEV1 ADDR1 NS2 DEV2 ADDR2: a veth pair. An ADDR is "IPV4/LEN IPV6/LEN".
connect() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4" ||
		die "cannot connect $1 and $4"
	plugged "$1" "$2" "$3"
	plugged "$4" "$5" "$6"
}

# plugged NS DEV ADDR: the device is there, and gets its addresses
plugged() {
	local addr commands=()

	for addr in $3; do
		commands+=("addr add $addr dev $2")
	done
	configure "$1" "${commands[@]}" "link set $2 up"
}

forwarding() {
	set_sysctl "$1" net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# topology_router: variables $client, $router, $server
#
#    client                     router                      server
#     eth0 ------------------ eth1  eth2 ------------------- eth0
#   10.0.1.2                10.0.1.1  10.0.2.1             10.0.2.2
#   fd00:1::2              fd00:1::1  fd00:2::1            fd00:2::2
topology_router() {
	setup_ns client router server
	forwarding "$router"
	printf 'link add eth0 netns %s type veth peer name %s netns %s\n' \
		"$client" eth1 "$router" "$server" eth2 "$router" | ip -batch - ||
		die "cannot connect $router"
	configure "$client" "addr add 10.0.1.2/24 dev eth0" "addr add fd00:1::2/64 dev eth0" \
		"link set eth0 up" "route add default via 10.0.1.1" \
		"route add default via fd00:1::1"
	configure "$router" "addr add 10.0.1.1/24 dev eth1" "addr add fd00:1::1/64 dev eth1" \
		"addr add 10.0.2.1/24 dev eth2" "addr add fd00:2::1/64 dev eth2" \
		"link set eth1 up" "link set eth2 up"
	configure "$server" "addr add 10.0.2.2/24 dev eth0" "addr add fd00:2::2/64 dev eth0" \
		"link set eth0 up" "route add default via 10.0.2.1" \
		"route add default via fd00:2::1"
}

# nowhere: what is sent from the client to 10.0.9.0/24 or fd00:9::/64 goes through the
# router of topology_router, and ends without an answer. The router's entries of it last for
# an hour: 30 s, the default, may be over before a slow machine has counted them. Call it when
# the tracker is loaded.
nowhere() {
	configure "$router" "route add 10.0.9.0/24 via 10.0.2.2" \
		"route add fd00:9::/64 via fd00:2::2"
	set_sysctl "$router" net.netfilter.nf_conntrack_{udp,icmp,icmpv6}_timeout=3600 ||
		die "no lifetimes"
}

# topology_two_routers: variables $client, $router1, $router2, $server. What the
# client sends goes through router1, what the server sends through router2.
#
#               10.0.1.1 eth1 router1 eth2 10.0.2.1
#               /           fd00:1::1, fd00:2::1  \
#   client eth0                                    eth0 server
#  10.0.1.2     \                                 /     10.0.2.2
#  fd00:1::2     10.0.3.1 eth1 router2 eth2 10.0.4.1    fd00:2::2
#          eth1 10.0.3.2   fd00:3::1, fd00:4::1   eth1 10.0.4.2
topology_two_routers() {
	local ns

	setup_ns client router1 router2 server
	forwarding "$router1"
	forwarding "$router2"
	connect "$client" eth0 "10.0.1.2/24 fd00:1::2/64" \
		"$router1" eth1 "10.0.1.1/24 fd00:1::1/64"
	connect "$server" eth0 "10.0.2.2/24 fd00:2::2/64" \
		"$router1" eth2 "10.0.2.1/24 fd00:2::1/64"
	connect "$client" eth1 "10.0.3.2/24 fd00:3::2/64" \
		"$router2" eth1 "10.0.3.1/24 fd00:3::1/64"
	connect "$server" eth1 "10.0.4.2/24 fd00:4::2/64" \
		"$router2" eth2 "10.0.4.1/24 fd00:4::1/64"
	for ns in "$client" "$server"; do
		set_sysctl "$ns" net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0
	done
	configure "$client" "route add default via 10.0.1.1" "route add default via fd00:1::1"
	configure "$server" "route add default via 10.0.4.1" "route add default via fd00:4::1"
	configure "$router2" "route add 10.0.1.0/24 via 10.0.3.2" \
		"route add fd00:1::/64 via fd00:3::2"
}

# --- iptables ---

# The programs that a script tries its rules with: all four if check was asked for all,
# else two of them, legacy and nft, IPv4 and IPv6, and on each kind of kernel other ones.
# shellcheck disable=SC2034 # for the scripts
case ${VM_KERNEL-}/${CHECK_ALL-} in
*/?*) iptables_variants="iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft" ;;
debian-6.1/) iptables_variants="iptables-nft ip6tables-legacy" ;;
*) iptables_variants="iptables-legacy ip6tables-nft" ;;
esac

# for_each_iptables "$@": in a script without arguments, runs the script itself for
# each of the four, in a fresh namespace, with its name as the argument, and ends.
for_each_iptables() {
	local program

	[ $# = 0 ] || return
	for program in iptables-legacy iptables-nft ip6tables-legacy ip6tables-nft; do
		setup_ns fresh
		run_in "$fresh" "$0" "$program" | sed 's/^/    /'
		ok "${PIPESTATUS[0]}" "$program"
	done
	finish
}

# tables_persist: do an owner's nft tables stay when it is killed? From Linux 6.9 on.
tables_persist() {
	[ "$(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -n 1)" = 6.9 ]
}

# is_ipv6 IPTABLES
is_ipv6() {
	[[ $1 = ip6* ]]
}

# by_family IPTABLES FOR_IPV4 FOR_IPV6
by_family() {
	if is_ipv6 "$1"; then echo "$3"; else echo "$2"; fi
}

# hold_code NS: sees to it that the kernel does not patch its own code under traffic,
# which it does when the first hook of a kind is registered and when the last one goes, and
# so with sockets that want the time of packets, as ping's does. QEMU before 8.1 may then go
# on running the breakpoint that stands there meanwhile: "Oops: int3". A table with each kind
# of hook, and such a socket, from before there is traffic, keep the code as it is.
hold_code() {
	local hook

	{
		echo "table inet hold {"
		for hook in prerouting input forward output postrouting; do
			echo "chain $hook { type filter hook $hook priority 500; }"
		done
		echo "}"
	} | run_in "$1" nft -f - || die "nft does not take the table"
	start /usr/bin/python3 -c 'import signal, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
    held.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP
    open(sys.argv[1], "w").close()
    signal.pause()' "$work/held"
	wait_for 60 test -e "$work/held" || die "no socket with time stamps"
	sleep 0.2	# the kernel does it a little later, and nothing tells of it
}

# saved NS IPTABLES TABLE: the lines of iptables-save -c, in the array of this name
saved() {
	# A file, and no pipe, which bash reads byte by byte
	run_in "$1" "$2-save" -c -t "$3" >"$work/save" 2>/dev/null || die "$2-save"
	mapfile -t saved <"$work/save"
}

# counting_rule NS IPTABLES TABLE CHAIN NAME MATCH...: a rule that only counts;
# NAME is what `packets` finds it by
counting_rule() {
	local ns=$1 iptables=$2 table=$3 chain=$4 name=$5

	shift 5
	run_in "$ns" "$iptables" -w -t "$table" -A "$chain" "$@" \
		-m comment --comment "$name" || die "$iptables does not take: $*"
}

# packets NS IPTABLES TABLE NAME: how many packets the rule NAME has counted
packets() {
	local line

	saved "$@"
	for line in "${saved[@]}"; do
		[[ $line =~ ^\[([0-9]+):.*\ --comment\ \"?$4\"?( |$) ]] && echo "${BASH_REMATCH[1]}"
	done
}

# zero NS IPTABLES TABLE: sets the counters to 0
zero() {
	run_in "$1" "$2" -w -t "$3" -Z
}

# --- States ---

# What -m ctstate2 calls the states; a packet is in one of them
states="NEW ESTABLISHED_ORIGINAL ESTABLISHED_REPLY RELATED_ORIGINAL RELATED_REPLY
	INVALID UNTRACKED"
declare -A seen=()

# watch_states NS IPTABLES TABLE "NAME=CHAIN MATCH..."...: empties TABLE, then adds
# to each CHAIN rules that count, of the packets that MATCH fits, those in each
# state, and all of them. NAME= is for read_states; without it, the name is CHAIN.
watch_states() {
	local ns=$1 iptables=$2 table=$3 item chain name rule state

	shift 3
	{
		echo "*$table"
		for item; do
			chain=${item%% *}
			name=${chain%%=*}
			rule="-A ${chain#*=}${item#"$chain"}"
			for state in $states; do
				echo "$rule -m ctstate2 --state $state" \
					"-m comment --comment $name-$state"
			done
			echo "$rule -m comment --comment $name-all"
		done
		echo COMMIT
	} | run_in "$ns" "$iptables-restore" -w || die "$iptables does not take: $*"
}

# read_states NS IPTABLES TABLE: what the rules of watch_states have counted, for
# each NAME in seen[NAME], such as "NEW=1 ESTABLISHED_REPLY=2 all=3"
# shellcheck disable=SC2034 # for the scripts
read_states() {
	local line name
	local rule='^\[([0-9]+):.*--comment "?([A-Za-z-]+)-([A-Za-z_]+)'

	saved "$@"
	seen=()
	for line in "${saved[@]}"; do
		[[ $line =~ $rule ]] || continue
		name=${BASH_REMATCH[2]}
		seen[$name]=${seen[$name]-}
		[ "${BASH_REMATCH[1]}" = 0 ] && continue
		seen[$name]+="${seen[$name]:+ }${BASH_REMATCH[3]}=${BASH_REMATCH[1]}"
	done
}

# watch_rules NS IPTABLES TABLE "NAME=CHAIN MATCH..."...: empties TABLE, then adds to each
# CHAIN a rule that counts the packets that MATCH fits
watch_rules() {
	local ns=$1 iptables=$2 table=$3 item rule

	shift 3
	{
		echo "*$table"
		for item; do
			rule=${item#*=}
			echo "-A ${rule%% *} ${rule#* } -m comment --comment ${item%%=*}"
		done
		echo COMMIT
	} | run_in "$ns" "$iptables-restore" -w || die "$iptables does not take: $*"
}

# counted NS IPTABLES TABLE: what the rules of watch_rules have counted, in their order and
# without those that counted nothing, such as "NAME=1 OTHER=2"
counted() {
	local line found=()

	saved "$@"
	for line in "${saved[@]}"; do
		[[ $line =~ ^\[([1-9][0-9]*):.*--comment\ \"?([A-Za-z0-9_-]*) ]] &&
			found+=("${BASH_REMATCH[2]}=${BASH_REMATCH[1]}")
	done
	echo "${found[*]-}"
}

# watch_tcp NS IPTABLES [MATCH...]: what MATCH fits of the TCP packets that NS
# forwards, by direction and sub-state: ORIGINAL-SYN_SENT and so on
watch_tcp() {
	local ns=$1 iptables=$2 state direction items=()

	shift 2
	for state in NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK \
		     TIME_WAIT CLOSE SYN_SENT2; do
		for direction in ORIGINAL REPLY; do
			items+=("$direction-$state=FORWARD -p tcp $* -m ctstate2 --direction $direction --tcp-state $state")
		done
	done
	watch_rules "$ns" "$iptables" mangle "${items[@]}"
}

# forget NS: removes all of its conntrack entries
forget() {
	run_in "$1" conntrack -F 2>/dev/null || die "conntrack -F"
}

# --- The table ---

# entry_count NS: how many entries there are
entry_count() {
	local count

	netns "$1" && read -r count </proc/sys/net/netfilter/nf_conntrack_count && echo "$count"
	netns
}

# table_max NUMBER: nf_conntrack_max, which all namespaces have in common, until the
# script ends
table_max() {
	: "${table_max_before=$(</proc/sys/net/netfilter/nf_conntrack_max)}"
	echo "$1" >/proc/sys/net/netfilter/nf_conntrack_max || die "nf_conntrack_max"
}

# tracks PROTOCOL: has the kernel a tracker for it, as newer ones have not for udplite and dccp?
tracks() {
	grep -qw "nf_conntrack_$1_packet" /proc/kallsyms
}

# entry_lines COUNT FIRST OPTION...: for load_entries, COUNT entries from source port
# FIRST on, which last
entry_lines() {
	local i

	for ((i = $2; i < $2 + $1; i++)); do
		echo "-I -t 600 ${*:3} --sport $i"
	done
}

# of connections that the tracker does not drop for others, as fill makes them
lasting="-p udp -s 198.51.100.1 -d 192.0.2.1 --dport 9 -u SEEN_REPLY,ASSURED"

# load_entries NS: makes the entries of the file $work/entries, a line each
load_entries() {
	run_in "$1" conntrack -R "$work/entries" >"$work/log" 2>&1 || die "$(<"$work/log")"
}

# fill NS COUNT [FIRST]: makes entries that last, from port FIRST on
fill() {
	entry_lines "$2" "${3-1}" "$lasting" >"$work/entries"
	load_entries "$1"
}

# flows NS ADDRESS COUNT [FIRST [MICROSECONDS]]: sends a UDP packet from port 4000 to each
# of COUNT ports, and after 60000 to those of the next address; see vm/flows.c
flows() {
	run_in "$1" "$helpers/flows" "$2" "$3" "${4-1000}" "${5-0}"
}

# start_flood NS ADDRESS...: sends UDP packets to them, each from its own port and to
# another one, some 200 a second, until the script ends or kills $started
start_flood() {
	start ip netns exec "$1" /usr/bin/python3 -c '
import itertools, socket, sys, time
socks = [(a, socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET,
                           socket.SOCK_DGRAM)) for a in sys.argv[1:]]
for port in itertools.cycle(range(1024, 65536)):
    for address, sock in socks:
        sock.sendto(b"flood", (address, port))
    time.sleep(0.005 * len(socks))
' "${@:2}"
}

# read_figures NS IPTABLES: what is known of the table and its packets, in figure[NAME]: what
# ctfull status says; "drops", packets that the tracker has dropped; what the rules of
# watch_rules in mangle have counted; and in grown[NAME] how much that is more than in the
# last `read_figures --mark`
# shellcheck disable=SC2034 # for the scripts
declare -A figure=() grown=() mark=()
# shellcheck disable=SC2034
read_figures() {
	local line name set_mark=

	[ "$1" != --mark ] || { set_mark=1; shift; }
	run_in "$1" ctfull status --json >"$work/figures"
	run_in "$1" conntrack -S >>"$work/figures"
	run_in "$1" "$2-save" -c -t mangle >>"$work/figures" 2>/dev/null
	figure=([drops]=0)
	while IFS= read -r line; do
		if [[ $line =~ ^\ \ \"([a-z_]+)\":\ \"?([^\",]*) ]]; then
			figure[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
		elif [[ $line =~ \ drop=([0-9]+) ]]; then
			figure[drops]=$((figure[drops] + BASH_REMATCH[1]))
		elif [[ $line =~ ^\[([0-9]+):.*--comment\ \"?([a-z_]+) ]]; then
			figure[${BASH_REMATCH[2]}]=${BASH_REMATCH[1]}
		fi
	done <"$work/figures"
	grown=()
	for name in "${!figure[@]}"; do
		[[ ${figure[$name]} =~ ^[0-9]+$ ]] || continue
		[ -z "$set_mark" ] || mark[$name]=${figure[$name]}
		grown[$name]=$((figure[$name] - ${mark[$name]-0}))
	done
}

# json NS PYTHON ARG...: in a namespace, an expression about what `ctfull ARG...` prints
# as JSON, which is d
json() {
	run_in "$1" ctfull "${@:3}" --json |
		/usr/bin/python3 -c "import json, sys; d = json.load(sys.stdin); print($2)"
}

# start_packets [--sockets] NAME=NAMESPACE...: starts ctstate2/packets.py, for send; or
# has the one that serves $PACKETS_SERVER, see suite, make a process
start_packets() {
	local pipes=("$work/packets-in" "$work/packets-out")

	stop_packets
	if [ -p "${PACKETS_SERVER-}" ]; then
		[ -p "${pipes[0]}" ] || mkfifo "${pipes[@]}" || die "mkfifo"
		echo "${pipes[*]} $*" >"$PACKETS_SERVER"
		exec {packets_in}>"${pipes[0]}" {packets_out}<"${pipes[1]}"
	else
		coproc packets_py {
			exec /usr/bin/python3 "$tests/ctstate2/packets.py" "$@"
		}
		background+=("$packets_py_PID")
		exec {packets_in}>&"${packets_py[1]}" {packets_out}<&"${packets_py[0]}"
		eval "exec ${packets_py[1]}>&-"
	fi
	send pass
}

# stop_packets: and waits until its sockets are closed
stop_packets() {
	[ -n "${packets_in-}" ] || return 0
	# not by an end of its input, which processes in the background have open, too
	(echo "sys.exit()" >&"$packets_in")
	while read -r -t 10 -u "$packets_out"; do :; done
	exec {packets_in}>&- {packets_out}<&-
	packets_in=
}

# send PYTHON: has packets.py do this, and waits until it is done; $result is then
# what PYTHON set `result` to
send() {
	local answer="no answer"

	printf '%s\n' "$*" >&"$packets_in"
	read -r -t 120 -u "$packets_out" answer result
	[ "$answer" = ok ] || die "packets.py: $*: $answer ${result-}"
}

# --- README.md, and what is in doc ---

# run_readme NS NAME [FILE]: runs these commands in a namespace, until one fails
run_readme() {
	readme_block "${@:2}" >"$work/readme"
	[ -s "$work/readme" ] || die "no block $2 in ${3-README.md}"
	run_in "$1" bash -e "$work/readme"
}

# --- Completion ---

# load_completion PROGRAM: as a shell does
load_completion() {
	local file

	file=$(dirname "$(dirname "$(command -v "$1")")")/share/bash-completion/completions/$1
	# shellcheck source=/dev/null
	. "$file" || die "$file"
}

# complete_words PROGRAM WORD...: in COMPREPLY, what is proposed for the last one
complete_words() {
	# shellcheck disable=SC2034 # for the function
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	"_$1"
}

# completes WANTED PROGRAM WORD...: a test that this is proposed
completes() {
	complete_words "${@:2}"
	is "${COMPREPLY[*]-}" "$1" "completion of: ${*:2}"
}

# completes_options PROGRAM COMMAND...: a test of each that the options that it has are proposed
completes_options() {
	local command

	for command in "${@:2}"; do
		complete_words "$1" "$command" --
		is "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" \
			"$({ "$1" "$command" --help | grep -oE '^  -., --[a-z0-9-]+' | grep -oE -- '--.*'
				echo --help; } | sort)" "completion of $command: the options that it has"
	done
}

# --- Processes ---

# start COMMAND...: in the background, until the script ends; $started is its id
start() {
	"$@" </dev/null &
	started=$!
	background+=("$started")
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; 1 if it did not in time. Only a failure
# uses up the time, so it is 60 s, unless a test is about it.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# ping_from NS ADDRESS
ping_from() {
	run_in "$1" ping -qc 1 "$2" >/dev/null || die "no answer to a ping of $2"
}

# listening NS tcp|udp PORT [COUNT]: is there a socket? Or are there so many?
listening() {
	[ "$(run_in "$1" ss -Hln "--$2" "sport = :$3" | wc -l)" -ge "${4-1}" ]
}

# listening_to_events NS: has somebody joined a multicast group of generic netlink?
listening_to_events() {
	run_in "$1" awk '$2 == 16 && $4 != "00000000" { n++ } END { exit !n }' /proc/net/netlink
}

# all_events_read NS: and has read all that came?
all_events_read() {
	run_in "$1" awk '$2 == 16 && $4 != "00000000" && $5 != 0 { n++ } END { exit n }' \
		/proc/net/netlink
}

# start_ulogd NS: a ulogd that writes what comes by group 7 of nfnetlink_log to
# $work/json
start_ulogd() {
	local plugins

	plugins=/usr/lib/$(uname -m)-linux-gnu/ulogd
	cat >"$work/ulogd.conf" <<EOF
[global]
logfile="$work/ulogd.log"
plugin="$plugins/ulogd_inppkt_NFLOG.so"
plugin="$plugins/ulogd_raw2packet_BASE.so"
plugin="$plugins/ulogd_filter_IFINDEX.so"
plugin="$plugins/ulogd_filter_IP2STR.so"
plugin="$plugins/ulogd_output_JSON.so"
stack=in:NFLOG,base:BASE,if:IFINDEX,ip:IP2STR,out:JSON
[in]
group=7
qthreshold=1
numeric_label=0
[out]
sync=1
file="$work/json"
EOF
	start run_in "$1" ulogd -c "$work/ulogd.conf"
	wait_for 60 bound_ulogd "$1" || die "ulogd: $(cat "$work/ulogd.log")"
}

# ulogd listens once it has bound its group
bound_ulogd() {
	run_in "$1" cat /proc/net/netfilter/nfnetlink_log | grep -q '^ *7 '
}

# in place of that of tap.sh
cleanup() {
	local item

	[ -z "${table_max_before-}" ] || table_max "$table_max_before"
	stop_packets
	for item in ${background[@]+"${background[@]}"}; do
		kill "$item" 2>/dev/null
	done
	wait 2>/dev/null
	for item in ${namespaces[@]+"${namespaces[@]}"}; do
		ip netns pids "$item" 2>/dev/null | xargs -r kill 2>/dev/null
		ip netns del "$item" 2>/dev/null
	done
	rm -rf "$work"
}
