#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Real clients and real servers, with a router between them that lets in what the helper
# opens: 1 MiB, there and back.
#
# Each client with each of NAT's modes, by PASV, PORT, EPSV and EPRT as far as it can, over IPv4
# and IPv6, each there or back. On debian-6.12, each client with each server, with both kinds
# of NAT; in other modes, and on other kernels, the servers take turns. If check was asked for all,
# each with each in each mode. Rules are set in each way with each mode. $HELPER, if
# set, is another helper, such as the kernel's ftp: then only the figures at the end count.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

helper=${HELPER-ftp2}
case $helper in
ftp2) modprobe nf_conntrack_ftp2 || die "no nf_conntrack_ftp2" ;;
*) modprobe -a "nf_conntrack_$helper" "nf_nat_$helper" || die "no helper $helper" ;;
esac
topology_router
mkdir -p "$work/ftp" "$work/got"
head -c 1048576 /dev/urandom >"$work/ftp/data"
wanted=$(md5sum <"$work/ftp/data")
# shellcheck disable=SC2119 # without options
start_vsftpd
# shellcheck disable=SC2119
start_pure_ftpd
# shellcheck disable=SC2119
start_proftpd
start_pyftpdlib
servers=(vsftpd pure-ftpd proftpd pyftpdlib)
declare -A port=([vsftpd]=21 [pure-ftpd]=2121 [proftpd]=2122 [pyftpdlib]=2123)
declare -A folder=([vsftpd]=in [pure-ftpd]=pure [proftpd]=pro [pyftpdlib]=py)
# And what each says to the server, for its files 1, 2, ...
clients=(curl lftp ftplib wget ncftp tnftp netftp)
four="PASV PORT EPSV EPRT"
declare -A says=([curl]="$four EPSV EPRT" [lftp]=$four [ftplib]=$four [wget]=$four
	[ncftp]="PASV PORT" [tnftp]="EPSV EPRT EPSV EPRT" [netftp]=$four)
declare -A came=() all=()

