# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the programs of tests say of themselves: their first comment, which begins in their
# third line.

# usage [STATUS [MESSAGE]]: ends the script with it, for --help, or after an error
usage() {
	local status=${1-0}

	[ "$status" = 0 ] || exec >&2
	[ -z "${2-}" ] || printf '%s: %s\n' "${0##*/}" "$2"
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
	exit "$status"
}

# no_arguments "$@": of a script that takes none
no_arguments() {
	case $#${1-} in
	0) ;;
	1-h | 1--help) usage ;;
	*) usage 2 ;;
	esac
}
