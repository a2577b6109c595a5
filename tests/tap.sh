# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# TAP, for the test scripts that run on this machine; those of guests get it from lib.sh. A
# script sources this, tests, and ends with `finish`.
#
# Exit status, as kselftest has it: 0 passed, 1 failed, 4 skipped.

set -u
. "${BASH_SOURCE[0]%/*}/usage.sh" || exit

# shellcheck disable=SC2034 # for the scripts
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d) || exit
tap_count=0
tap_failed=0
tap_skipped=0

# ok STATUS DESCRIPTION: a test that passed if STATUS is 0
ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# is GOT WANTED DESCRIPTION: a test that the two are the same
is() {
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '%s\n' "got: $1" "wanted: $2" | sed 's/^/#   /'
	fi
}

# like TEXT REGEX DESCRIPTION: a test that TEXT matches the extended REGEX
like() {
	if [[ $1 =~ $2 ]]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '%s\n' "got: $1" "wanted, as a pattern: $2" | sed 's/^/#   /'
	fi
}

# skip WHY DESCRIPTION
skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_count - $2 # SKIP $1"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# die MESSAGE: what the test stands on is broken, not what it tests
die() {
	echo "Bail out! $*"
	exit 1
}

# readme_block NAME [FILE]: prints the commands between "```sh NAME" and "```" of
# README.md, or of FILE
readme_block() {
	sed -n "/^\`\`\`sh $1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$tests/../${2-README.md}"
}

# finish: the plan, at the end, and the exit status
finish() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ] || exit 1
	[ "$tap_skipped" -lt "$tap_count" ] || exit 4
	exit 0
}

cleanup() {
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
