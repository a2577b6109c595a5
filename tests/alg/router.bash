# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For the tests of helpers: a router that lets in what the control connection opens, and
# nothing else.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

# A helper that another script has left would keep the core.
wait_for 20 modprobe -rq nf_conntrack_ftp2 nf_conntrack_rtsp2

# alg_rules HELPER NAT [KIND [PORTS]]: on the router, whose rules are forgotten, the helper
# for the PORTS of TCP (21), IPv4 and IPv6, in both of which FORWARD lets through what is
# ESTABLISHED or RELATED, and connections from the client to these ports. KIND of rules:
# those of iptables, legacy (default) or nft, or native, nft's own.
#
# NAT: none
#      snat  the server sees the client as 192.168.200.201, fd00:ffff:ffff::1234:5678
#      dnat  the client sees the server as 192.0.2.1, fd00:e::1
#      both
# Their texts are longer and shorter than those of the real addresses.
#
# $ftp4 and $ftp6 are what the client calls the server, $client4 and $client6 what the
# server calls the client.
alg_rules() {
	local program ports=${4-21}

	# shellcheck disable=SC2034 # for the scripts
	ftp4=10.0.2.2 ftp6=fd00:2::2 client4=10.0.1.2 client6=fd00:1::2
	case $2 in
	snat | both) client4=192.168.200.201 client6=fd00:ffff:ffff::1234:5678 ;;
	esac
	case $2 in
	dnat | both) ftp4=192.0.2.1 ftp6=fd00:e::1 ;;
	esac
	# What the last call left, if that was of another kind
	if [ "${alg_ruled-}" = "$router" ]; then
		run_in "$router" nft flush ruleset
		for program in iptables-legacy ip6tables-legacy; do
			printf '%s\n' '*raw' COMMIT '*nat' COMMIT '*filter' ':FORWARD ACCEPT' COMMIT |
				run_in "$router" "$program-restore"
		done
	fi
	alg_ruled=$router alg_kind=${3-legacy}
	if [ "$alg_kind" = native ]; then
		alg_native "$1" "$2" "$ports" | run_in "$router" nft -f - || die "nft"
		return
	fi
	for program in "iptables-$alg_kind" "ip6tables-$alg_kind"; do
		{
			echo '*raw'
			# Debian's helper rtsp is IPv4's alone.
			[ "$1$(by_family "$program" 4 6)" = rtsp6 ] ||
				echo "-A PREROUTING -p tcp -m multiport --dports $ports -j CT --helper $1"
			echo COMMIT
			echo '*filter'
			echo ':FORWARD DROP'
			echo '-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
			echo "-A FORWARD -i eth1 -p tcp -m multiport --dports $ports -j ACCEPT"
			echo COMMIT
			echo '*nat'
			case $2 in
			snat | both)
				echo "-A POSTROUTING -o eth2 -j SNAT --to-source" \
					"$(by_family "$program" "$client4" "$client6")"
				;;
			esac
			case $2 in
			dnat | both)
				echo "-A PREROUTING -i eth1 -d" \
					"$(by_family "$program" "$ftp4" "$ftp6") -p tcp" \
					"-m multiport --dports $ports -j DNAT --to-destination" \
					"$(by_family "$program" 10.0.2.2 fd00:2::2)"
				;;
			esac
			echo COMMIT
		} | run_in "$router" "$program-restore" || die "$program-restore"
	done
}

# alg_native HELPER NAT PORTS: what alg_rules sets, as nft reads it
alg_native() {
	cat <<-END
		table inet alg {
		ct helper announced { type "$1" protocol tcp; }
		chain raw {
			type filter hook prerouting priority mangle;
			tcp dport { $3 } ct helper set "announced"
		}
		chain forward {
			type filter hook forward priority filter; policy drop;
			ct state established,related accept
			iifname eth1 tcp dport { $3 } accept
		}
	END
	case $2 in
	snat | both)
		cat <<-END
			chain postrouting {
				type nat hook postrouting priority srcnat;
				oifname eth2 snat ip to $client4
				oifname eth2 snat ip6 to $client6
			}
		END
		;;
	esac
	case $2 in
	dnat | both)
		cat <<-END
			chain prerouting {
				type nat hook prerouting priority dstnat;
				iifname eth1 ip daddr $ftp4 tcp dport { $3 } dnat ip to 10.0.2.2
				iifname eth1 ip6 daddr $ftp6 tcp dport { $3 } dnat ip6 to fd00:2::2
			}
		END
		;;
	esac
	echo "}"
}

# log_helpers: what helpers have to say of connections in namespaces is in the kernel's log
log_helpers() {
	modprobe nf_log_syslog || die "no nf_log_syslog"
	sysctl -qw net.netfilter.nf_log_all_netns=1 || die "nf_log_all_netns"
}

