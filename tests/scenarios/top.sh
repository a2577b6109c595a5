#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The program ctfull: top, on a table of known entries, its options, its errors. What
# needs packages that are refused is elsewhere.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

command -v ctfull >/dev/null || die "ctfull is not installed"
modprobe nf_conntrack_netlink || die "no ctnetlink"
setup_ns ns empty

# in_ns COMMAND...: what it prints on either channel, and then its exit status
in_ns() {
	run_in "$ns" "$@" 2>&1
	echo "status $?"
}

# top_keys BY ARG...: the keys and their entries, as JSON has them
top_keys() {
	json "$ns" "' '.join('%s=%d' % (t['key'], t['entries']) for t in d['top'])" top --by "$@"
}

# --- top ---

{
	entry_lines 20 1001 -p tcp -s 10.0.0.1 -d 192.0.2.1 --dport 80 --state SYN_SENT
	entry_lines 7 1001 -p tcp -s 10.0.0.2 -d 192.0.2.1 --dport 443 --state ESTABLISHED -u ASSURED
	entry_lines 5 1001 -p udp -s 10.0.0.2 -d 192.0.2.2 --dport 53
	entry_lines 4 1001 -p udp -s 10.0.0.3 -d 192.0.2.2 --dport 53 -u SEEN_REPLY -w 9
	entry_lines 3 1001 -p udp -s fd00::1 -d fd00::2 --dport 53
	echo "-I -t 600 -p icmp -s 10.0.0.4 -d 192.0.2.1 --icmp-type 8 --icmp-code 0 --icmp-id 7"
} >"$work/entries"
load_entries "$ns"
is "$(run_in "$ns" conntrack -C)" 40 "the entries are there"

is "$(top_keys src)" "10.0.0.1=20 10.0.0.2=12 10.0.0.3=4 fd00::1=3 10.0.0.4=1" "top --by src"
is "$(top_keys dst)" "192.0.2.1=28 192.0.2.2=9 fd00::2=3" "top --by dst"
is "$(top_keys dport)" "tcp/80=20 udp/53=12 tcp/443=7 icmp, no port=1" "top --by dport"
is "$(top_keys proto)" "tcp=27 udp=12 icmp=1" "top --by proto"
is "$(top_keys state)" \
	"tcp/SYN_SENT=20 udp/UNREPLIED=8 tcp/ESTABLISHED=7 udp/REPLIED=4 icmp/UNREPLIED=1" \
	"top --by state"
is "$(top_keys zone)" "0=36 9=4" "top --by zone"
is "$(top_keys src -n 2)" "10.0.0.1=20 10.0.0.2=12" "top -n 2"
is "$(top_keys src -f ipv6)" "fd00::1=3" "top -f ipv6"
is "$(top_keys proto --family ipv4)" "tcp=27 udp=9 icmp=1" "top --family ipv4"
is "$(json "$ns" "d['by'], d['entries'], d['different'], d['approximate'], d['top'][0]['percent']" top)" \
	"src 40 5 False 50.0" "top --json: the figures of the whole"
like "$(in_ns ctfull top -n 1)" \
	$'^40 entries, .*by src: 5 different\n *entries +share +src\n +20 +50\\.0% +10\\.0\\.0\\.1\nrefused ' \
	"top: the text"
is "$(run_in "$empty" ctfull top | head -n 1 | sed 's/, .*;/;/')" \
	"0 entries; by src: 0 different" "top: an empty table"

# tables COUNT: so many are in the file
tables() {
	[ "$(grep -c '^40 entries' "$work/watch")" -ge "$1" ]
}
start ip netns exec "$ns" ctfull top --watch=1 -n 1 >"$work/watch"
wait_for 60 tables 3
ok $? "top --watch=1, no terminal: one table after the other"
kill "$started"
wait "$started" 2>/dev/null

# terminal ROWS COLUMNS: the exit status of top --watch there, and what it has shown at
# last, when it was ended by a q. It gets larger while it runs. With the word "deaf" the
# input is no terminal, and SIGTERM has to end it.
cat >"$work/terminal.py" <<'END'
import fcntl, os, pty, select, signal, struct, sys, termios, time
rows, columns, deaf = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["deaf"]

