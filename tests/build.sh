#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: build.sh
# Configure, make, install, dist, and how they fail, on copies of the
# checkout, for each Debian kernel whose headers are installed. No guest, no root.
. "$(dirname "$0")/tap.sh"
no_arguments "$@"

# What `make install` installs
plugins="libxt_CTFORGET.so libxt_CTFULL.so libxt_CTLOG.so libxt_ctfull.so libxt_ctstate2.so"
modules="nf_conntrack_alg.ko nf_conntrack_ftp2.ko nf_conntrack_rtsp2.ko
	xt_CTFORGET.ko xt_CTLOG.ko xt_ctfull.ko xt_ctstate2.ko"
# and this below the prefix, with all documents and headers
units="lib/systemd/system/ctfull-arm.service lib/systemd/system/ctfull-guard.service lib/systemd/system/nft-xt.service
	lib/systemd/system/ctfull-metrics.service lib/systemd/system/ctfull-metrics.timer
	lib/systemd/system/xtables-conntrack-addons-rules.service"
files="share/man/man8/xtables-conntrack-addons.8 sbin/ctfull share/man/man8/ctfull.8
	sbin/ctwhy share/man/man8/ctwhy.8 share/bash-completion/completions/ctwhy
	sbin/nft-xt share/man/man8/nft-xt.8 share/bash-completion/completions/nft-xt
	share/bash-completion/completions/ctfull $units etc/default/ctfull-arm etc/default/ctfull-guard
	lib/firewalld/helpers/ftp2.xml lib/firewalld/helpers/rtsp2.xml libexec/xtables-conntrack-addons/rules
	share/netfilter-persistent/plugins.d/50-xtables-conntrack-addons
	share/xtables-conntrack-addons/ctfull.yaml
	share/xtables-conntrack-addons/ctfull-dashboard.json"

# What a release has that is not in git, and the other way round
generated="Makefile.in aclocal.m4 build-aux/ar-lib build-aux/compile build-aux/depcomp
	build-aux/install-sh build-aux/missing configure"
not_released='^\.ci/'

source=$work/source
log=$work/log
PATH=$PATH:/usr/sbin:/sbin
unset MAKEFLAGS MAKELEVEL MFLAGS DESTDIR INSTALL_MOD_PATH

# try DESCRIPTION COMMAND...: a test that COMMAND succeeds; $log has its output
try() {
	local description=$1 status

	shift
	"$@" >"$log" 2>&1
	status=$?
	ok "$status" "$description"
	[ "$status" = 0 ] || note "$(tail -n 40 "$log")"
	return "$status"
}

# same DESCRIPTION FILE1 FILE2: a test that two lists are the same
same() {
	try "$1" diff "$2" "$3"
}

# words WORD...: one in a line
words() {
	printf '%s\n' "$@"
}

# list FOLDER: its files, without the indices that depmod makes
list() {
	(cd "$1" && find . ! -type d ! -path './lib/modules/*/modules.*' -printf '%P\n' | sort)
}

# snapshot FOLDER: its files and when they changed
snapshot() {
	find "$1" ! -type d -printf '%P %T@\n' | sort
}

# build FOLDER OPTION...: configures and makes there
build() {
	mkdir -p "$1" && cd "$1" || return
	shift
	"$source/configure" -q "$@" && make -j2
}

# The module in the current build folder: the kernel release that it is for
release() {
	modinfo -F vermagic modules/kernel/xt_ctstate2.ko | cut -d ' ' -f 1
}

