// SPDX-License-Identifier: GPL-2.0-only
/*
 * A builtin for bash, see run_in in ../lib.sh: `netns NAME` moves the shell itself to a
 * network namespace of ip-netns(8), `netns` back to where it was before. `ip netns exec`
 * starts a program more, and makes mounts, for each command.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* As bash's own headers have them, which few machines have */
struct word_desc {
	char *word;
	int flags;
};

struct word_list {
	struct word_list *next;
	struct word_desc *word;
};

struct builtin {
	const char *name;
	int (*function)(struct word_list *list);
	int flags;
	const char *const *long_doc;
	const char *short_doc;
	char *handle;
};

#define BUILTIN_ENABLED	1

static int enter(struct word_list *list)
{
	static int home = -1;
	char path[256];
	int fd, ret;

	if (home < 0) {
		fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		/* out of the way of a script's own */
		home = fcntl(fd, F_DUPFD_CLOEXEC, 200);
		close(fd);
	}
	if (list)
		snprintf(path, sizeof(path), "/run/netns/%s", list->word->word);
	fd = list ? open(path, O_RDONLY | O_CLOEXEC) : home;
	ret = setns(fd, CLONE_NEWNET);
	if (ret)
		perror(list ? path : "home");
	if (list)
		close(fd);
	return ret ? 1 : 0;
}

static const char *const doc[] = { "Moves this shell to a network namespace, or back.", NULL };

/* What `enable -f` looks for */
struct builtin netns_struct = {
	.name = "netns",
	.function = enter,
	.flags = BUILTIN_ENABLED,
	.long_doc = doc,
	.short_doc = "netns [NAME]",
};