def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

def read_until(text, times=1):
    shown, end = b"", time.monotonic() + 30
    while shown.count(text) < times:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            break
        try:
            shown += os.read(fd, 65536)
        except OSError:
            break
    return shown.count(text) >= times

ready = os.pipe()
pid, fd = pty.fork()
if pid == 0:
    os.read(ready[0], 1)        # not before the terminal has its size
    if deaf:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.environ["TERM"] = "xterm"
    os.execvp("ctfull", ["ctfull", "top", "--watch=1"])
size(rows, columns)
os.write(ready[1], b"x")
if deaf:
    shown = read_until(b"40 entries", 2)
    os.kill(pid, signal.SIGTERM)
else:
    read_until(b"40")
    size(24, 80)
    shown = read_until(b"10.0.0.2")
    os.write(fd, b"q")
    read_until(b"nothing, but the end")
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown)
END
terminal() {
	run_in "$ns" python3 "$work/terminal.py" "$@"
}

is "$(terminal 23 79)" "0 True" "top --watch on a terminal of 79x23, which grows"
is "$(terminal 3 10)" "0 True" "top --watch on a terminal of 10x3, which grows"
is "$(terminal 24 80 deaf)" "-15 True" "top --watch </dev/null goes on"

# Many different keys: the table of ctfull grows
for ((i = 0; i < 3000; i++)); do
	echo "-I -t 600 -p udp -s 10.8.$((i / 250)).$((i % 250)) -d 192.0.2.9 --sport 5 --dport 6"
done >"$work/entries"
load_entries "$empty"
is "$(run_in "$empty" ctfull top -n 5000 | grep -cE '^ +1 +0\.0%  10\.8\.[0-9.]+$')" 3000 \
	"3000 different sources: each is there"
is "$(run_in "$empty" ctfull top -n 5000 | sort | uniq -d)" "" "none of them twice"

# --- Usage ---

for command in "" status top monitor guard metrics; do
	# shellcheck disable=SC2086 # none is none
	like "$(in_ns ctfull $command --help)" "^usage: ctfull .*status 0\$" "ctfull $command --help"
done
like "$(in_ns ctfull --version)" "^ctfull [0-9.]+"$'\nstatus 0$' "ctfull --version"
like "$(in_ns ctfull)" '^usage: .*status 3$' "ctfull alone"

# refuses REGEX ARG...
refuses() {
	like "$(in_ns ctfull "${@:2}")" "$1"$'.*\nstatus 3$' "refused: ctfull ${*:2}"
}

guard="guard --table inet/filter --set bad"
refuses 'nonsense: no such command.* status .* top ' nonsense
refuses "--by nonsense: must be src, dst, dport" top --by nonsense
refuses "--number 0: must be a number from 1 to" top -n 0
refuses "--number -1: must be a number from 1 to" top -n -1
refuses "--number 1x: must be a number from 1 to" top -n 1x
refuses "--number 99999999999999999999: must be a number from 1 to" top -n 99999999999999999999
refuses "--watch 0: must be a number from 1 to" top --watch=0
refuses "--family ip: must be ipv4 or ipv6" top -f ip
refuses 'unexpected argument "more"' top more
refuses "unrecognized option '--bad'.*see --help" status --bad
refuses "--count 0: must be a number from 1 to" monitor --count 0
refuses "requires an argument.*see --help" metrics --textfile
refuses "--table FAMILY/TABLE and --set NAME are needed" guard
refuses "--table filter: must be FAMILY/TABLE" guard --table filter --set bad
refuses "--table arp/filter: must be FAMILY/TABLE" guard --table arp/filter --set bad
# shellcheck disable=SC2086 # words
{
	refuses "--set bad: is the third set" $guard --set bad --set bad
	refuses "--timeout 10x: must be a time such as" $guard --timeout 10x
	refuses "--timeout 0s: must be a time such as" $guard --timeout 0s
	refuses "--min-share 0%: must be 1% to 100%" $guard --min-share 0%
	refuses "--min-share 101: must be 1% to 100%" $guard --min-share 101
	refuses "--never 10.0.0: must be an address" $guard --never 10.0.0
	refuses "--never 10.0.0.0/33: BITS must be a number from 0 to 32" $guard --never ::1,10.0.0.0/33
	refuses "--interval 0: must be a number from 1 to" $guard --interval 0
}