# installed PREFIX XTLIBDIR [RELEASE]: what is, from the root folder
installed() {
	local item

	{
		for item in $plugins; do
			echo "$2/$item"
		done
		for item in ${3:+$modules}; do
			echo "/lib/modules/$3/updates/$item"
		done
		for item in $files; do
			echo "$1/$item"
		done
		for item in $(cd "$source" && echo COPYING ./*.md doc/*.{md,svg,txt,json}); do
			echo "$1/share/doc/xtables-conntrack-addons/${item#./}"
		done
		for item in $(cd "$source/include" && echo linux/netfilter/*.h); do
			echo "$1/include/$item"
		done
	} | sed 's|^/||' | sort
}

# dead_links FOLDER: links of its documents to files that are not there
dead_links() {
	local file link

	find "$1" -name '*.md' | while IFS= read -r file; do
		grep -oE '\]\([^)#]+' "$file" | sed 's/^](//' | while IFS= read -r link; do
			[[ $link = http* ]] || [ -e "${file%/*}/$link" ] || echo "${file#"$1"}: $link"
		done
	done
}

# installs NAME ROOT WANTED: tests that ROOT has the files of the list WANTED, and
# that `make uninstall ARG...` removes them
installs() {
	local name=$1 root=$2 wanted=$3

	shift 3
	try "$name: make install" make -j2 install "$@"
	is "$(grep -iE 'error|warning: [^m]|jobserver' "$log")" "" "$name: it does not complain"
	same "$name: it installs what it should" \
		<(list "$root" | sed -E 's/\.(gz|xz|zst)$//') <(echo "$wanted")
	is "$(dead_links "$root")" "" "$name: the documents' links lead somewhere"
}

uninstalls() {
	local name=$1 root=$2

	shift 2
	try "$name: make uninstall" make uninstall "$@"
	is "$(list "$root")" "" "$name: it removes every file"
}

# kernel TREE: all that can be different for a kernel, in a build folder where there may be
# what was built for another one
kernel() {
	local tree=$1 name=${1##*/linux-headers-} release root prefix indices

	root=$work/$name-root prefix=$work/$name-prefix
	try "$name: configure, make -j2" build "$work/build" --with-kbuild="$tree" || return
	cd "$work/build" || return
	is "$(grep -i 'warning:' "$log")" "" "$name: no warnings, and make's -j reaches the kernel's"
	release=$(release)
	is "linux-headers-$release" "${tree##*/}" "$name: the modules are for that kernel"

	snapshot . >"$work/before"
	try "$name: make again" make -j2
	is "$(grep -vE 'Nothing to be done|(Enter|Leav)ing directory' "$log")" "" \
		"$name: it runs nothing"
	same "$name: it changes nothing" "$work/before" <(snapshot .)

	installs "$name, DESTDIR" "$root" \
		"$(installed /usr/local "$(pkg-config --variable=xtlibdir xtables)" "$release")" \
		DESTDIR="$root"
	uninstalls "$name, DESTDIR" "$root" DESTDIR="$root"

	indices=$prefix/lib/modules/$release
	try "$name: configure with a prefix" build "$work/build" --with-kbuild="$tree" \
		--prefix="$prefix" --with-xtlibdir="$prefix/xt" INSTALL_MOD_PATH="$prefix"
	mkdir -p "$indices"
	touch "$indices/modules."{order,builtin,builtin.modinfo}	# the kernel's
	installs "$name, prefix" "$prefix" "$(installed "" /xt "$release")"
	try "$name, prefix: depmod knows the module" \
		grep '^updates/xt_ctstate2\.ko' "$indices/modules.dep"
	uninstalls "$name, prefix" "$prefix"
	is "$(cat "$indices/modules.dep")" "" "$name, prefix: depmod knows it no more"
}

# rebuilds WANTED FILE...: a test that after a change of the files, of all results the
# WANTED ones are made anew. Of two files whose results are others, in one go.
rebuilds() {
	local wanted=$1

	shift
	sleep 0.05	# file times are not finer than a tick
	touch "$work/stamp" "$@"
	make -j2 >"$log" 2>&1
	is "$(find . \( -name '*.ko' -o -name '*.so' -o -name '*.8' -o -name 'ct[fw]*' -type f -perm -100 \) \
		-newer "$work/stamp" \
		-printf '%f\n' | sort)" "$wanted" "a change of $*: what is made anew"
}

# refuses REGEX DESCRIPTION ARG...: a test that configure fails and says so
refuses() {
	local wanted=$1 description=$2 output

	shift 2
	output=$("$source/configure" "$@" 2>&1) && output="configure succeeded"
	like "${output##*error: }" "$wanted" "configure: $description"
}

# --- A clean copy ---

"$tests/install-packages" build || die "build tools are missing"
trees=()
# Those of PREEMPT_RT end with -rt-amd64; check all fetches them.
versions=("6.1.*[!t]" "6.12.*[!t]")
[ -z "${CHECK_ALL-}" ] || versions=("6.12.*-rt" "${versions[@]}")
for version in "${versions[@]}"; do
	tree=$(compgen -G "/usr/src/linux-headers-$version-$(dpkg --print-architecture)" |
		sort -V | tail -n 1)
	[ -z "$tree" ] || trees+=("$tree")
done
[ ${#trees[@]} -gt 0 ] || die "no kernel headers (Debian: apt install linux-headers-amd64)"

cd "$tests/.." || exit
"$tests/lint" --files >"$work/files" || die "lint --files failed"
mkdir "$source"
xargs -0 cp -p --parents -t "$source" <"$work/files"
tr '\0' '\n' <"$work/files" | grep -vE "$not_released" | sort >"$work/released"

mkdir "$work/few"
ln -s "$(command -v dirname)" "$work/few/"
PATH=$work/few "$BASH" "$source/autogen.sh" >"$log" 2>&1
like "$?: $(<"$log")" "^1: .*install the Debian package autoconf" \
	"autogen.sh: a missing tool is named"
try "autogen.sh" "$source/autogen.sh" || die "there is no configure"
is "$(grep -i warning "$log")" "" "autogen.sh: no warnings"

# --- Builds beside the source folder, which stays as it is ---

rm -rf "$source/autom4te.cache"
chmod -R a-w "$source"
trap 'chmod -R u+w "$work/source"; cleanup' EXIT
snapshot "$source" >"$work/unbuilt"

for tree in "${trees[@]}"; do
	kernel "$tree"
done

try "configure --without-kbuild, make" build "$work/userspace" --without-kbuild
cd "$work/userspace" || exit
try "without kernel modules: none are built" [ ! -e modules ]
installs "without kernel modules" "$work/root" \
	"$(installed /usr/local "$(pkg-config --variable=xtlibdir xtables)")" DESTDIR="$work/root"
uninstalls "without kernel modules" "$work/root" DESTDIR="$work/root"

# As who hardens programs, and has no systemd
try "configure with LDFLAGS=-pie and without units, make" build "$work/pie" --without-kbuild \
	--without-systemdsystemunitdir LDFLAGS='-pie -Wl,-z,now'
cd "$work/pie" || exit
installs "LDFLAGS=-pie, no units" "$work/root" \
	"$(installed /usr/local "$(pkg-config --variable=xtlibdir xtables)" | grep -vE '\.(service|timer)$')" \
	DESTDIR="$work/root"
# shellcheck disable=SC2086 # words
is "$(cd extensions && LC_ALL=C readelf -lW $plugins | grep -c INTERP)" 0 \
	"LDFLAGS=-pie: the plugins are no programs"
uninstalls "LDFLAGS=-pie, no units" "$work/root" DESTDIR="$work/root"

# What DKMS gets builds by itself, and names each module
release=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$source/dkms.conf")
try "make install-dkms" make install-dkms DESTDIR="$work/root"
cp -r "$work/root/usr/local/src/"* "$work/dkms"
# dkms_make: builds it as dkms.conf says
dkms_make() (
	dkms_tree=$work/dkms-tree
	# shellcheck disable=SC2034 # for dkms.conf
	kernel_source_dir=$tree
	. "$work/dkms/dkms.conf"
	rm -rf "$dkms_tree"
	mkdir -p "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION"
	ln -s "$work/dkms" "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build"
	${MAKE[0]}
)
# dkms_built: the modules that are there then
dkms_built() {
	find "$work/dkms/kernel" -maxdepth 1 -name '*.ko' -printf '%f\n' | sort
}
try "what DKMS gets builds, without configure" dkms_make
# shellcheck disable=SC2086 # words
same "all modules" <(words $modules | sort) <(dkms_built)
# shellcheck disable=SC2086 # words
same "dkms.conf names each module" <(words $modules | sort) <(
	sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1.ko/p' "$work/dkms/dkms.conf" | sort)
same "make install-dkms: no file is missing or too many" <(list "$work/root/usr/local/src") <(
	grep -E '^(COPYING|dkms.conf|include/.*|kernel/.*)$' "$work/released" |
		sed "s|^|xtables-conntrack-addons-$release/|")

# A kernel for which one module cannot be built, nor another that needs it
echo 'int broken = no_such_thing;' >>"$work/dkms/kernel/alg/alg.c"
rm -r "$work/dkms/kernel/"{*.ko,.probe}
try "one module cannot be built: a plain make goes on" \
	make -C "$tree" M="$work/dkms/kernel" modules
like "$(<"$log")" "warning: nf_conntrack_alg cannot be built for this kernel: [^
]*no_such_thing" "it says which, and why"
like "$(<"$log")" "warning: nf_conntrack_ftp2 cannot be built for this kernel: it needs nf_conntrack_alg" \
	"and which one needs that"
like "$(<"$log")" "Known to be good are Debian's kernels [0-9]" "and which kernels are good"
like "$(<"$log")" "warning: nf_conntrack_rtsp2 cannot be built for this kernel: it needs nf_conntrack_alg" \
	"of all that do"
# shellcheck disable=SC2086 # words
same "it builds the others" <(words $modules | grep '^xt_' | sort) <(dkms_built)
try "so does what DKMS runs" dkms_make
# shellcheck disable=SC2086 # words
same "which makes each module that DKMS asks for" <(words $modules | sort) <(dkms_built)
is "$(cd "$work/dkms/kernel" && modinfo -F absent ./nf_*.ko | sort | uniq -c | tr -s ' ')" \
	" 3 cannot be built for this kernel" "of which three only say that they are not there"
is "$(cd "$work/dkms/kernel" && modinfo -F absent ./xt_*.ko)" "" "and the others are there"

# --- What configure refuses ---

mkdir -p "$work/refused/empty" "$work/unready" "$work/fake/include/"{config,generated} "$work/bin"
cd "$work/refused" || exit
refuses "apt install pkg-config" "no pkg-config" PKG_CONFIG=/nonexistent
refuses "apt install libxtables-dev" "no libxtables" PKG_CONFIG_LIBDIR=/nonexistent
mkdir few
cp "$(pkg-config --variable=pcfiledir xtables)/xtables.pc" few/
refuses "apt install libmnl-dev.*--without-tools" "no libmnl" PKG_CONFIG_LIBDIR="$PWD/few" --without-kbuild
refuses "an absolute path is needed" "--with-xtlibdir that is relative" --with-xtlibdir=lib
refuses "/nonexistent: .*apt install linux-headers-.*--with-kbuild=DIR.*--without-kbuild" \
	"--with-kbuild that does not exist" --with-kbuild=/nonexistent
refuses "/empty: .*apt install linux-headers-.*--with-kbuild=DIR.*--without-kbuild" \
	"--with-kbuild that is empty" --with-kbuild=empty
touch "$work/unready/Makefile" "$work/fake/"{Makefile,Module.symvers,include/config/auto.conf}
refuses "not a built or prepared kernel tree.*install linux-headers" \
	"--with-kbuild that is not built" --with-kbuild="$work/unready"
echo '#define UTS_RELEASE "0.1.2-fake"' >"$work/fake/include/generated/utsrelease.h"
refuses "0\.1\.2-fake has no connection tracking" \
	"a kernel without conntrack" --with-kbuild="$work/fake"
printf '%s\n' '#!/bin/sh' '[ "$*" = -r ] || exec /bin/uname "$@"' 'echo 0.1.2-none' >"$work/bin/uname"
chmod +x "$work/bin/uname"
PATH=$work/bin:$PATH refuses "apt install linux-headers-0\.1\.2-none" \
	"no headers for the running kernel"

same "nothing was written to the source folder" "$work/unbuilt" <(snapshot "$source")

# --- A release, and a build in its folder ---

cd "$work/build" || exit
try "make distcheck" make -j2 distcheck
mkdir "$work/release"
tar -xf ./*.tar.xz --strip-components=1 -C "$work/release"
cd "$work/release" || exit
same "a release has all files" <(list .) <(
	# shellcheck disable=SC2086 # words
	words $generated | sort - "$work/released")

source=$work/release
list . >"$work/unbuilt"
try "configure in the source folder" ./configure -q --with-kbuild="$tree"
list . >"$work/configured"
try "make in the source folder" make -j2
rebuilds "$(words ctfull libxt_ctstate2.so nf_conntrack_alg.ko nf_conntrack_ftp2.ko \
	nf_conntrack_rtsp2.ko xt_ctstate2.ko xtables-conntrack-addons.8)" \
	tools/ctfull/top.c extensions/libxt_ctstate2.{c,man} kernel/alg/protocol.h \
	kernel/ctstate2/xt_ctstate2.c
rebuilds "$(words ctfull libxt_CTFULL.so libxt_ctfull.so xt_ctfull.ko xt_ctstate2.ko)" \
	include/linux/netfilter/xt_ctfull.h kernel/ctstate2/state.h
rebuilds "$(words xt_CTLOG.ko xt_ctfull.ko)" kernel/log.h
rebuilds "$(words ctwhy libxt_ctstate2.so xt_CTLOG.ko xt_ctfull.ko xt_ctstate2.ko)" \
	include/linux/netfilter/xt_ctstate2.h
same "git does not see what was built" \
	<(tests/lint --files | tr '\0' '\n' | sort) "$work/released"
try "make clean" make clean
same "it leaves nothing that was built" <(list . | grep -v '\.dirstamp$') "$work/configured"
try "make distclean" make distclean
same "it leaves a release as it was" <(list .) "$work/unbuilt"
finish
