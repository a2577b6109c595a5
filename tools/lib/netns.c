// SPDX-License-Identifier: GPL-2.0-only
/*
 * All network namespaces: the first one, and those that ip-netns(8) has given a name
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "netns.h"
#include "output.h"
#include "program.h"

#define NETNS_DIR	"/run/netns"
#define NETNS_SELF	"/proc/self/ns/net"

struct visit {
	const char *(*cb)(const char *name, const char *why, void *data);
	void *data;
	/* What was entered: one with two names is visited once */
	struct seen {
		dev_t dev;
		ino_t ino;
	} *seen;
	unsigned int n;
	bool failed;
};

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns 0, a negative errno, or 1 if it was visited already */
static int enter(struct visit *visit, const char *path)
{
	/* What is no namespace, but a pipe, is not to be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int error = 0;
	struct stat st;
	unsigned int i;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || setns(fd, CLONE_NEWNET))
		error = -errno;
	close(fd);
	if (error)
		return error;
	for (i = 0; i < visit->n; i++)
		if (visit->seen[i].dev == st.st_dev && visit->seen[i].ino == st.st_ino)
			return 1;
	visit->seen[visit->n++] = (struct seen){ st.st_dev, st.st_ino };
	return 0;
}

/**
 * netns_label - how a message calls a network namespace
 * @name: as netns_for_each() has it
 *
 * Returns name_text(), until the next call.
 */
const char *netns_label(const char *name)
{
	static char text[256];

	name_text(*name ? name : "(the first one)", text, sizeof(text));
	return text;
}

/* @error: what enter() has returned */
static void call(struct visit *visit, const char *name, int error)
{
	char text[128];
	const char *why;

	snprintf(text, sizeof(text), "cannot be entered: %s",
		 error == -EPERM || error == -EACCES ?
			"CAP_SYS_ADMIN is needed (run it as root)" :
		 error == -EINVAL ?
			"it is no network namespace; delete it with ip-netns(8)" :
			strerror(-error));
	why = visit->cb(name, error ? text : NULL, visit->data);
	if (!why)
		return;
	visit->failed = true;
	fflush(stdout);
	warnx("namespace %s: %s", netns_label(name), why);
}

/**
 * netns_for_each - do something in each network namespace
 * @all: in the first one and in those with a name; else in this one, as "", only
 * @cb: does it, in the one that is called @name, "" for the first one; unless it could
 *	not be entered, as @why says, and what helps. Returns @why, or why it could not
 *	do it, or NULL
 * @data: for @cb
 *
 * Where it could not be done, a message says so; if that is not one of all, it ends
 * the program. This thread is in the same one afterwards as before. Returns whether it
 * could be done in each.
 */
bool netns_for_each(bool all, const char *(*cb)(const char *name, const char *why, void *data),
		    void *data)
{
	struct visit visit = { .cb = cb, .data = data };
	struct dirent **entries = NULL;
	int home, count, i, ret;
	const char *why;
	char path[300];

	if (!all) {
		why = cb("", NULL, data);
		if (why)
			errx(EXIT_ERROR, "%s", why);
		return true;
	}
	home = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	if (home < 0)
		err(EXIT_ERROR, NETNS_SELF);
	count = scandir(NETNS_DIR, &entries, no_dots, alphasort);
	if (count < 0 && errno != ENOENT)
		warn(NETNS_DIR);
	if (count < 0)
		count = 0;
	visit.seen = calloc(count + 1, sizeof(*visit.seen));
	if (!visit.seen)
		no_memory();

	ret = enter(&visit, "/proc/1/ns/net");
	/* Where the first process is somebody else's, this one's is the first to be seen. */
	if (ret == -EACCES || ret == -ENOENT)
		ret = enter(&visit, NETNS_SELF);
	call(&visit, "", ret);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), NETNS_DIR "/%s", entries[i]->d_name);
		ret = enter(&visit, path);
		/* Removed since the folder was read */
		if (ret != -ENOENT && ret != 1)
			call(&visit, entries[i]->d_name, ret);
		free(entries[i]);
	}
	free(entries);
	free(visit.seen);
	if (setns(home, CLONE_NEWNET) && errno != EPERM)
		err(EXIT_ERROR, "cannot go back to the first network namespace");
	close(home);
	return !visit.failed;
}
