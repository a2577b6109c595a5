#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: boot.sh
# A Debian with the packages and with the rules of doc/install.md, "Never open", boots: with the
# kernel that was there, with one that was installed afterwards, with one for which DKMS could
# not build the modules, and after a purge. Its rules are there, or it is closed and says why.
# SUITES are the releases (default: bookworm trixie).
. "$(dirname "$0")/packages.bash" || exit
unit=xtables-conntrack-addons-rules

# block NAME: has the tree run commands of doc/install.md
block() {
	readme_block "$1" doc/install.md >"$work/over/files/srv/block"
	[ -s "$work/over/files/srv/block" ] || die "no block $1 in doc/install.md"
	in_tree bash -e /srv/block >"$log" || die "the block $1 of doc/install.md fails"
}

# hide RELEASE: its modules are not there, as before it is installed
hide() {
	in_tree mv "/lib/modules/$1" "/srv/$1"
}

# install_kernel RELEASE: they are, and what a kernel's package runs is run
install_kernel() {
	in_tree mv "/srv/$1" "/lib/modules/$1"
	try "$suite: $1 is installed" in_tree sh -c \
		"for hook in /etc/kernel/postinst.d/dkms /etc/kernel/header_postinst.d/dkms; do
			[ ! -x \$hook ] || \$hook $1 || exit
		done"
}

# boot RELEASE [COMMAND]: boots it, and runs COMMAND there at the end. Its rules are in the
# variable rules then, its failed units in failed, its unit's words in journal, COMMAND's in said.
boot() {
	local results=$work/results

	rm -rf "$results"
	try "$suite: $1 boots" "$tests/packages/boot" --over "$work/over" "$tree" "$1" "$results" "
		uname -r >release
		iptables-save | sed -E '/^#/d; s/\[[0-9]+:[0-9]+\]//' >rules
		ip6tables-save >rules6
		systemctl list-units --failed --plain --no-legend >failed
		journalctl -b -o cat -u $unit >journal
		journalctl -b -o short-monotonic >all
		${2-}" || return
	rules=$(cat "$results/rules") failed=$(awk '{ print $1 }' "$results/failed")
	journal=$(cat "$results/journal") said=$(cat "$results/output")
	is "$(cat "$results/release")" "$1" "$suite: it is this kernel"
}

ours() {
	grep -E -e '^-A ct-' <<<"$rules"
}

others() {
	grep -vE -e '^-A ct-' <<<"$rules"
}

# services: ctfull-arm, nft-xt and the timer of the metrics are to start with the tree, and
# /srv/services says how they and the guard do
services() {
	# The example in its file of options, with the table that its comment asks for
	in_tree sed -i '/--dry-run"$/s/^#//' /etc/default/ctfull-guard
	in_tree systemctl enable ctfull-arm nft-xt ctfull-metrics.timer
	mkdir -p "$work/over/files/var/lib/prometheus/node-exporter"
	echo "mark 0x10/0x10 ctstate2 --state INVALID" >"$work/over/files/etc/nft-xt.conf"
	cat >"$work/over/files/srv/services" <<'END'
exec 2>&1
sed -n 's/^#   //p' /etc/default/ctfull-guard | nft -f -
systemctl start ctfull-guard
sleep 10
echo "ctfull-guard: $(systemctl is-active ctfull-guard)"

# written NAMESPACE: its figure of rules, if there are some, in the file as it is now
written() {
	grep "^conntrack_full_rules{netns=\"$1\"} [1-9]" /var/lib/prometheus/node-exporter/ctfull.prom
}

ip netns add other
ip netns exec other iptables -t raw -A PREROUTING -j CTFULL
seconds=0
until { written "" && written other; } >/dev/null || [ $((seconds += 2)) -gt 90 ]; do sleep 2; done
echo "ctfull-metrics.timer: $(systemctl is-active ctfull-metrics.timer), after $((seconds > 90)) times 90 s:" \
	"$(written "") $(written other) $(stat -c '%U %a' /var/lib/prometheus/node-exporter/ctfull.prom)"
ip netns del other
echo 1024 >/proc/sys/net/netfilter/nf_conntrack_max

# state UNIT TABLE: of the unit, and how many tables of this name there are
state() {
	echo "$(systemctl is-active "$1"), $(nft list tables | grep -c " $2\$") tables"
}

echo "ctfull-arm: $(state ctfull-arm ctfull)"
ctfull status | grep ^reserve
echo "--reserve 50%" >>/etc/default/ctfull-arm
systemctl reload ctfull-arm
sleep 2
echo "reloaded: $(state ctfull-arm ctfull)"
ctfull status | grep ^reserve
systemctl stop ctfull-arm
echo "stopped: $(state ctfull-arm ctfull)"

echo "nft-xt: $(state nft-xt nft-xt)"
echo "also: mark 0x20/0x20 ctstate2 --state NEW" >>/etc/nft-xt.conf
systemctl reload nft-xt
sleep 2
echo "reloaded: $(state nft-xt nft-xt)"
nft-xt list | grep -o also: | sort -u
systemctl stop nft-xt
echo "stopped: $(state nft-xt nft-xt)"
END
}

