#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real ends of RTSP's, with a router between them that lets in what the helper opens: without
# NAT and with each kind of it, over IPv4 and IPv6, PLAY and RECORD over UDP, and PLAY in the
# control connection. Servers: GStreamer's (port 554); VLC's (8554), whose sessions live on
# without their control connection; rtsp-server-perl (8555, IPv4), which plays what a client
# records to its port 8556. Clients: GStreamer's, ffmpeg, and libcurl with media_curl.py. VLC is
# none here: Debian's can do SAT>IP alone.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

if ! { type -P cvlc ffmpeg rtsp-server-perl && /usr/bin/python3 -c \
	'import gi, pycurl; gi.require_version("GstRtspServer", "1.0")'; } >"$work/log" 2>&1; then
	skip "not all ends are installed: tests/install-packages vm" "media"
	finish
fi
modprobe nf_conntrack_rtsp2 || die "no nf_conntrack_rtsp2"
modprobe -q nf_conntrack_netlink
topology_router
ports=554,8554,8555,8556
# Each program would look for its plugins first.
export GST_REGISTRY=$work/registry
gst-inspect-1.0 rtspsrc >/dev/null 2>&1 || die "no rtspsrc"
start ip netns exec "$server" /usr/bin/python3 "$tests/alg/media.py" "$work" 10.0.2.2 fd00:2::2

# VLC refuses to be root, and what it plays must not begin anew before the end.
chmod 755 "$work"
/usr/bin/python3 -c '
import sys, wave
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(bytes(range(160)) * 100 * 1200)
' "$work/tone.wav" || die "no tone"
start ip netns exec "$server" setpriv --reuid 65534 --regid 65534 --clear-groups env "HOME=/tmp" \
	cvlc --quiet --no-dbus --loop "$work/tone.wav" --sout '#rtp{sdp=rtsp://:8554/vlc}' 2>"$work/vlc.log"
start ip netns exec "$server" rtsp-server-perl --clientport 8555 --client_listen_address 10.0.2.2 \
	--serverport 8556 --source_listen_address 10.0.2.2 >"$work/perl.log" 2>&1
