// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: while there is a file $FAIL_MEMORY, no list can grow.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void *reallocarray(void *list, size_t n, size_t size)
{
	const char *file = getenv("FAIL_MEMORY");

	if (file && !access(file, F_OK)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(list, n * size);
}
