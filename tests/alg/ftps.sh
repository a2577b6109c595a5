#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# FTP that goes on in TLS (RFC 4217), which the helper cannot read, and in the clear again after
# CCC. The client is curl, the server vsftpd, and proftpd, which knows CCC; with NAT and without.
. "$(dirname "${BASH_SOURCE[0]}")/router.bash" || exit

modprobe -a nf_conntrack_ftp2 nf_conntrack_netlink || die "no nf_conntrack_ftp2"
topology_router
mkdir -p "$work/ftp"
echo "what is in the file" >"$work/ftp/data"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ftp -keyout "$work/key" -out "$work/cert" \
	2>"$work/log" || die "openssl: $(<"$work/log")"
start_vsftpd ssl_enable=YES allow_anon_ssl=YES require_ssl_reuse=NO ssl_ciphers=HIGH \
	rsa_cert_file="$work/cert" rsa_private_key_file="$work/key" \
	pasv_min_port=50000 pasv_max_port=50009

# fetch SECONDS URL [OPTION...]: exit status 28 means that it waited so long in vain
fetch() {
	run_in "$client" curl -sSgv --max-time "$1" "${@:3}" "$2/data" 2>"$work/log"
}

# logged: what the kernel's log has more than $log_lines lines say of ftp2
logged() {
	dmesg | tail -n +$((log_lines + 1)) | sed -n 's/.*ftp2: //p'
}

# open_ports IPTABLES NAT: what an administrator can do about it
open_ports() {
	run_in "$router" "$1" -w -A FORWARD -i eth1 -p tcp --dport 50000:50009 -j ACCEPT
	[ "$2" != both ] || run_in "$router" "$1" -w -t nat -A PREROUTING -i eth1 \
		-d "$ftp4" -p tcp --dport 50000:50009 -j DNAT --to-destination 10.0.2.2
}

# try NAT IPTABLES
try() {
	local what="NAT: $1, $2" url from got log_lines

	alg_rules ftp2 "$1"
	url=ftp://$(by_family "$2" "$ftp4" "[$ftp6]")
	from=$(by_family "$2" "10\.0\.1\.2" "\[fd00:1::2\]")
	log_lines=$(dmesg | wc -l)

	got=$(fetch 20 "$url" -k --ssl-reqd --head)
	is "$?" 0 "$what: a session without a transfer"
	like "$got" "Content-Length: 20" "$what: the server answers commands"
	like "$(<"$work/log")" "SSL connection using TLS" "$what: which are in TLS"
	like "$(logged)" "^not opened: $from:[0-9]+ to [^ ]+:21: encrypted\$" \
		"$what: nothing is opened, which is said once"
	got=$(fetch 4 "$url" -k --ssl-reqd)
	# With DNAT, the router has no way to where the client goes, and says so: 7.
	like "$?/$got" "^(28|7)/\$" "$what: a data connection is not let in"
	like "$(<"$work/log")" "> EPSV" "$what: although it was asked for"
	is "$(<"$work/expected")" "" "$what: nothing was expected"

	open_ports "$2" "$1"
	is "$(fetch 20 "$url" -k --ssl-reqd)" "$(<"$work/ftp/data")" \
		"$what: with its ports open, it is"
	like "$(<"$work/log")" "> PROT P" "$what: in TLS, too"
	is "$(<"$work/expected")" "" "$what: nothing was expected for it"
}

log_helpers
# Whatever is expected is a line there
start ip netns exec "$router" conntrack -E expect >"$work/expected" 2>"$work/watch"
try none iptables-legacy
try snat ip6tables-legacy
try both iptables-legacy

# back NAT IPTABLES: in the clear after the login; without open ports
back() {
	local what="NAT: $1, $2, CCC" url

	alg_rules ftp2 "$1" legacy 2122
	url=ftp://$(by_family "$2" "$ftp4" "[$ftp6]"):2122
	is "$(fetch 20 "$url" -k --ssl-reqd --ftp-ssl-ccc)" "$(<"$work/ftp/data")" \
		"$what: a transfer"
	like "$(<"$work/log")" "CCC.*> EPSV" "$what: which was asked for in the clear"
	[ "$1" = both ] || return 0
	log_lines=$(dmesg | wc -l)
	fetch 20 "$url" -k --ssl-reqd --ftp-ssl-ccc --ftp-port - >/dev/null
	like "$(logged)" "encrypted.*:2122: no_login\$" \
		"$what: no way to the client, as the login was in TLS"
}

start_proftpd "LoadModule mod_tls.c" "TLSEngine on" "TLSRSACertificateFile $work/cert" \
	"TLSRSACertificateKeyFile $work/key" "TLSOptions NoSessionReuseRequired"
back none iptables-legacy
back snat ip6tables-legacy
back both iptables-legacy

# The same in plain text, so that what came of nothing else above could have come
alg_rules ftp2 none
is "$(fetch 20 "ftp://$ftp4")" "$(<"$work/ftp/data")" "plain text: a transfer"
wait_for 60 grep -q 'NEW.*dport=500' "$work/expected"
ok $? "plain text: it was expected"
finish
