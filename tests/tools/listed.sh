#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Where the figures of a table do not fit together: entries that are counted and not
# listed, and a hash table that is resized while ctfull reads it.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink nfnetlink_queue || die "modules"
topology_router
nowhere
table_max 30000

# --- Held in a queue ---

run_in "$router" iptables-legacy -t raw -A PREROUTING -j CTFULL
run_in "$router" iptables-legacy -A FORWARD -p udp -j NFQUEUE --queue-num 5
# Takes packets, and never says what is to become of them
cat >"$work/queue.py" <<'END'
import socket, struct, sys
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE: room for all of them
sock.bind((0, 0))
def send(command, queue, payload):
    attr = struct.pack("=HH", 4 + len(payload), command) + payload
    attr += b"\0" * (-len(attr) % 4)
    message = struct.pack("=BBH", 0, 0, socket.htons(queue)) + attr
    sock.send(struct.pack("=IHHII", 16 + len(message), 3 << 8 | 2, 1 | 4, 1, 0) + message)
    answer = sock.recv(65536)
    if struct.unpack_from("=i", answer, 16)[0]:
        sys.exit("the queue is refused")
send(1, 5, struct.pack("!BBH", 1, 0, 0))        # bind
send(2, 5, struct.pack("!IB", 0, 1))            # copy only what is known of packets
send(3, 5, struct.pack("!I", 5000))             # so many
open(sys.argv[1], "w").close()
while True:
    sock.recv(65536)
END
start ip netns exec "$router" python3 "$work/queue.py" "$work/ready"
wait_for 60 test -e "$work/ready" || die "no queue"
flows "$client" 10.0.9.1 300
run_in "$router" conntrack -I -t 600 -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 >/dev/null 2>&1
# queued: how many
queued() {
	[ "$(entry_count "$router")" -ge 301 ]
}
wait_for 60 queued || die "the packets are not in the queue"
like "$(run_in "$router" ctfull top)" "301 counted, 1 listed: the others are held by packets in queues" \
	"top: says what holds 300 entries"
like "$(run_in "$router" ctfull status)" "301 counted, 1 listed: the others are held by packets in queues" \
	"status, too"
is "$(json "$router" "d['counted'], d['entries'], d['held']" top)" "301 1 True" "top --json"
is "$(json "$router" "d['count'], d['listed']" status)" "301 1" "status --json"
kill "$started"
wait "$started" 2>/dev/null
none_queued() {
	[ "$(entry_count "$router")" -le 5 ]
}
wait_for 60 none_queued || die "the queue stays"
is "$(run_in "$router" ctfull top | grep -c counted) $(run_in "$router" ctfull status | grep -c counted)" \
	"0 0" "no word of it when the queue is gone"

# --- Resized meanwhile ---

for ((i = 0; i < 20000; i++)); do
	echo "-I -t 600 -p udp -s 10.$((i >> 16)).$((i >> 8 & 255)).$((i & 255)) -d 192.0.2.9 --sport 5 --dport 6 -u SEEN_REPLY"
done >"$work/entries"
setup_ns many
load_entries "$many"
buckets=/proc/sys/net/netfilter/nf_conntrack_buckets
before=$(<"$buckets")
# resize: between few and many, all the time
resize() {
	while :; do
		echo 4096 >"$buckets"
		echo 65536 >"$buckets"
	done
}
resize &
background+=($!)
resizer=$!
wrong=0 approximate=0
for ((i = 0; i < 12; i++)); do
	read -r entries is_approximate <<<"$(json "$many" "d['entries'], d['approximate']" top)"
	note "$entries entries, approximate: $is_approximate"
	[ "$is_approximate" = False ] || approximate=$((approximate + 1))
	# a fifth more or less, and nothing said
	[ "$is_approximate" = True ] || { [ "$entries" -gt 19000 ] && [ "$entries" -lt 21000 ]; } ||
		wrong=$((wrong + 1))
done
kill "$resizer"
wait "$resizer" 2>/dev/null
is "$wrong" 0 "the hash table is resized meanwhile: no figure is wrong without a word of it"
is "$((approximate > 0))" 1 "of some it is said"
echo "$before" >"$buckets"
is "$(json "$many" "d['entries'], d['approximate']" top)" "20000 False" "and none when it is over"
finish
