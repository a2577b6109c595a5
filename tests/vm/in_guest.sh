# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# For scripts that set firewalls, limits and addresses: ends a script that does not run in a
# guest of vm/run. The kernel knows: vm/run says so on its command line, which no variable
# and no other program can change. Written for any shell: that of the first line may not be
# the one that reads this.
guest_kernel=
read -r guest_kernel 2>/dev/null </proc/cmdline
case " $guest_kernel " in
*" xtables_conntrack_addons.guest "*)
	unset guest_kernel
	;;
*)
	echo "${0##*/}: this is for a guest, not for this machine, whose network it would change:" \
		"tests/vm/run -- COMMAND" >&2
	exit 2
	;;
esac
