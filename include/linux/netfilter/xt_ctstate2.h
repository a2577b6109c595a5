/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_NETFILTER_XT_CTSTATE2_H
#define _LINUX_NETFILTER_XT_CTSTATE2_H

#include <linux/types.h>

/*
 * The statemask. Bits 0 to 4 are enum ip_conntrack_info as the tracker leaves
 * it in a packet: XT_CTSTATE2_STATE_BIT(IP_CT_NEW) and so on.
 */
#define XT_CTSTATE2_STATE_BIT(ctinfo)	(1U << (ctinfo))
#define XT_CTSTATE2_STATE_UNTRACKED	(1U << 7)
#define XT_CTSTATE2_STATE_INVALID	(1U << 8)
#define XT_CTSTATE2_STATE_SNAT		(1U << 9)
#define XT_CTSTATE2_STATE_DNAT		(1U << 10)
#define XT_CTSTATE2_STATE_ALL		0x079fU

/* The conditions of a rule: bits of @match and @invert. */
#define XT_CTSTATE2_STATE		(1U << 0)
#define XT_CTSTATE2_ALL			XT_CTSTATE2_STATE

/**
 * struct xt_ctstate2_mtinfo - a rule's -m ctstate2, as userspace sends it
 * @match: the conditions that the rule has, XT_CTSTATE2_*; at least one
 * @invert: those among @match that are inverted
 * @state: the statemask, XT_CTSTATE2_STATE_*; at least one bit
 * @reserved: zero; room for the values of further conditions
 * @accept: kernel only. Bit n of accept[nat] says whether a packet of state
 *	bit n matches, for a connection with source NAT (nat & 1) and
 *	destination NAT (nat & 2)
 * @nat: kernel only. accept[1..3] differ from accept[0]
 *
 * The same for 32-bit and 64-bit userspace. Rules are compared up to @accept.
 */
struct xt_ctstate2_mtinfo {
	__u16 match;
	__u16 invert;
	__u16 state;
	__u16 reserved[21];

	/* Used internally by the kernel */
	__u16 accept[4] __attribute__((aligned(8)));
	__u8 nat;
};

#endif /* _LINUX_NETFILTER_XT_CTSTATE2_H */