for port in ${ports//,/ }; do
	wait_for 120 listening "$server" tcp "$port" || die "no server: $(tail -n 3 "$work/"*.log)"
done

# play URL PROTOCOL [SECONDS]: how many of 16000 bytes, which take a second, come. GStreamer would
# give up after 5 s, and VLC on a busy machine take longer.
play() {
	run_in "$client" timeout "${3-40}" gst-launch-1.0 -q rtspsrc location="$1" protocols="$2" timeout=0 \
		latency=0 ! rtpL16depay ! fdsink fd=1 2>"$work/log" | head -c 16000 | wc -c
}

# ffmpeg_play URL PROTOCOL [SECONDS]: so with ffmpeg
ffmpeg_play() {
	run_in "$client" timeout "${3-40}" ffmpeg -nostdin -loglevel error -rtsp_transport "$2" \
		-probesize 32 -analyzeduration 0 -i "$1" -f s16be - 2>"$work/log" | head -c 16000 | wc -c
}

# record URL: does the server get 30000 bytes? The client goes on until it is stopped: on its own,
# GStreamer's often does not end, with or without a helper.
record() {
	local recorder status

	rm -f "$work/record"
	ip netns exec "$client" timeout 60 gst-launch-1.0 -q audiotestsrc is-live=true ! \
		audio/x-raw,format=S16BE,rate=8000,channels=1 ! \
		rtspclientsink location="$1" protocols=udp >"$work/log" 2>&1 &
	recorder=$!
	wait_for 60 recorded
	status=$?
	kill "$recorder" 2>/dev/null
	wait "$recorder" 2>/dev/null
	[ "$status" = 0 ] || note "$(tail -n 5 "$work/log")"
	return "$status"
}

# recorded: so many?
# shellcheck disable=SC2317 # for wait_for
recorded() {
	[ "$(stat -c %s "$work/record")" -ge 30000 ]
}

# curl URL WHAT...: see media_curl.py
curl() {
	run_in "$client" timeout 200 /usr/bin/python3 "$tests/alg/media_curl.py" "$@"
}

# relay NAME: of what ffmpeg records through the router, what it plays again; the server knows UDP
# alone
relay() {
	local recorder

	ip netns exec "$client" timeout 240 ffmpeg -nostdin -loglevel error -re -f lavfi \
		-i sine=sample_rate=8000 -c:a pcm_s16be -f rtsp -rtsp_transport udp \
		"rtsp://$1:8556/tone" 2>"$work/recorder.log" &
	recorder=$!
	# Before there is a record, the server does not know of it.
	wait_for 120 described "$1:8555/tone"
	ffmpeg_play "rtsp://$1:8555/tone" udp 100
	kill "$recorder" 2>/dev/null
	wait "$recorder" 2>/dev/null
}

# described PLACE: does the server know of it?
# shellcheck disable=SC2317 # for wait_for
described() {
	printf 'DESCRIBE rtsp://%s RTSP/1.0\r\nCSeq: 1\r\n\r\n' "$1" |
		run_in "$server" nc -q 1 -w 2 10.0.2.2 8555 | grep -q ' 200 '
}

# try NAT KIND: GStreamer's
try() {
	local name url

	what="NAT: $1, $2"
	alg_rules rtsp2 "$1" "$2" "$ports"
	for name in "$ftp4" "[$ftp6]"; do
		url=rtsp://$name
		is "$(play "$url/play" udp)" 16000 "$what, $name: PLAY"
		is "$(play "$url/play" tcp)" 16000 "$what, $name: PLAY in the control connection"
		record "$url/record"
		ok $? "$what, $name: RECORD"
	done
}

# others NAME: the other ends, with the rules of the last try
others() {
	local url=rtsp://$1

	is "$(ffmpeg_play "$url/play" udp)" 16000 "$what, $1: ffmpeg"
	is "$(ffmpeg_play "$url/play" tcp)" 16000 "$what, $1: ffmpeg, in the control connection"
	is "$(ffmpeg_play "$url:8554/vlc" udp)" 16000 "$what, $1: ffmpeg, from VLC"
	is "$(play "$url:8554/vlc" udp)" 16000 "$what, $1: GStreamer, from VLC"
	is "$(curl "$url/three" streams)" "yes yes yes" "$what, $1: libcurl, three streams"
	is "$(curl "$url:8554/vlc" sessions)" "yes yes yes" \
		"$what, $1: two sessions in a connection; the second one goes on without the first"
	is "$(curl "$url:8554/vlc" gone)" "yes yes" \
		"$what, $1: media go on without the control connection"
}

# relayed: so too
relayed() {
	local came

	came=$(relay "$ftp4")
	is "$came" 16000 "$what, $ftp4: ffmpeg records and plays, rtsp-server-perl"
	[ "$came" = 16000 ] || note "$(tail -n 5 "$work/recorder.log" "$work/log")"
}

# first_packet: the median of how long the first packet takes, from before the connection, with
# the helper and a firewall, and with neither, in turns; milliseconds
first_packet() {
	local with=() without=()

	for _ in {1..5}; do
		alg_rules rtsp2 none native "$ports"
		with+=("$(curl "rtsp://$ftp4:8554/vlc" first)")
		run_in "$router" nft flush ruleset
		without+=("$(curl "rtsp://$ftp4:8554/vlc" first)")
	done
	note "ms to the first packet: $(printf '%s\n' "${with[@]}" | sort -n | sed -n 3p) with the helper," \
		"$(printf '%s\n' "${without[@]}" | sort -n | sed -n 3p) without a firewall"
	note "each: ${with[*]}; ${without[*]}"
}

lines=$(dmesg | wc -l)
try none native
if [ -n "${CHECK_ALL-}" ]; then
	others "[$ftp6]"
	relayed
fi
try snat legacy
if [ -n "${CHECK_ALL-}" ]; then
	others "$ftp4"
	others "[$ftp6]"
	relayed
fi
try dnat nft
if [ -n "${CHECK_ALL-}" ]; then
	others "$ftp4"
	others "[$ftp6]"
fi
try both legacy
others "$ftp4"
if [ -n "${CHECK_ALL-}" ]; then
	relayed
	# Longer than an entry lives that sees one direction only
	for name in "$ftp4" "[$ftp6]"; do
		is "$(curl "rtsp://$name/three" pause 40)" "yes yes yes no no no yes yes yes" \
			"NAT: both, $name: PAUSE of 40 s, and PLAY"
	done
fi
is "$(dmesg | tail -n +$((lines + 1)) | grep rtsp2:)" "" "no connection was left alone"
[ -z "${CHECK_ALL-}" ] || first_packet

# What the helper is for
alg_rules rtsp2 none native "$ports"
run_in "$router" nft flush chain inet alg raw
is "$(play "rtsp://$ftp4/play" udp 8)" 0 "without the helper, nothing comes through"
is "$(ffmpeg_play "rtsp://$ftp4/play" udp 8)" 0 "nor with ffmpeg"
is "$(curl "rtsp://$ftp4/three" streams)" "no no no" "nor with libcurl"
finish
