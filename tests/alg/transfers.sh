#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real clients and real servers, with a router between them that lets in what the helper
# opens: 1 MiB, there and back.
#
# All of NAT's modes; each of them with every client, with both servers, with every way to
# set rules and with PASV, PORT, EPSV and EPRT, over IPv4 and IPv6, each there or back; and
# each client with each server and with each kind of rules.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe nf_conntrack_ftp2 || die "no nf_conntrack_ftp2"
topology_router
mkdir -p "$work/ftp" "$work/got"
head -c 1048576 /dev/urandom >"$work/ftp/data"
wanted=$(md5sum <"$work/ftp/data")
# shellcheck disable=SC2119 # without options
start_vsftpd
# shellcheck disable=SC2119
start_pure_ftpd
files=0

# curl_transfers IPV4 IPV6 FOLDER: the servers' names, as in a URL, and where files go to.
# It is told to believe the address in 227. What it may send it remembers by connection,
# of which another user is another. Prints what it says to the server, too.
# shellcheck disable=SC2317 # called by its name, as the others are
curl_transfers() {
	run_in "$client" curl -sSgv --max-time 30 \
		--no-ftp-skip-pasv-ip --disable-epsv --disable-eprt \
		-o "$work/got/1" "ftp://ftp@$1/data" \
		--next --ftp-port - --disable-epsv --disable-eprt \
		-T "$work/ftp/data" "ftp://ftp@$1/$3/2" \
		--next -T "$work/ftp/data" "ftp://$1/$3/3" \
		--next --ftp-port - -o "$work/got/4" "ftp://$1/data" \
		--next -o "$work/got/5" "ftp://$2/data" \
		--next --ftp-port - -T "$work/ftp/data" "ftp://$2/$3/6" 2>&1
}

# shellcheck disable=SC2317
lftp_transfers() {
	run_in "$client" lftp --norc -c "
		debug 5
		set cmd:fail-exit yes
		set net:max-retries 1
		set net:timeout 10
		set ftp:ssl-allow no
		set ftp:fix-pasv-address no
		set ftp:passive-mode yes
		open ftp://$1
		put $work/ftp/data -o $3/1
		set ftp:passive-mode no
		get data -o $work/got/2
		close
		set ftp:passive-mode yes
		open ftp://$2
		get data -o $work/got/3
		set ftp:passive-mode no
		put $work/ftp/data -o $3/4
	" 2>&1
}

# shellcheck disable=SC2317
ftplib_transfers() {
	run_in "$client" /usr/bin/python3 -c '
import ftplib, sys, urllib.parse
work, folder = sys.argv[3:5]

def transfer(ftp, passive, up, name):
    ftp.set_pasv(passive)
    if up:
        with open(work + "/ftp/data", "rb") as data:
            ftp.storbinary(f"STOR {folder}/{name}", data)
    else:
        with open(f"{work}/got/{name}", "wb") as data:
            ftp.retrbinary("RETR data", data.write)

for url, first, steps in zip(sys.argv[1:3], (1, 3), ("du", "ud")):
    ftp = ftplib.FTP()
    ftp.trust_server_pasv_ipv4_address = True
    ftp.set_debuglevel(1)
    to = urllib.parse.urlsplit("//" + url)
    ftp.connect(to.hostname, to.port or 21, 10)
    ftp.login()
    transfer(ftp, True, steps[0] == "u", first)
    transfer(ftp, False, steps[1] == "u", first + 1)
    ftp.quit()
' "$1" "$2" "$work" "$3" 2>&1
}

# try NAT KIND CLIENT SERVER
try() {
	local what="$3, $4, $2, NAT: $1" port=21 folder=in commands
	local failed_before=$tap_failed

	[ "$4" = vsftpd ] || port=2121 folder=pure
	alg_rules ftp2 "$1" "$2" 21,2121
	rm -f "$work"/ftp/{in,pure}/* "$work"/got/*
	"$3_transfers" "$ftp4:$port" "[$ftp6]:$port" "$folder" >"$work/log"
	is "$?" 0 "$what: no complaint"

	commands="PASV PORT EPSV EPRT"
	[ "$3" != curl ] || commands="PASV PORT EPSV EPRT EPSV EPRT"
	is "$(sed -nE "s/^(> |---> |\*cmd\* ')(PASV|EPSV|PORT|EPRT).*/\2/p" "$work/log" | xargs)" \
		"$commands" "$what: no other command was needed"

	# There or back: each file has its number
	(cd "$work" && md5sum ftp/{in,pure}/* got/* 2>/dev/null) >"$work/sums"
	is "$(sed -n "s|^${wanted%% *}  .*/||p" "$work/sums" | sort | xargs)" \
		"$(seq -s " " "$(wc -w <<<"$commands")")" "$what: the files are the same"
	files=$((files + $(wc -l <"$work/sums")))
	[ "$tap_failed" = "$failed_before" ] || note "$(tail -n 40 "$work/log")"
}

lines=$(dmesg | wc -l)
while read -r nat kind client_name server_name; do
	try "$nat" "$kind" "$client_name" "$server_name" </dev/null
done <<-END
	none  legacy  curl    vsftpd
	none  nft     lftp    pure-ftpd
	none  native  ftplib  vsftpd
	snat  nft     curl    pure-ftpd
	snat  native  lftp    vsftpd
	snat  legacy  ftplib  vsftpd
	dnat  native  curl    vsftpd
	dnat  legacy  lftp    pure-ftpd
	dnat  nft     ftplib  pure-ftpd
	both  legacy  curl    pure-ftpd
	both  nft     lftp    vsftpd
	both  native  ftplib  pure-ftpd
END
is "$files" 56 "all transfers were tried"
is "$(expected "$router"; expected "$router" -f ipv6)" "" "nothing is open any more"
is "$(dmesg | tail -n +$((lines + 1)) | grep ftp2:)" "" "no connection was left alone"

# What the helper is for
alg_rules ftp2 none native
run_in "$router" nft flush chain inet alg raw
run_in "$client" curl -sS --max-time 3 -o "$work/got/none" "ftp://$ftp4/data" 2>"$work/log"
is "$?" 28 "without the helper, nothing comes through"
is "$(stat -c %s "$work/got/none" 2>/dev/null || echo 0)" 0 "not a byte"
finish
