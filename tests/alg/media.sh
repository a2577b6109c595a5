#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real ends of RTSP's, GStreamer's client and server, with a router between them that lets in what
# the helper opens: without NAT and with each kind of it, over IPv4 and IPv6, PLAY and RECORD over
# UDP, and PLAY in the control connection.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

/usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>"$work/log" || {
	skip "no GStreamer" "media"
	finish
}
modprobe nf_conntrack_rtsp2 || die "no nf_conntrack_rtsp2"
modprobe -q nf_conntrack_netlink
topology_router
# Each program would look for its plugins first.
export GST_REGISTRY=$work/registry
gst-inspect-1.0 rtspsrc >/dev/null 2>&1 || die "no rtspsrc"
start ip netns exec "$server" /usr/bin/python3 "$tests/alg/media.py" "$work" 10.0.2.2 fd00:2::2
wait_for 60 listening "$server" tcp 554 || die "no server"

# play URL PROTOCOL [SECONDS]: how many of 16000 bytes, which take a second, come
play() {
	run_in "$client" timeout "${3-40}" gst-launch-1.0 -q rtspsrc location="$1" protocols="$2" latency=0 ! \
		rtpL16depay ! fdsink fd=1 2>"$work/log" | head -c 16000 | wc -c
}

# record URL: what the server got of 40000 bytes; the last ones may be on their way
record() {
	rm -f "$work/record"
	run_in "$client" timeout 60 gst-launch-1.0 -q audiotestsrc is-live=true num-buffers=20 \
		samplesperbuffer=1000 ! audio/x-raw,format=S16BE,rate=8000,channels=1 ! \
		rtspclientsink location="$1" protocols=udp >"$work/log" 2>&1
	stat -c %s "$work/record" 2>/dev/null || echo 0
}

# try NAT KIND
try() {
	local name url

	alg_rules rtsp2 "$1" "$2" 554
	for name in "$ftp4" "[$ftp6]"; do
		url=rtsp://$name
		is "$(play "$url/play" udp)" 16000 "NAT: $1, $2, $name: PLAY"
		is "$(play "$url/play" tcp)" 16000 "NAT: $1, $2, $name: PLAY in the control connection"
		[ "$(record "$url/record")" -ge 30000 ]
		ok $? "NAT: $1, $2, $name: RECORD"
	done
}

lines=$(dmesg | wc -l)
try none native
try snat legacy
try dnat nft
try both legacy

is "$(dmesg | tail -n +$((lines + 1)) | grep rtsp2:)" "" "no connection was left alone"

# What the helper is for
alg_rules rtsp2 none native 554
run_in "$router" nft flush chain inet alg raw
is "$(play "rtsp://$ftp4/play" udp 8)" 0 "without the helper, nothing comes through"
finish