# curl_transfers IPV4 IPV6 FOLDER: the servers' names, as in a URL, and where files go to.
# It is told to believe the address in 227. What it may send it remembers by connection,
# of which another user is another. Prints what it says to the server, too.
# shellcheck disable=SC2317 # called by its name, as the others are
curl_transfers() {
	run_in "$client" curl -sSgv --max-time 60 \
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

# It only fetches.
# shellcheck disable=SC2317
wget_transfers() {
	local i status=0 urls=("$1" "$1" "$2" "$2") options=("" --no-passive-ftp)

	for i in 1 2 3 4; do
		# shellcheck disable=SC2086 # or none
		run_in "$client" wget -nv -S -t 1 -T 10 ${options[1 - i % 2]} \
			-O "$work/got/$i" "ftp://${urls[i - 1]}/data" 2>&1 || status=1
	done
	return "$status"
}

# It knows no IPv6.
# shellcheck disable=SC2317
ncftp_transfers() {
	local to=(-V -d stdout -t 10 -r 0 -P "${1##*:}") status=0

	run_in "$client" ncftpget "${to[@]}" -F -C "${1%:*}" data "$work/got/1" || status=1
	run_in "$client" ncftpput "${to[@]}" -E -C "${1%:*}" "$work/ftp/data" "$3/2" || status=1
	return "$status"
}

# Over IPv4, too, it says EPSV and EPRT.
# shellcheck disable=SC2317
tnftp_transfers() {
	local status=0

	run_in "$client" tnftp -Vdp -q 10 -u "ftp://$1/$3/1" "$work/ftp/data" 2>&1 || status=1
	run_in "$client" tnftp -VdA -q 10 -o "$work/got/2" "ftp://$1/data" 2>&1 || status=1
	run_in "$client" tnftp -Vdp -q 10 -o "$work/got/3" "ftp://$2/data" 2>&1 || status=1
	run_in "$client" tnftp -VdA -q 10 -u "ftp://$2/$3/4" "$work/ftp/data" 2>&1 || status=1
	return "$status"
}

# shellcheck disable=SC2317
netftp_transfers() {
	# shellcheck disable=SC2016 # Perl's
	run_in "$client" perl -MNet::FTP -e '
my ($work, $folder) = @ARGV[2, 3];
my $file = 1;

for my $up (0, 1, 1, 0) {
	my ($host, $port) = $ARGV[$file > 2] =~ /^\[?(.*?)\]?:(\d+)$/;
	my $ftp = Net::FTP->new($host, Port => $port, Passive => $file & 1, Timeout => 10,
				Debug => 1) or die "$@\n";
	$ftp->login && $ftp->binary or die $ftp->message;
	($up ? $ftp->put("$work/ftp/data", "$folder/$file") :
	 $ftp->get("data", "$work/got/$file")) or die $ftp->message;
	$ftp->quit;
	$file++;
}' "$1" "$2" "$work" "$3" 2>&1
}

# try NAT KIND CLIENT SERVER: with these rules
try() {
	local what="$3, $4, $2, NAT: $1" commands=${says[$3]} status good
	local failed_before=$tap_failed

	rm -f "$work"/ftp/{in,pure,pro,py}/* "$work"/got/*
	"$3_transfers" "$ftp4:${port[$4]}" "[$ftp6]:${port[$4]}" "${folder[$4]}" \
		>"$work/log" </dev/null
	status=$?
	# There or back: each file has its number
	(cd "$work" && md5sum ftp/{in,pure,pro,py}/* got/* 2>/dev/null) >"$work/sums"
	good=$(sed -n "s|^${wanted%% *}  .*/||p" "$work/sums" | sort | xargs)
	came[$3 $4]=$((${came[$3 $4]-0} + $(wc -w <<<"$good")))
	all[$3 $4]=$((${all[$3 $4]-0} + $(wc -w <<<"$commands")))
	[ "$helper" = ftp2 ] || return 0

	is "$status" 0 "$what: no complaint"
	is "$(sed -nE "s/^(> |--->? |-+> |Cmd: |\*cmd\* '|.*>>> )(PASV|EPSV|PORT|EPRT).*/\2/p" \
		"$work/log" | xargs)" "$commands" "$what: no other command was needed"
	is "$good" "$(seq -s " " "$(wc -w <<<"$commands")")" "$what: the files are the same"
	[ "$tap_failed" = "$failed_before" ] || note "$(tail -n 40 "$work/log")"
}

lines=$(dmesg | wc -l)
# In which modes each client meets each server
each=${CHECK_ALL:+none snat dnat both}
[ "${VM_KERNEL-}" != debian-6.12 ] || each=${each:-both}
nats=(none snat dnat both) kinds=(legacy nft native)
for ((n = 0; n < 4; n++)); do
	for ((k = 0; k < 3; k++)); do
		alg_rules "$helper" "${nats[n]}" "${kinds[k]}" "$(IFS=,; echo "${port[*]}")"
		for ((c = (k + n) % 3; c < ${#clients[@]}; c += 3)); do
			for ((s = 0; s < 4; s++)); do
				[[ " $each " = *" ${nats[n]} "* ]] ||
					[ $(((c + n) % 4)) = "$s" ] || continue
				try "${nats[n]}" "${kinds[k]}" "${clients[c]}" "${servers[s]}"
			done
		done
	done
done
for client_name in "${clients[@]}"; do
	for server_name in "${servers[@]}"; do
		note "$client_name, $server_name: ${came[$client_name $server_name]} of" \
			"${all[$client_name $server_name]} transfers"
	done
done
note "all: $(IFS=+; echo $((${came[*]}))) of $(IFS=+; echo $((${all[*]})))"
is "$(expected "$router"; expected "$router" -f ipv6)" "" "nothing is open any more"
is "$(dmesg | tail -n +$((lines + 1)) | grep "$helper:")" "" "no connection was left alone"

# What the helper is for
alg_rules "$helper" none native
run_in "$router" nft flush chain inet alg raw
run_in "$client" curl -sS --max-time 3 -o "$work/got/none" "ftp://$ftp4/data" 2>"$work/log"
is "$?" 28 "without the helper, nothing comes through"
is "$(stat -c %s "$work/got/none" 2>/dev/null || echo 0)" 0 "not a byte"
finish
