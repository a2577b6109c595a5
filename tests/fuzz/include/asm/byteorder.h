/* SPDX-License-Identifier: GPL-2.0-only */
#include <endian.h>
#include <linux/types.h>

typedef u32 __le32;
typedef u64 __le64;

#define le32_to_cpu(x)	le32toh(x)
#define le64_to_cpu(x)	le64toh(x)
#define cpu_to_le64(x)	htole64(x)
