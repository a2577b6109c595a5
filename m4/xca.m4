# SPDX-License-Identifier: GPL-2.0-only

# XCA_LIBXTABLES
# libxtables and its header; xtlibdir, where iptables looks for its plugins.
AC_DEFUN([XCA_LIBXTABLES], [
	PKG_PROG_PKG_CONFIG
	AS_IF([test -z "$PKG_CONFIG"],
		[AC_MSG_ERROR([pkg-config not found (Debian: apt install pkg-config)])])
	PKG_CHECK_MODULES([libxtables], [xtables >= 1.8.7], [],
		[AC_MSG_ERROR([libxtables 1.8.7 or newer not found (Debian: apt install libxtables-dev): $libxtables_PKG_ERRORS])])
	xca_cppflags=$CPPFLAGS
	CPPFLAGS="$CPPFLAGS $libxtables_CFLAGS"
	AC_CHECK_HEADER([xtables.h], [],
		[AC_MSG_ERROR([xtables.h does not compile (Debian: apt install libxtables-dev libc6-dev linux-libc-dev)])])
	CPPFLAGS=$xca_cppflags
	AC_ARG_WITH([xtlibdir],
		[AS_HELP_STRING([--with-xtlibdir=DIR],
			[where iptables looks for its plugins @<:@from pkg-config@:>@])],
		[AS_CASE([$withval],
			[/*], [xtlibdir=$withval],
			[AC_MSG_ERROR([--with-xtlibdir=$withval: an absolute path is needed])])],
		[PKG_CHECK_VAR([xtlibdir], [xtables], [xtlibdir], [],
			[AC_MSG_ERROR([pkg-config does not know the plugin folder of libxtables: use --with-xtlibdir=DIR])])])
	AC_SUBST([xtlibdir])
])

# XCA_KBUILD
# KBUILD_DIR, the prepared kernel tree that the modules are built with, and
# KERNEL_RELEASE, what that kernel calls itself; KBUILD_NO_SIGNING, what make
# modules_install gets if there is no key to sign with. The conditional KBUILD is
# false with --without-kbuild.
AC_DEFUN([XCA_KBUILD], [
	AC_ARG_WITH([kbuild],
		[AS_HELP_STRING([--with-kbuild=DIR],
			[build the kernel modules for the kernel whose build tree is DIR @<:@/lib/modules/$(uname -r)/build@:>@])
AS_HELP_STRING([--without-kbuild], [build no kernel modules])],
		[], [with_kbuild=yes])
	AC_ARG_VAR([INSTALL_MOD_PATH],
		[modules are installed under INSTALL_MOD_PATH/lib/modules @<:@/@:>@])
	AS_CASE([$with_kbuild],
		[no], [KBUILD_DIR=],
		[yes], [KBUILD_DIR=/lib/modules/$(uname -r)/build],
		[KBUILD_DIR=$(cd "$with_kbuild" 2>/dev/null && pwd || echo "$with_kbuild")])
	KERNEL_RELEASE=
	KBUILD_NO_SIGNING=
	AS_IF([test -n "$KBUILD_DIR"], [
		AC_MSG_CHECKING([for a kernel build tree])
		AS_IF([test ! -e "$KBUILD_DIR/Makefile"], [
			AC_MSG_RESULT([no])
			AC_MSG_ERROR([no kernel build tree in $KBUILD_DIR: install the headers of that kernel (Debian: apt install linux-headers-$(uname -r) for the running one), name another tree with --with-kbuild=DIR, or build no modules with --without-kbuild])])
		AS_IF([test ! -e "$KBUILD_DIR/Module.symvers" || test ! -e "$KBUILD_DIR/include/generated/utsrelease.h"], [
			AC_MSG_RESULT([no])
			AC_MSG_ERROR([$KBUILD_DIR is not a built or prepared kernel tree (no Module.symvers or include/generated/utsrelease.h): install linux-headers for that kernel, or build it first])])
		# Not kernel.release, where Debian 12's headers have the upstream version
		KERNEL_RELEASE=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' "$KBUILD_DIR/include/generated/utsrelease.h")
		AC_MSG_RESULT([$KBUILD_DIR ($KERNEL_RELEASE)])
		AS_IF([! grep -q '^CONFIG_NF_CONNTRACK=@<:@ym@:>@' "$KBUILD_DIR/include/config/auto.conf"],
			[AC_MSG_ERROR([the kernel $KERNEL_RELEASE has no connection tracking (CONFIG_NF_CONNTRACK)])])
		AS_IF([! grep -q '^CONFIG_NETFILTER_XTABLES=@<:@ym@:>@' "$KBUILD_DIR/include/config/auto.conf"],
			[AC_MSG_ERROR([the kernel $KERNEL_RELEASE has no x_tables (CONFIG_NETFILTER_XTABLES)])])
		# Debian's kernels ask for signatures by a key that is not in the headers.
		xca_key=$(sed -n 's/^CONFIG_MODULE_SIG_KEY=//p' "$KBUILD_DIR/include/config/auto.conf" | tr -d '"')
		AS_CASE([$xca_key],
			[pkcs11:*], [],
			[(cd "$KBUILD_DIR" && test -e "$xca_key") || KBUILD_NO_SIGNING=CONFIG_MODULE_SIG_ALL=])
		AC_PATH_PROG([DEPMOD], [depmod], [], [$PATH:/usr/sbin:/sbin])
		AS_IF([test -z "$DEPMOD"],
			[AC_MSG_ERROR([depmod not found (Debian: apt install kmod)])])
	])
	AC_SUBST([KBUILD_DIR])
	AC_SUBST([KBUILD_NO_SIGNING])
	AC_SUBST([KERNEL_RELEASE])
	AM_CONDITIONAL([KBUILD], [test -n "$KBUILD_DIR"])
])

# XCA_TOOLS
# What the programs need, unless --without-tools; systemdsystemunitdir, where units go.
# The conditional TOOLS is false with --without-tools.
AC_DEFUN([XCA_TOOLS], [
	AC_ARG_WITH([tools],
		[AS_HELP_STRING([--without-tools], [do not build ctfull, ctwhy and nft-xt])],
		[], [with_tools=yes])
	AC_ARG_WITH([systemdsystemunitdir],
		[AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
			[where systemd looks for units @<:@PREFIX/lib/systemd/system@:>@])
AS_HELP_STRING([--without-systemdsystemunitdir], [install no units])],
		[AS_CASE([$withval],
			[no], [systemdsystemunitdir=],
			[/*], [systemdsystemunitdir=$withval],
			[AC_MSG_ERROR([--with-systemdsystemunitdir=$withval: an absolute path is needed])])],
		[systemdsystemunitdir='${prefix}/lib/systemd/system'])
	AC_SUBST([systemdsystemunitdir])
	AM_CONDITIONAL([SYSTEMD], [test -n "$systemdsystemunitdir"])
	AS_IF([test "$with_tools" != no], [
		m4_foreach([xca_item], [
			[[libmnl], [libmnl >= 1.0.4], [libmnl-dev]],
			[[libnftnl], [libnftnl >= 1.1.7], [libnftnl-dev]],
			[[jansson], [jansson >= 2.8], [libjansson-dev]],
			[[ncurses], [ncurses >= 5], [libncurses-dev]]],
			[XCA_TOOL_LIBRARY(xca_item)])
	])
	AM_CONDITIONAL([TOOLS], [test "$with_tools" != no])
])

# XCA_TOOL_LIBRARY(NAME, MODULES OF PKG-CONFIG, DEBIAN PACKAGE)
AC_DEFUN([XCA_TOOL_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [],
		[AC_MSG_ERROR([$1 not found, which ctfull, ctwhy and nft-xt need (Debian: apt install $3; or leave them out: --without-tools): $$1_PKG_ERRORS])])
])
