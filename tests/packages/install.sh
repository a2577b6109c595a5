#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: install.sh
# The Debian packages, in a tree of Debian that is not booted: they are built from a release
# and lintian is content, and RPMs, with which rpmlint is; DKMS builds the modules for two
# kernels, and again for each that comes; after a purge nothing is left. SUITES are the releases
# (default: bookworm). This machine's own packages, modules and firewall are left alone.
. "$(dirname "$0")/packages.bash" || exit

# contents FOLDER: what is in the packages there
contents() {
	local deb

	for deb in "$1/${name}_"*.deb "$1/$name-dkms_"*.deb; do
		dpkg-deb -c "$deb" | awk '{ print $1, $2, $6, $7, $8 }'
	done
}

# packages FOLDER: builds the packages from the source there, and puts them beside it
packages() {
	cd "$1" && dpkg-buildpackage -us -uc -b
}

# files: the files of the tree, but for logs, caches and what dpkg, depmod and DKMS's key write
files() {
	in_tree find / -xdev \( -path /proc -o -path /dev -o -path /run -o -path /tmp -o \
		-path /var/cache -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt -o \
		-path '/var/lib/dkms/mok*' -o -path '/*lib/modules/*/modules.*' \) \
		-prune -o -print | sort
}

# built RELEASE: the modules that are there for a kernel
built() {
	in_tree sh -c "cd /lib/modules/$1/updates/dkms && ls" 2>/dev/null | sed 's/\.ko.*/.ko/'
}

# --- The packages ---

try "dpkg-buildpackage, from a release" "$tests/packages/build" "$work/release" || finish
find_packages "$work/release"
if [ -n "${CHECK_ALL-}" ]; then
	mkdir -p "$work/clone/source"
	(cd "$top" && tests/lint --files | xargs -0 cp -p --parents -t "$work/clone/source")
	try "dpkg-buildpackage, from a clone" packages "$work/clone/source"
	try "a clone and a release make the same packages" \
		diff <(contents "$work/clone") <(contents "$work/release")
fi
is "$(contents "$work/release" | grep -E 'share/doc/.*\.(json|md|svg|txt)\.gz')" "" \
	"what documents link to is not compressed"
try "lintian" lintian --allow-root --fail-on error,warning "$work/release/$name"_*.changes
# rpm's database knows nothing of Debian's packages.
try "rpmbuild, from a release" rpmbuild -tb --nodeps --quiet -D "_topdir $work/rpm" \
	"$work/release/$name"-*.tar.xz
