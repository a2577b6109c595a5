/* SPDX-License-Identifier: GPL-2.0-only */
#include <endian.h>
#include <linux/types.h>

typedef u64 __le64;

#define le64_to_cpu(x)	le64toh(x)
