# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For scripts of this folder: commands that see only a part of this machine's files.

# sandbox FOLDER OPTION...: sets the array sandbox, the beginning of a command that runs in
# bubblewrap with these options. FOLDER is an empty one, for sandbox_end.
sandbox() {
	sandbox_folder=$1
	shift
	sandbox=(bwrap --die-with-parent "$@" --)
	mountpoint -q / && return
	# bwrap wants / to be a mount point, which in a plain chroot it is not
	# shellcheck disable=SC2016
	sandbox=(unshare --mount --propagation unchanged sh -c
		'mount --rbind / "$0" && exec chroot "$0" "$@"' "$sandbox_folder" "${sandbox[@]}")
}

# in_tree TREE FOLDER OPTION...: sets it so that the command has the files of TREE, see
# packages --tree, and no network; and of this machine those that the options bind
in_tree() {
	local tree=$1 folder=$2 item options=()

	for item in bin sbin lib lib64; do
		options+=(--symlink "usr/$item" "/$item")
	done
	for item in usr etc var; do
		options+=(--ro-bind "$tree/$item" "/$item")
	done
	sandbox "$folder" --unshare-net "${options[@]}" --dev /dev --proc /proc --tmpfs /tmp \
		--setenv PATH /usr/sbin:/usr/bin "${@:3}"
}

# sandbox_end: when the command has ended
sandbox_end() {
	[ -n "${sandbox_folder-}" ] && mountpoint -q "$sandbox_folder" && umount -R -l "$sandbox_folder"
	return 0
}
