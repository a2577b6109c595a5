#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is installed beside the program, and what the documentation says to do with it:
# the unit of the guard and its options, as far as that goes without systemd as process 1;
# the line for cron; how to uninstall.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
prefix=$(dirname "$(dirname "$(command -v ctfull)")")
unit=$prefix/lib/systemd/system/ctfull-guard.service
default=$prefix/etc/default/ctfull-guard
[ -f "$unit" ] || die "no $unit"
setup_ns ns
table_max 500
run_in "$ns" iptables-legacy -t raw -A OUTPUT -j CTFULL --warn-at 50% || die "no CTFULL"

# --- The unit ---

# setting NAME: its values in the unit, a line each
setting() {
	sed -n "s/^$1=//p" "$unit"
}

if command -v systemd-analyze >/dev/null; then
	is "$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F ctfull-guard)" "" \
		"systemd-analyze verify has nothing to say"
else
	skip "no systemd-analyze" "systemd-analyze verify"
fi

# Started after it was stopped, nftables.service starts the rules' unit as well.
if command -v systemctl >/dev/null; then
	folder=/usr/lib/systemd/system
	mkdir -p "$work/root$folder"
	cp "${unit%/*}/xtables-conntrack-addons-rules.service" "$work/root$folder"
	systemctl --root="$work/root" enable xtables-conntrack-addons-rules.service 2>/dev/null
	is "$(cd "$work/root/etc/systemd/system" && echo */*-rules.service)" \
		"$(printf '%s.wants/xtables-conntrack-addons-rules.service ' multi-user.target nftables.service | sed 's/ $//')" \
		"systemctl enable: what starts the rules"
else
	skip "no systemctl" "what starts the rules"
fi

# limit UNIT: after how many failures at once systemd gives up
limit() {
	sed -n '/^\[Unit\]/,/^\[Service\]/s/^StartLimitIntervalSec=//p' "${unit%/*}/$1.service"
}
is "$(limit ctfull-arm) $(limit ctfull-guard) $(limit nft-xt)" "0 0 0" \
	"services are started again after any number of failures"

# Files that need not be there, and one of them comes with the program
is "$(setting EnvironmentFile)" "-$default
-/etc/default/ctfull-guard" "the files with options: optional"
[ -f "$default" ]
ok $? "an example is installed"
is "$(env -i sh -c ". '$default'; echo \"\${CTFULL_GUARD_OPTIONS-none}\"")" none \
	"in which nothing is set"

# run_service: runs what ExecStart says, as systemd would: with these options, as another
# user, with the capabilities that the unit has, in a process of its own
run_service() {
	local options words capability user

	options=$(env -i sh -c ". '$1'; echo \"\${CTFULL_GUARD_OPTIONS-}\"")
	read -ra words <<<"$(setting ExecStart)"
	is "${words[*]:1}" "guard \$CTFULL_GUARD_OPTIONS" "ExecStart"
	read -ra options <<<"$options"
	capability=$(setting AmbientCapabilities | tr '[:upper:]' '[:lower:]')
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups "--inh-caps=-all,+${capability#cap_}"
		"--ambient-caps=-all,+${capability#cap_}" "--bounding-set=-all,+${capability#cap_}"
		--no-new-privs)
	start ip netns exec "$ns" "${user[@]}" "${words[0]}" guard "${options[@]}" \
		>"$work/lines" 2>"$work/troubles"
}

# Without options, and with bad ones, it ends with a status that systemd does not start
# it again for
prevented=$(setting RestartPreventExitStatus)
is "$(setting Restart) $prevented" "on-failure 3" "it is started again, but not after status 3"
run_service "$default"
wait "$started"
is $? "$prevented" "no options: that status"
like "$(<"$work/troubles")" '--table FAMILY/TABLE and --set NAME are needed' "and it says why"
echo 'CTFULL_GUARD_OPTIONS="--table inet/guard --sett flooders"' >"$work/bad"
run_service "$work/bad"
wait "$started"
is $? "$prevented" "a bad option: that status"

# The example: its table, and its options, without the comment
sed -n '/^#   table/,/^#   }/s/^#//p' "$default" >"$work/table"
run_in "$ns" nft -f "$work/table"
ok $? "nft takes the example's table"
sed -n 's/^#\(CTFULL_GUARD_OPTIONS.*--evict.*\)/\1/p' "$default" >"$work/options"
{
	entry_lines 260 1 "$lasting"
	entry_lines 60 1 "-p udp -s 2001:db9::1 -d fd00::1 --dport 9 -u SEEN_REPLY"
} >"$work/entries"
load_entries "$ns"
run_service "$work/options"
wait_for 60 grep -q ^evict "$work/lines"
is "$(sed 's/ for.*//; s/:[^:]*entries$//' "$work/lines" | sort)" "ban 198.51.100.1
ban 2001:db9::/64
evict 198.51.100.1
evict 2001:db9::/64" "as the service, with the example's options, it bans and evicts"
is "$(<"$work/troubles")" "" "without a trouble"
like "$(run_in "$ns" nft list set inet guard flooders)" 198.51.100.1 "the set has the address"
kill "$started"
wait "$started"
is $? 0 "SIGTERM ends it well"

# --- The manual's line for cron ---

man=$prefix/share/man/man8/ctfull.8
sed -n '/^\.IR \/etc\/cron.d/,/^\.SH/p' "$man" | sed 's/\\-/-/g' | grep -v '^\.' >"$work/cron"
path=$(sed -n 's/^PATH=//p' "$work/cron")
line=$(grep '^\* \* \* \* \* root ' "$work/cron")
command=${line#* root }
file=${command##* }
mkdir -p "$(dirname "$file")"
# as cron has it: no PATH but that of the file, or this one
run_in "$ns" env -i PATH="${path:-/usr/bin:/bin}" /bin/sh -c "$command"
is "$? $(grep -c '^conntrack_full_entries ' "$file")" "0 1" "cron: ctfull is found, and writes the file"

# --- README: how to uninstall ---

sed -n '/^## Uninstall/,/^## /s/^    sudo //p' "$tests/../README.md" >"$work/uninstall"
is "$(grep -n 'modprobe -r\|make uninstall' "$work/uninstall" | sed 's/.*:\([a-z]* [-a-z]*\).*/\1/')" \
	$'modprobe -r\nmake uninstall' "the modules are unloaded before their files go"
run_in "$ns" iptables-legacy -t raw -F
modprobe -a xt_ctstate2 nf_conntrack_ftp2 nf_conntrack_rtsp2 || die "modules"
read -ra words <<<"$(grep '^modprobe' "$work/uninstall")"
wait_for 60 "${words[@]}"
ok $? "modprobe -r of the README works"
is "$(grep -cE '^(xt_ctstate2|xt_ctfull|xt_CTFORGET|xt_CTLOG|nf_conntrack_ftp2|nf_conntrack_rtsp2|nf_conntrack_alg) ' /proc/modules)" 0 \
	"and no module stays"
finish
