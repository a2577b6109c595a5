/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _LINUX_NETFILTER_XT_CTLOG_H
#define _LINUX_NETFILTER_XT_CTLOG_H

#include <linux/types.h>

/* Bits of @flags: to userspace by nfnetlink_log, not to the kernel's log */
#define XT_CTLOG_NFLOG		(1U << 0)
/* The reason of an INVALID packet is looked for in a zone. */
#define XT_CTLOG_ZONE		(1U << 1)
#define XT_CTLOG_ALL		(XT_CTLOG_NFLOG | XT_CTLOG_ZONE)

/* Longest prefix, and its end, as for LOG */
#define XT_CTLOG_PREFIXLEN	30

/**
 * struct xt_ctlog_tginfo - a rule's -j CTLOG, as userspace sends it
 * @flags: XT_CTLOG_*
 * @level: syslog level, 0 to 7; 0 with XT_CTLOG_NFLOG
 * @group: nfnetlink_log's, with XT_CTLOG_NFLOG; else 0
 * @prefix: what the line begins with; ends with a NUL, has no control characters
 * @zone: where the connection of an INVALID packet is looked for, with XT_CTLOG_ZONE; else 0
 * @reserved: zero
 * @raw: kernel only. The rule is where the tracker has not yet been
 *
 * The same for 32-bit and 64-bit userspace. Rules are compared up to @raw.
 */
struct xt_ctlog_tginfo {
	__u8 flags;
	__u8 level;
	__u16 group;
	char prefix[XT_CTLOG_PREFIXLEN];
	__u16 zone;
	__u8 reserved[4];

	/* Used internally by the kernel */
	__u8 raw __attribute__((aligned(8)));
};

#endif /* _LINUX_NETFILTER_XT_CTLOG_H */
