#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ctfull metrics --textfile, run by root: what it replaces, and what it leaves alone.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe xt_ctfull || die "no xt_ctfull"
setup_ns ns
mkdir "$work/prom"
cd "$work/prom" || die "cd"

# write_metrics PATH: what it says, and then its exit status
write_metrics() {
	run_in "$ns" ctfull metrics --textfile "$1" 2>&1
	echo "status $?"
}

# what FILE...: what they are
what() {
	stat -c '%F %U' "$@" | xargs
}

is "$(write_metrics ctfull.prom)" "status 0" "a file that is not there"
is "$(write_metrics ctfull.prom)" "status 0" "and one that is"
is "$(stat -c '%F %a %h' ctfull.prom)" "regular file 644 1" "it is a plain file that all may read"

# Killed while it writes
cc -shared -fPIC -o "$work/end_early.so" "$tests/tools/end_early.c" -ldl ||
	die "end_early.c cannot be built"
for signal in TERM INT HUP; do
	before=$(stat -c %i ctfull.prom)
	run_in "$ns" env "LD_PRELOAD=$work/end_early.so" "END_BY=$(kill -l $signal)" \
		ctfull metrics --textfile ctfull.prom
	is "$(($? - 128))" "$(kill -l $signal)" "SIG$signal while the file is written ends it"
	is "$(ls -A)" ctfull.prom "and leaves nothing behind"
	[ "$(stat -c %i ctfull.prom)" != "$before" ]
	ok $? "and the new file is there"
done

# refused PATH DESCRIPTION: it stays as it is, and nothing else is there
refused() {
	local before after said

	before=$(stat -c '%n %F %i %U %t:%T %N' "$1"; ls -A)
	said=$(write_metrics "$1")
	after=$(stat -c '%n %F %i %U %t:%T %N' "$1"; ls -A)
	like "$said" "${3-is no plain file}"$'.*\nstatus 3$' "$2: refused"
	is "$after" "$before" "$2: and left alone"
}

mknod device c 1 3
mkfifo fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
echo untouched >target
ln -s target link
ln -s nowhere dangling
ln -s /dev/null to_device
mkdir folder
refused device "a device"
refused fifo "a FIFO"
refused socket "a socket"
refused link "a symbolic link"
refused dangling "a symbolic link to nothing"
refused to_device "a symbolic link to a device"
refused folder "a folder"
refused folder/ "the name of a folder" "is a folder; the name of a file is needed"
refused . "this folder"
is "$(<target)" untouched "what the link leads to is untouched"
like "$(write_metrics nowhere/ctfull.prom)" 'nowhere: No such file or directory.*status 3$' "no folder"
ln -s "$work/prom" "$work/by_link"
is "$(write_metrics "$work/by_link/ctfull.prom")" "status 0" "a folder that is reached by a link"
# /dev of a guest is its own
like "$(write_metrics /dev/null)" $'is no plain file.*\nstatus 3$' "/dev/null: refused"
is "$(stat -c '%F %t:%T' /dev/null)" "character special file 1:3" "and still a device"

# Others can write where files of theirs are waiting to be replaced by root.
mkdir -m 1777 public
setpriv --reuid 65534 --clear-groups touch public/theirs || die "setpriv"
refused public/theirs "another user's file in a folder with the sticky bit" "is another user's"
is "$(write_metrics public/own.prom) $(write_metrics public/own.prom)" "status 0 status 0" "one's own file there"
ln ctfull.prom second
is "$(write_metrics ctfull.prom) $(stat -c %h second)" "status 0 1" "of a file with two names, one is replaced"
is "$(ls -A public)" $'own.prom\ntheirs' "nothing else stays"
finish