try "rpmlint" rpmlint "$top/$name.spec"
rpm_files=$(rpm -qpl "$work/rpm/RPMS/"*/*.rpm 2>/dev/null | sed 's|\.gz$||')
is "$(for deb in "${debs[@]}"; do dpkg-deb -c "$deb" | awk '$1 ~ /^[-l]/ { print $6 }'; done |
	sed -e '\|^\./usr/share/doc/|d' -e '\|^\./usr/share/lintian/|d' -e 's|^\./lib/|/usr/lib/|; s|^\./|/|; s|\.gz$||' |
	grep -vxF -f <(echo "$rpm_files"))" "" \
	"each file of the Debian packages is in an RPM"
modules=$(dpkg-deb --fsys-tarfile "${debs[1]}" | tar -xO --wildcards '*/dkms.conf' |
	sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1.ko/p' | sort)

# --- Each Debian ---

# one_less SUITE RELEASE: a module cannot be compiled for a kernel any more, and DKMS builds the others
one_less() {
	try "$1: DKMS builds for a kernel that one module is not made for" in_tree sh -c "
		cd /usr/src/$name-* && cp -p kernel/alg/rtsp.c /srv/ &&
		echo '#error as if the kernel had changed' >>kernel/alg/rtsp.c &&
		version=\${PWD##*-} &&
		dkms build --force $name/\$version -k $2 && dkms install --force $name/\$version -k $2 &&
		cp -p /srv/rtsp.c kernel/alg/"
	is "$(built "$2")" "$modules" "$1: all are there"
	is "$(for module in $modules; do
		echo "$module $(in_tree modinfo -k "$2" -F absent "${module%.ko}")"
	done | grep ' .')" "nf_conntrack_rtsp2.ko cannot be built for this kernel" "$1: but one says what it is"
}

# suite SUITE HEADERS LATER: installs it where there are the headers of a kernel, then those
# of a later one, and takes it away
suite() {
	local suite=$1 releases later release

	build_packages "$suite" "$work/$suite"
	use_tree "$suite" "${depends[@]}" "${@:2}"
	files >"$work/before"
	mapfile -t releases < <(cd "$tree/lib/modules" && printf '%s\n' * | sort -V)
	note "$suite: ${releases[*]}"
	[ ${#releases[@]} -ge 2 ]
	ok $? "$suite: there are the headers of two kernels"
	later=${releases[-1]}

	# The later kernel is installed afterwards.
	in_tree mv "/lib/modules/$later" "/srv/$later"
	try "$suite: apt install ./*.deb" in_tree sh -c "apt-get -y install /srv/*.deb" || return
	is "$(built "${releases[0]}")" "$modules" "$suite: DKMS has built all modules for ${releases[0]}"
	in_tree mv "/srv/$later" "/lib/modules/$later"
	try "$suite: a kernel is installed" in_tree sh -c \
		"for hook in /etc/kernel/postinst.d/dkms /etc/kernel/header_postinst.d/dkms; do
			[ ! -x \$hook ] || \$hook $later || exit
		done"
	is "$(built "$later")" "$modules" "$suite: DKMS has built all modules for $later"
	for release in "${releases[@]}"; do
		is "$(in_tree modinfo -k "$release" -F vermagic xt_ctstate2 | cut -d ' ' -f 1)" "$release" \
			"$suite: modinfo finds xt_ctstate2 for $release"
		is "$(in_tree modprobe -S "$release" --show-depends ipt_CTFULL 2>/dev/null |
			grep -c '/updates/dkms/xt_ctfull\.ko')" 1 \
			"$suite: a rule with CTFULL would find its module for $release"
	done
	like "$(in_tree iptables-translate -A INPUT -m ctstate2 --state RELATED -j ACCEPT)" \
		"ct state related" "$suite: iptables finds the plugin"
	like "$(in_tree ctfull --version)" "^ctfull" "$suite: ctfull starts"
	like "$(in_tree ctwhy explain TCP_NEW)" "What to do:" "$suite: ctwhy starts"
	like "$(in_tree nft-xt --version)" "^nft-xt" "$suite: nft-xt starts"
	is "$(in_tree sh -c 'systemctl is-enabled ctfull-guard 2>&1; ls /etc/systemd/system/*.wants' |
		grep guard)" "" "$suite: the guard is not enabled"

	[ -z "${CHECK_ALL-}" ] || one_less "$suite" "$later"

	try "$suite: apt remove" in_tree apt-get -y remove "$name" "$name-dkms"
	for release in "${releases[@]}"; do
		is "$(built "$release")" "" "$suite: its modules for $release are gone"
	done
	in_tree sh -c "mkdir -p /etc/$name && touch /etc/$name/rules.v4 /etc/$name/rules.v6"
	try "$suite: apt purge" in_tree apt-get -y purge "$name" "$name-dkms"
	is "$(files | diff "$work/before" -)" "" "$suite: nothing is left"
}

[ -z "${CHECK_ALL-}" ] || : "${SUITES=bookworm trixie}"
for item in ${SUITES-bookworm}; do
	case $item in
	bookworm) suite bookworm linux-headers-amd64 linux-headers-6.12-amd64 ;;
	trixie) suite trixie linux-headers-amd64 linux-headers-rt-amd64 ;;
	*) die "SUITES: no such suite: $item" ;;
	esac
done
finish