# --- Where something is missing ---

unprivileged="setpriv --reuid 65534 --clear-groups --inh-caps=-all"
# shellcheck disable=SC2086 # words
for arguments in top "guard --table inet/filter --set bad"; do
	like "$(in_ns $unprivileged ctfull $arguments)" 'CAP_NET_ADMIN is needed.*status 3$' \
		"$arguments: without a permission"
done
is "$(run_in "$ns" sh -c 'ctfull top >/dev/full 2>&1; echo $?')" 3 "top: a full disk"
run_in "$ns" nft -f - <<'END' || die "nft"
add table inet filter
add set inet filter forever { type ipv4_addr; }
add set inet filter port { type inet_service; flags timeout; }
add set inet filter net { type ipv4_addr; flags timeout, interval; }
add set inet filter one { type ipv4_addr; flags timeout; }
add set inet filter two { type ipv4_addr; flags timeout; }
END
refuses '--set forever: has no timeout, so bans would never end; make it with "flags timeout"' \
	guard --table inet/filter --set forever
refuses "--set port: has another type; ipv4_addr" guard --table inet/filter --set port
refuses "--set two: has the same type as --set one" \
	guard --table inet/filter --set one --set two
# told REGEX: it is in the file
told() {
	grep -q -- "$1" "$work/troubles"
}
start ip netns exec "$ns" ctfull guard --table inet/filter --set gone 2>"$work/troubles"
wait_for 60 told '--set gone: does not exist; make it with nft'
ok $? "guard: a set that is not there is told"
kill "$started"
wait "$started"
is $? 0 "and waited for"

if modprobe -q xt_ctfull; then
	like "$(in_ns ctfull status)" '^entries +40 ' "status"
	is "$(json "$ns" "d['count'], d['level']" status)" "40 normal" "status --json"
	is "$(in_ns ctfull metrics --textfile "$work/ctfull.prom")" "status 0" "metrics --textfile"
	is "$(stat -c %a "$work/ctfull.prom")" 644 "the file can be read by all"
	is "$(find "$work" -name "*prom*" | wc -l)" 1 "no other file is left there"
	# without what node_exporter has, and the time
	is "$(grep -v timestamp "$work/ctfull.prom")" \
		"$(run_in "$ns" ctfull metrics | grep -v 'timestamp\|node_nf_conntrack')" "it has the metrics"
	is "$(promtool check metrics <"$work/ctfull.prom" 2>&1)" "" "promtool likes them"
	like "$(run_in "$ns" ctfull metrics --all | promtool check metrics && echo well)" "^well$" \
		"promtool likes metrics --all"
	like "$(ctfull metrics --all)" "conntrack_full_entries\\{netns=\"$ns\"\\} 40" \
		"metrics --all: the namespace's name"
else
	for command in status metrics; do
		like "$(in_ns ctfull "$command")" 'modprobe xt_ctfull.*status 3$' \
			"$command: without the kernel module"
	done
	skip "no xt_ctfull" "metrics that promtool likes"
fi

# --- Completion ---

load_completion ctfull

completes "status" ctfull s
completes "status top monitor guard arm metrics --help --version" ctfull ""
completes "--all" ctfull status --a
completes "dst dport" ctfull top --by d
completes "ipv4 ipv6" ctfull top -f ""
completes "src state" ctfull top --by = s
completes "--table --timeout" ctfull guard --t
completes "" ctfull guard --never ""
# shellcheck disable=SC2016 # names as nft shows them
nft() {
	printf 'table inet %s\n' 'mine' 'mine$(>ran)' 'mine`>ran`'
	printf '\tset %s {\n' 'bans' 'bans$(>ran)' 'bans`>ran`'
}
completes "inet/mine" ctfull guard --table i
completes "bans" ctfull guard --set b
[ ! -e ran ]
ok $? "commands as names of tables and sets: completion runs none"
unset -f nft
completes_options ctfull status top monitor guard arm metrics
finish
