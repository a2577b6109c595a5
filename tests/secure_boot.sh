#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: secure_boot.sh
# A kernel that takes only modules with a signature by a key that it knows, as with Secure Boot:
# what a user sees is what doc/install.md and the man page say. In a guest that boots with
# module.sig_enforce=1, with a module as it was built, and one that doc/install.md's command has
# signed, by a key that the kernel does not know.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh" || exit
no_arguments "$@"

"$tests/vm/prepare" debian-6.12 || die "no modules for debian-6.12"
build=$tests/../build/debian-6.12
release=$(ls "$build/root/usr/lib/modules")
sign=/usr/src/linux-headers-$release/scripts/sign-file
rejected="Key was rejected by service"

grep -q "^\.B $rejected\$" "$tests/../doc/xtables-conntrack-addons.8.in"
ok $? "the man page's DIAGNOSTICS have: $rejected"

cp "$build/modules/kernel/xt_ctstate2.ko" "$work/" || die "no module"
openssl req -new -x509 -newkey rsa:2048 -nodes -subj "/CN=a machine's key" -outform DER \
	-keyout "$work/key" -out "$work/key.pub" 2>"$work/log" || die "openssl: $(<"$work/log")"
"$sign" sha256 "$work/key" "$work/key.pub" "$work/xt_ctstate2.ko"
ok $? "sign-file takes key and module as doc/install.md says"
is "$(/usr/sbin/modinfo -F signer "$work/xt_ctstate2.ko")" "a machine's key" "modinfo names who signed it"

cat >"$work/commands" <<'END'
cd "$VM_OUT" || exit
modprobe xt_LOG >others 2>&1
modprobe xt_ctstate2 >unsigned 2>&1
insmod "$1" >signed 2>&1
dmesg >dmesg
folder=/usr/local/etc/xtables-conntrack-addons
mkdir -p "$folder"
printf '%s\n' '*filter' '-A INPUT -m ctstate2 --state NEW' COMMIT >"$folder/rules.v4"
/usr/local/libexec/xtables-conntrack-addons/rules start >rules 2>&1
echo "status $?" >>rules
END
VM_OUT=$work/out "$tests/vm/run" --kernel debian-6.12 --smp 1 --append module.sig_enforce=1 -- \
	bash "$work/commands" "$work/xt_ctstate2.ko" >"$work/log" 2>&1
status=$?
ok "$status" "debian-6.12 boots with module.sig_enforce=1"
[ "$status" = 0 ] || die "$(<"$work/log")"
cd "$work/out" || die "no results"
is "$(<others)" "" "a module of Debian's is loaded"
is "$(<unsigned)" "$(grep -o "modprobe: ERROR: .*$rejected" "$tests/../doc/install.md")" \
	"modprobe says what doc/install.md says"
like "$(<signed)" "$rejected" "so it says of one with an unknown key"
like "$(<dmesg)" "[Ll]oading of unsigned module is rejected" "the kernel's log: an unsigned module"
like "$(<dmesg)" "[Ll]oading of module with unavailable key is rejected" "and one with an unknown key"
like "$(<rules)" "rules\.v4 is NOT in force.*$rejected.*status [1-9]" \
	"xtables-conntrack-addons-rules: rules are not in force, and this is why"
finish
