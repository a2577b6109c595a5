// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: the program gets the signal $END_BY when it has written a file, just
 * before that is on the disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int fd)
{
	static int (*real)(int fd);
	const char *end_by = getenv("END_BY");

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "fsync");
	if (end_by)
		kill(getpid(), atoi(end_by));
	return real(fd);
}
