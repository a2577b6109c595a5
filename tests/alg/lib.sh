# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the tests of helpers: a router that lets in what the control connection opens, and
# nothing else.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# alg_router HELPER NAT [KIND]: topology_router, with the helper for port 21 of TCP, IPv4
# and IPv6, in both of which FORWARD lets through what is ESTABLISHED or RELATED, and
# connections from the client to port 21. KIND of iptables: legacy (default) or nft.
#
# NAT: none
#      snat  the server sees the client as 192.168.200.201, fd00:ffff:ffff::1234:5678
#      dnat  the client sees the server as 192.0.2.1, fd00:e::1
#      both
# Their texts are longer and shorter than those of the real addresses.
#
# $ftp4 and $ftp6 are what the client calls the server, $client4 and $client6 what the
# server calls the client.
# shellcheck disable=SC2034 # $ftp4 and the others are for the scripts
alg_router() {
	local program

	topology_router
	ftp4=10.0.2.2 ftp6=fd00:2::2 client4=10.0.1.2 client6=fd00:1::2
	for program in "iptables-${3-legacy}" "ip6tables-${3-legacy}"; do
		{
			echo '*raw'
			echo "-A PREROUTING -p tcp --dport 21 -j CT --helper $1"
			echo COMMIT
			echo '*filter'
			echo ':FORWARD DROP'
			echo '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
			echo '-A FORWARD -i eth1 -p tcp --dport 21 -j ACCEPT'
			echo COMMIT
			echo '*nat'
			case $2 in
			snat | both)
				echo "-A POSTROUTING -o eth2 -j SNAT --to-source" \
					"$(by_family "$program" 192.168.200.201 fd00:ffff:ffff::1234:5678)"
				;;
			esac
			case $2 in
			dnat | both)
				echo "-A PREROUTING -i eth1 -d" \
					"$(by_family "$program" 192.0.2.1 fd00:e::1) -p tcp --dport 21" \
					"-j DNAT --to-destination $(by_family "$program" 10.0.2.2 fd00:2::2)"
				;;
			esac
			echo COMMIT
		} | run_in "$router" "$program-restore" || die "$program-restore"
	done
	case $2 in
	snat | both) client4=192.168.200.201 client6=fd00:ffff:ffff::1234:5678 ;;
	esac
	case $2 in
	dnat | both) ftp4=192.0.2.1 ftp6=fd00:e::1 ;;
	esac
}

# start_vsftpd [LINE...]: a server that knows anonymous, in the namespace $server, IPv4
# and IPv6, with the files of $work/ftp and a folder to write to, $work/ftp/in; LINEs are
# of its configuration
start_vsftpd() {
	chmod 755 "$work"
	mkdir -p "$work/ftp/in" /run/vsftpd/empty
	chown daemon "$work/ftp/in"
	printf '%s\n' listen_ipv6=YES background=NO anonymous_enable=YES "anon_root=$work/ftp" \
		write_enable=YES anon_upload_enable=YES anon_mkdir_write_enable=YES anon_umask=022 \
		ftp_username=daemon nopriv_user=nobody secure_chroot_dir=/run/vsftpd/empty \
		seccomp_sandbox=NO isolate=NO isolate_network=NO "$@" >"$work/vsftpd.conf"
	start ip netns exec "$server" vsftpd "$work/vsftpd.conf"
	wait_for 20 listening "$server" tcp 21 || die "vsftpd does not listen"
}
