// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: a program that wants a large buffer for what comes in has a small one.
 */
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	static const int small = 8192;

	if (level == SOL_SOCKET && name == SO_RCVBUFFORCE) {
		name = SO_RCVBUF;
		value = &small;
	}
	return syscall(SYS_setsockopt, fd, level, name, value, size);
}
