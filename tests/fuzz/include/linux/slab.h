/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that a test lets run out: slab_fails() is the test's */
#ifndef _FUZZ_LINUX_SLAB_H
#define _FUZZ_LINUX_SLAB_H

#include <stdbool.h>
#include <stdlib.h>

#define GFP_ATOMIC	0

bool slab_fails(void);

static inline void *kmalloc(size_t size, int flags)
{
	(void)flags;
	return slab_fails() ? NULL : malloc(size);
}

static inline void kfree(const void *p)
{
	free((void *)p);
}

#endif
