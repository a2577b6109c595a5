// SPDX-License-Identifier: GPL-2.0-only
/*
 * All network namespaces: the first one, and those that ip-netns(8) has given a name
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ctfull.h"

#define NETNS_DIR	"/run/netns"

struct seen {
	dev_t dev;
	ino_t ino;
};

static int no_dots(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Enters the namespace @path: 0 or a negative errno, or 1 if it is one of the @seen */
static int enter(const char *path, struct seen *seen, unsigned int *n)
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
	for (i = 0; i < *n; i++)
		if (seen[i].dev == st.st_dev && seen[i].ino == st.st_ino)
			return 1;
	seen[*n].dev = st.st_dev;
	seen[*n].ino = st.st_ino;
	++*n;
	return 0;
}

/* Calls @cb in each one; the first one's name is "". One with two names comes once. */
void visit_netns(netns_cb *cb, void *data)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct dirent **entries = NULL;
	unsigned int n = 0;
	struct seen *seen;
	char path[300];
	int count, i, ret;

	if (home < 0)
		die("/proc/self/ns/net: %s", strerror(errno));
	count = scandir(NETNS_DIR, &entries, no_dots, alphasort);
	if (count < 0 && errno != ENOENT)
		complain(NETNS_DIR ": %s", strerror(errno));
	if (count < 0)
		count = 0;
	seen = calloc(count + 1, sizeof(*seen));
	if (!seen)
		no_memory();

	ret = enter("/proc/1/ns/net", seen, &n);
	/* Where the first process is somebody else's, this one's is the first to be seen. */
	if (ret == -EACCES || ret == -ENOENT)
		ret = enter("/proc/self/ns/net", seen, &n);
	cb("", ret, data);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), NETNS_DIR "/%s", entries[i]->d_name);
		ret = enter(path, seen, &n);
		/* Removed since the folder was read */
		if (ret != -ENOENT && ret != 1)
			cb(entries[i]->d_name, ret, data);
		free(entries[i]);
	}
	free(entries);
	free(seen);
	if (setns(home, CLONE_NEWNET) && errno != EPERM)
		die("cannot go back to the first namespace: %s", strerror(errno));
	close(home);
}

/* Why a namespace could not be entered, and what helps */
const char *netns_error(int error, char *text, size_t size)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		snprintf(text, size, "cannot be entered: CAP_SYS_ADMIN is needed (run it as root)");
		break;
	case -EINVAL:
		snprintf(text, size,
			 "cannot be entered: what has this name is no namespace; delete it with ip-netns(8)");
		break;
	default:
		snprintf(text, size, "cannot be entered: %s", strerror(-error));
	}
	return text;
}
