# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For scripts that compile unit tests and run them here: run_test, numbered, and $work, a folder
# that goes with the script. Ends the script as skipped if there is no compiler.
# machines.sh sets, each to words: CC; RUN_WITH, which runs what CC makes; SANITIZE, the sanitizers,
# of which none are used if their libraries are not there.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

read -ra compiler <<<"${CC:-cc}"
read -ra runner <<<"${RUN_WITH-}"
if ! command -v "${compiler[0]}" >/dev/null; then
	echo "1..0 # SKIP no ${compiler[0]}"
	exit 4
fi
sanitize=(-fsanitize="${SANITIZE:-address,undefined}" -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$work/try.c"
"${compiler[@]}" "${sanitize[@]}" "$work/try.c" -o "$work/try" 2>/dev/null || sanitize=()

# run_test NAME ARG...: the test that is compiled with these arguments. Its plan is left out.
run_test() {
	local test=$1 status=0

	shift
	"${compiler[@]}" -std=gnu11 -g -O1 -Wall -Wextra -Werror \
		${sanitize[@]+"${sanitize[@]}"} "$@" -o "$work/$test"
	${runner[@]+"${runner[@]}"} "$work/$test" >"$work/out" || status=$?
	sed '/^1\.\./d' "$work/out"
	# a failed test was told of; what a sanitizer finds, or a crash, was not
	[ "$status" -le 1 ] && grep -q '^1\.\.' "$work/out" || echo "not ok 0 - $test: exit $status"
}

# numbered: the results of several tests as those of one, with a plan; 1 if one failed
numbered() {
	awk '
		/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n) }
		/^not / { bad = 1 }
		{ print; fflush() }
		END { print "1.." n; exit bad }'
}