# followed: how many control connections have a state
followed() {
	cat /sys/module/nf_conntrack_alg/parameters/followed
}

# none_followed: does none have one any more?
none_followed() {
	[ "$(followed)" = 0 ]
}

# alg_router HELPER NAT [KIND [PORTS]]: topology_router, with alg_rules
alg_router() {
	topology_router
	alg_rules "$@"
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
	wait_for 60 listening "$server" tcp 21 || die "vsftpd does not listen"
}

# folder_of_ftp NAME: a folder to write to, $work/ftp/NAME, for the user ftp
folder_of_ftp() {
	# The last script had another folder.
	sed -i '/^ftp:/d' /etc/passwd
	echo "ftp:x:990:990::$work/ftp:/usr/sbin/nologin" >>/etc/passwd
	mkdir -p "$work/ftp/$1"
	chown ftp "$work/ftp/$1"
}

# start_pure_ftpd [OPTION...]: beside it, on port 2121 and with the same files, whose owner
# is the user ftp's
start_pure_ftpd() {
	folder_of_ftp pure
	start ip netns exec "$server" pure-ftpd --bind ,2121 --anonymousonly --dontresolve \
		--pidfile "$work/pure-ftpd.pid" "$@"
	wait_for 60 listening "$server" tcp 2121 || die "pure-ftpd does not listen"
}

# start_proftpd [LINE...]: so, on port 2122; LINEs are of its configuration
start_proftpd() {
	local modules module

	folder_of_ftp pro
	mkdir -p /run/proftpd
	modules=$(type -P proftpd) || die "no proftpd"
	modules=${modules%/sbin/*}/lib/proftpd
	# In Debian 13, these are no part of the program.
	for module in ls xfer; do
		[ ! -e "$modules/mod_$module.so" ] || set -- "LoadModule mod_$module.c" "$@"
	done
	printf '%s\n' "ModulePath $modules" "$@" "ServerType standalone" "DefaultServer on" "ServerName ftp" "Port 2122" \
		"DefaultAddress 10.0.2.2 fd00:2::2" "UseIPv6 on" "User nobody" \
		"Group nogroup" "UseReverseDNS off" "WtmpLog off" \
		"TransferLog none" "SystemLog $work/proftpd.log" "PidFile $work/proftpd.pid" \
		"ScoreboardFile $work/proftpd.score" "<Anonymous $work/ftp>" "User ftp" \
		"Group nogroup" "UserAlias anonymous ftp" "RequireValidShell off" \
		"</Anonymous>" >"$work/proftpd.conf"
	start ip netns exec "$server" proftpd --nodaemon --config "$work/proftpd.conf"
	wait_for 60 listening "$server" tcp 2122 || die "proftpd does not listen"
}

# start_pyftpdlib: so, on port 2123, a server made of this library. It connects to the client
# before it says 200 to PORT.
start_pyftpdlib() {
	mkdir -p "$work/ftp/py"
	start ip netns exec "$server" /usr/bin/python3 -W ignore -c '
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.validate_authentication = lambda *_: None
for user in "ftp", "anonymous":
    FTPHandler.authorizer.add_user(user, "", sys.argv[1], "elradfmwMT")
FTPServer(("::", 2123), FTPHandler).serve_forever()' "$work/ftp" 2>"$work/pyftpdlib.log"
	# It reads a hundred files of Python's first.
	wait_for 120 listening "$server" tcp 2123 || die "pyftpdlib: $(<"$work/pyftpdlib.log")"
}

# start_ends [NAME=NAMESPACE...]: starts ends.py, for ends
start_ends() {
	coproc ends_py {
		exec /usr/bin/python3 "$tests/alg/ends.py" client="$client" router="$router" \
			server="$server" "$@"
	}
	# shellcheck disable=SC2154 # set by coproc
	background+=("$ends_py_PID")
	ends pass
}

# ends PYTHON: has ends.py do this; $result is then what PYTHON set `result` to
ends() {
	local answer="no answer"

	printf '%s\n' "$*" >&"${ends_py[1]}"
	read -r -t 60 answer result <&"${ends_py[0]}"
	[ "$answer" = ok ] || die "ends.py: $*: $answer ${result-}"
}

# result_is PYTHON WANTED DESCRIPTION: a test of what PYTHON is
result_is() {
	ends "result = $1"
	is "$result" "$2" "$3"
}

# expected NS [OPTION...]: the holes of NS, as "TIMEOUT DESTINATION PORT HELPER", one a line
expected() {
	run_in "$1" conntrack -L expect "${@:2}" 2>/dev/null | sed -E \
		's/^([0-9]+) .* src=[^ ]+ dst=([^ ]+) sport=0 dport=([0-9]+) mask-src=.*helper=([a-z0-9]+).*/\1 \2 \3 \4/'
}