# suite SUITE PACKAGE...: PACKAGEs are one or two kernels with headers, and one without
suite() {
	local base release bare='' kernels=() all

	suite=$1
	use_tree "$suite" "${depends[@]}" systemd-sysv iptables-persistent nftables iproute2 "${@:2}"
	for release in $(cd "$tree/lib/modules" && printf '%s\n' * | sort -V); do
		if [ -e "$tree/lib/modules/$release/build/Makefile" ]; then
			kernels+=("$release")
		else
			bare=$release
		fi
	done
	note "$suite: ${kernels[*]}, without headers: $bare"
	[ ${#kernels[@]} -gt 0 ] || die "no kernel with headers"
	[ -n "$bare" ] || die "no kernel without headers"
	[ ${#kernels[@]} = 1 ] || hide "${kernels[1]}"
	hide "$bare"

	mkdir "$work/over/files/srv/new"
	mv "$work/over/files/srv/"*.deb "$work/over/files/srv/new/"
	cp "${old[@]}" "$work/over/files/srv/"
	try "$suite: an older version is installed" in_tree sh -c "apt-get -y install /srv/*.deb" || return
	block base
	block rules
	try "$suite: and upgraded" in_tree sh -c "apt-get -y install /srv/new/*.deb" || return
	services
	boot "${kernels[0]}" "bash /srv/services" || return
	is "$(ours | wc -l)" 6 "$suite: all rules are set"
	all=$rules base=$(others)
	like "$base" "INPUT DROP.*-A INPUT -i lo -j ACCEPT" "$suite: the base, too"
	like "$(cat "$work/results/rules6")" "INPUT DROP.*-A INPUT -p ipv6-icmp -j ACCEPT" \
		"$suite: and that of IPv6"
	is "$failed" "" "$suite: and no unit has failed"
	is "$said" "ctfull-guard: active
ctfull-metrics.timer: active, after 0 times 90 s: conntrack_full_rules{netns=\"\"} 5 conntrack_full_rules{netns=\"other\"} 1 root 644
ctfull-arm: active, 2 tables
reloaded: active, 2 tables
reserve      leaves 512 of 1024 entries
stopped: inactive, 0 tables
nft-xt: active, 2 tables
reloaded: active, 2 tables
also:
stopped: inactive, 0 tables" "$suite: the guard starts; the others did with the machine, and reload"
	in_tree systemctl disable ctfull-arm nft-xt ctfull-metrics.timer

	if [ ${#kernels[@]} -gt 1 ]; then
		install_kernel "${kernels[1]}"
		boot "${kernels[1]}"
		is "$rules; $failed" "$all; " "$suite: a kernel update: all rules are set"
	fi

	install_kernel "$bare"
	boot "$bare"
	is "$rules" "$base" "$suite: a kernel without headers: the base alone is set"
	is "$failed" "netfilter-persistent.service
$unit.service" "$suite: and its unit has failed, as has netfilter-persistent, which runs the same"
	like "$journal" "NOT in force.*Linux ${bare//+/.} has no module.*linux-headers-${bare//+/.}\\), and run: dkms autoinstall" \
		"$suite: it says why, and what to do"

	try "$suite: apt purge" in_tree apt-get -y purge "$name" "$name-dkms"
	boot "${kernels[-1]}"
	is "$rules; $failed" "$base; " "$suite: after a purge: the base alone is set, and no unit fails"
}

# client: /srv/client makes a network namespace of this name, with a link to the machine
client() {
	cat >"$work/over/files/srv/client" <<'END'
ip netns add client
ip link add name eth9 type veth peer name eth0 netns client
ip addr add 10.7.0.1/24 dev eth9
ip link set eth9 up
ip -n client addr add 10.7.0.2/24 dev eth0
ip -n client link set eth0 up
END
}

# with_firewalld SUITE: a service of firewalld's has the helper, as doc/install.md says: a data
# connection gets in, through a reload of firewalld, too, and none without the helper. ctfull-arm
# stays as it is.
with_firewalld() {
	suite=$1
	use_tree "$suite" "${depends[@]}" systemd-sysv linux-{image,headers}-amd64 firewalld iproute2 vsftpd curl
	try "$suite: installed beside firewalld" in_tree sh -c "apt-get -y install /srv/*.deb" || return
	block firewalld
	in_tree systemctl enable ctfull-arm
	printf '%s\n' listen=YES anonymous_enable=YES anon_root=/srv/ftp ftp_username=daemon \
		secure_chroot_dir=/run/vsftpd/empty seccomp_sandbox=NO >"$work/over/files/etc/vsftpd.conf"
	client
	cat >"$work/over/files/srv/transfers" <<'END'
exec 2>&1
. /srv/client
mkdir -p /srv/ftp
echo "what was sent" >/srv/ftp/file
for turn in before after without; do
	case $turn in
	after) firewall-cmd -q --reload ;;
	without)
		firewall-cmd -q --permanent --service=ftp2 --remove-helper=ftp2
		firewall-cmd -q --reload
		;;
	esac
	echo "$turn: $(ip netns exec client curl -s -S -m 20 ftp://10.7.0.1/file 2>&1)"
	echo "$turn: $(ctfull status | grep -o "4 with -j CTFULL, armed by ctfull arm")"
done
END
	boot "$(cd "$tree/lib/modules" && echo *)" "systemctl is-active firewalld; bash /srv/transfers" || return
	is "$failed" "" "$suite: firewalld: no unit has failed"
	like "$said" "^active" "$suite: firewalld is running"
	like "$said" "before: what was sent" "$suite: firewalld: a transfer passes"
	like "$said" "after: what was sent" "$suite: firewalld: after a reload, too"
	is "$(grep -c "armed by ctfull arm" <<<"$said")" 3 "$suite: firewalld: ctfull-arm is there all the time"
	like "$said" "without: curl: .*timed out|without: .*[Cc]onnect" "$suite: firewalld: but not without the helper"
}

# with_docker SUITE: beside Docker, which sets its rules by iptables: rules in its chain for users
# see its containers' packets, when Docker has been restarted, too, and so does ctfull-arm
with_docker() {
	suite=$1
	use_tree "$suite" "${depends[@]}" systemd-sysv linux-{image,headers}-amd64 docker.io apparmor nftables \
		busybox-static iproute2 curl
	try "$suite: installed beside Docker" in_tree sh -c "apt-get -y install /srv/*.deb" || return
	in_tree systemctl enable ctfull-arm
	mkdir -p "$work/over/files/etc/docker"
	echo '{ "storage-driver": "vfs" }' >"$work/over/files/etc/docker/daemon.json"
	client
	cat >"$work/over/files/srv/containers" <<'END'
exec 2>&1
. /srv/client
mkdir -p /srv/box/bin
cp "$(command -v busybox)" /srv/box/bin/
tar -C /srv/box -c . | docker import - box >/dev/null
docker run -d --restart always -p 8080:80 box /bin/busybox sh -c \
	'cd /; echo served >index.html; exec /bin/busybox httpd -f -p 80 -h /' >/dev/null
iptables -I DOCKER-USER -i eth9 -m ctstate2 --state INVALID -j DROP
iptables -I DOCKER-USER -i eth9 -m ctstate2 --state NEW

# serves WHEN: does the container answer, and have the rules seen its client?
serves() {
	iptables -Z DOCKER-USER
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		answer=$(ip netns exec client curl -s -m 5 http://10.7.0.1:8080/index.html) && break
		sleep 2
	done
	echo "$1: $answer, $(iptables -vnxL DOCKER-USER | awk '/NEW/ { print ($1 > 0 ? "seen" : "not seen") }')," \
		"$(nft list tables | grep -c ' ctfull$') tables"
}

serves "at first"
systemctl restart docker
serves "after Docker's restart"
echo 1 >/proc/sys/net/netfilter/nf_conntrack_max
ip netns exec client curl -s -m 3 http://10.7.0.1:8080/ || echo "a full table: no answer"
ctfull status --json | grep -q '"refused": [1-9]' && echo "refused: counted"
END
	boot "$(cd "$tree/lib/modules" && echo *)" "bash /srv/containers" || return
	is "$failed" "" "$suite: Docker: no unit has failed"
	is "$said" "at first: served, seen, 2 tables
after Docker's restart: served, seen, 2 tables
a full table: no answer
refused: counted" "$suite: Docker: rules in DOCKER-USER and ctfull-arm see its containers' packets"
}

"$tests/packages/build" "$work/release" >"$log" 2>&1 || die "no packages: $(tail -n 5 "$log")"
for item in ${SUITES-bookworm trixie}; do
	build_packages "$item" "$work/$item-older" '~older'
	old=("${debs[@]}")
	build_packages "$item" "$work/$item"
	case $item in
	bookworm) suite bookworm linux-{image,headers}-amd64 linux-{image,headers}-6.12-amd64 linux-image-rt-amd64 ;;
	trixie) suite trixie linux-{image,headers}-amd64 linux-image-rt-amd64 ;;
	*) die "SUITES: no such suite: $item" ;;
	esac
	with_firewalld "$item"
	with_docker "$item"
done
finish
