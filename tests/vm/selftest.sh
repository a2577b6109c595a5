#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: selftest.sh
# Runs on this machine, not in a guest: what tests/vm/run promises. The kernel's
# complaints fail a run, a guest that hangs is killed, and nothing that a guest
# writes reaches this machine but through $VM_OUT.
. "$(dirname "$0")/../tap.sh"
no_arguments "$@"

run=$tests/vm/run

# guest KERNEL ARGS...: runs it; sets $status, $output and $errors
guest() {
	local kernel=$1

	shift
	output=$("$run" --kernel "$kernel" --smp 1 "$@" 2>"$work/errors")
	status=$?
	errors=$(<"$work/errors")
}

# notices KERNEL HOW PATTERN: a fault on purpose ends a run with 99
notices() {
	guest "$1" -- bash -c "modprobe splat how=$2; ${4-true}"
	is "$status" 99 "$1: $2: status 99"
	like "$errors" "$3" "$1: $2: and the kernel's words"
}

notices uml use-after-free 'KASAN: slab-use-after-free in splat_init'
notices uml deadlock 'possible circular locking dependency'
notices uml leak 'unreferenced object' 'sleep 6'
notices debian-6.12 warning 'WARNING: .*splat_init'

# The host's side of a hard try to write outside of $VM_OUT
mkdir "$work/host" "$work/out"
echo untouched >"$work/host/file"
cat >"$work/intruder" <<EOF
host=$work/host
EOF
cat >>"$work/intruder" <<'EOF'
try() {
	echo intruder >"$1/file"
	echo intruder >"$1/new"
	rm -f "$1/file"
	chmod 777 "$1"
}
try "$host"
mkdir -p /mnt/again
for mount in \
	"-t hostfs -o $host none" "-t hostfs -o /,rw none" \
	"-t 9p -o trans=virtio,version=9p2000.L host" \
	"-t 9p -o trans=virtio,version=9p2000.L,rw stage"; do
	mount $mount /mnt/again 2>/dev/null || continue
	mount -o remount,rw /mnt/again
	echo "mounted: $mount"
	try /mnt/again
	try "/mnt/again$host"
	umount /mnt/again
done
echo result >"$VM_OUT/result"
mkdir "$VM_OUT/folder"
echo deeper >"$VM_OUT/folder/result"
ln -s "$host/file" "$VM_OUT/link"
ln -s "$host" "$VM_OUT/folder-link"
echo intruder >"$VM_OUT/../outside"
EOF
for kernel in uml debian-6.12; do
	# qemu gives a folder to a guest once only, so there the second mount fails.
	mounted=mounted
	[ $kernel = uml ] || mounted="^$"
	before=$(cd "$work" && find host -printf '%p %m %s %T@\n' | sort; cat host/file)
	VM_OUT=$work/out/$kernel guest $kernel -- bash "$work/intruder"
	after=$(cd "$work" && find host -printf '%p %m %s %T@\n' | sort; cat host/file)
	like "$output" "$mounted" "$kernel: the intruder got as far as it can"
	is "$after" "$before" "$kernel: nothing is written, changed or removed outside of \$VM_OUT"
	is "$(cd "$work/out/$kernel" && find . -printf '%y %p\n' | sort | tr '\n' ' ')" \
		"d . d ./folder f ./folder/result f ./result " \
		"$kernel: what is written to \$VM_OUT arrives, and no links"
	is "$(cat "$work/out/$kernel/result" "$work/out/$kernel/folder/result")" \
		$'result\ndeeper' "$kernel: as it was written"
done

# What comes back; the module and the plugin are in place, and a healthy run is not
# blamed
for kernel in uml debian-6.12; do
	[ $kernel = uml ] && processors=1 || processors=2
	# shellcheck disable=SC2016
	guest $kernel --smp 2 -- bash -c 'modprobe xt_ctstate2 &&
		iptables -A INPUT -m ctstate2 --state NEW || echo no module, no plugin
		echo "$PWD|$1|$2|$(id -u)|$(nproc)"; echo wrong >&2; exit 7' - 'a  b' "it's"
	is "$status" 7 "$kernel: the command's exit status"
	is "$output" "$PWD|a  b|it's|0|$processors" \
		"$kernel: its output, arguments, folder; it is root; iptables -m ctstate2 works"
	is "$errors" wrong "$kernel: its standard error"
done
guest uml --timeout 20 -- bash -c 'echo "the last words" >/dev/console; sleep 1000'
is "$status" 124 "a guest that hangs is killed at its limit"
like "$errors" "not finished after 20 s.*the last words" "and the end of its console is shown"
guest debian-6.12 -- bash -c 'echo c >/proc/sysrq-trigger; sleep 60'
is "$status" 99 "a guest that dies: status 99"
like "$errors" "sysrq triggered crash" "and the end of its console"

guest uml --mem 8 -- true
is "$status $(wc -l <"$work/errors")" "125 1" "a kernel that does not boot: status 125, and a sentence"
like "$errors" "the kernel uml does not boot: Too few physical memory" "which says why"

# The README's transcript of the demo. Numbers that depend on timing, or are made up
# by the kernel, do not count; TCP may send an acknowledgement alone or with data.
transcript() {
	sed -e '/ESTABLISHED/s/^ *[0-9]*/N/' -e 's/ *$//' -e 's/^Linux [^,]*/Linux X/' |
		tr '\n' ' ' | sed -e 's/  */ /g' -e 's/MAC=[0-9a-f:]*/MAC=X/' -e 's/ ID=[0-9]* DF/ ID=X DF/' \
			-e 's/[0-9:]*\.[0-9]* ICMP_/T ICMP_/' -e 's/ in [0-9.]* s / in X s /' \
			-e "s/The router's rules, from README.md:.*Traffic:/Traffic:/"
}
is "$("$tests/../demo" 2>"$work/errors" | transcript)" \
	"$(sed -n '/^```text$/,/^```$/{/^```/d;p}' "$tests/../README.md" | transcript)" \
	"the demo prints what the README shows"
finish
