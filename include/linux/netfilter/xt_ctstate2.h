/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _LINUX_NETFILTER_XT_CTSTATE2_H
#define _LINUX_NETFILTER_XT_CTSTATE2_H

#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

/*
 * The statemask. A packet is in one state of bits 0 to 8: enum ip_conntrack_info as the
 * tracker leaves it in a packet, where 7 is IP_CT_UNTRACKED; or INVALID, for which there
 * is no ctinfo. The connection's NAT adds bits 9 and 10.
 */
#define XT_CTSTATE2_STATE_BIT(ctinfo)	(1U << (ctinfo))
#define XT_CTSTATE2_STATE_UNTRACKED_BIT	7
#define XT_CTSTATE2_STATE_INVALID_BIT		8
#define XT_CTSTATE2_STATE_SNAT_BIT		9
#define XT_CTSTATE2_STATE_DNAT_BIT		10
#define XT_CTSTATE2_STATE_UNTRACKED	(1U << XT_CTSTATE2_STATE_UNTRACKED_BIT)
#define XT_CTSTATE2_STATE_INVALID	(1U << XT_CTSTATE2_STATE_INVALID_BIT)
#define XT_CTSTATE2_STATE_SNAT		(1U << XT_CTSTATE2_STATE_SNAT_BIT)
#define XT_CTSTATE2_STATE_DNAT		(1U << XT_CTSTATE2_STATE_DNAT_BIT)
#define XT_CTSTATE2_STATE_ALL		(XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED) | \
					 XT_CTSTATE2_STATE_BIT(IP_CT_RELATED) | \
					 XT_CTSTATE2_STATE_BIT(IP_CT_NEW) | \
					 XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED_REPLY) | \
					 XT_CTSTATE2_STATE_BIT(IP_CT_RELATED_REPLY) | \
					 XT_CTSTATE2_STATE_UNTRACKED | \
					 XT_CTSTATE2_STATE_INVALID | \
					 XT_CTSTATE2_STATE_SNAT | XT_CTSTATE2_STATE_DNAT)

/*
 * The status mask: bits of enum ip_conntrack_status that mean something to an
 * administrator (not those of NAT's set-up, of templates and of clashes), and
 * NONE for a connection that has none of these.
 */
#define XT_CTSTATE2_STATUS_NONE		(1U << 16)
#define XT_CTSTATE2_STATUS_IPS		((__u32)(IPS_EXPECTED | IPS_SEEN_REPLY | \
						 IPS_ASSURED | IPS_CONFIRMED | \
						 IPS_SRC_NAT | IPS_DST_NAT | \
						 IPS_SEQ_ADJUST | IPS_DYING | \
						 IPS_FIXED_TIMEOUT | IPS_HELPER | \
						 IPS_OFFLOAD | IPS_HW_OFFLOAD))
#define XT_CTSTATE2_STATUS_ALL		(XT_CTSTATE2_STATUS_IPS | XT_CTSTATE2_STATUS_NONE)

/* Bit n is enum tcp_conntrack n, NONE to SYN_SENT2 */
#define XT_CTSTATE2_TCP_ALL		((1U << (TCP_CONNTRACK_SYN_SENT2 + 1)) - 1)

/* Bit n is enum sctp_conntrack n, NONE to HEARTBEAT_SENT */
#define XT_CTSTATE2_SCTP_ALL		((1U << 9) - 1)

/* Why a packet is INVALID: bits of @reason, one for a packet */
enum xt_ctstate2_reason {
	XT_CTSTATE2_REASON_NOT_TRACKED,
	XT_CTSTATE2_REASON_FRAGMENT,
	XT_CTSTATE2_REASON_TRUNCATED,
	XT_CTSTATE2_REASON_CHECKSUM,
	XT_CTSTATE2_REASON_TCP_FLAGS,
	XT_CTSTATE2_REASON_TCP_WINDOW,
	XT_CTSTATE2_REASON_TCP_STATE,
	XT_CTSTATE2_REASON_TCP_NEW,
	XT_CTSTATE2_REASON_TCP_RST,
	XT_CTSTATE2_REASON_ICMP_TYPE,
	XT_CTSTATE2_REASON_ICMP_UNRELATED,
	XT_CTSTATE2_REASON_ICMP_MISMATCH,
	XT_CTSTATE2_REASON_SCTP,
	XT_CTSTATE2_REASON_OTHER,
	XT_CTSTATE2_REASON_MAX
};

#define XT_CTSTATE2_REASON_ALL		((1U << XT_CTSTATE2_REASON_MAX) - 1)

/* The conditions of a rule: bits of @match and @invert. */
#define XT_CTSTATE2_STATE		(1U << 0)
#define XT_CTSTATE2_STATUS		(1U << 1)
#define XT_CTSTATE2_ALL_STATUS		(1U << 2)
#define XT_CTSTATE2_TCP_STATE		(1U << 3)
#define XT_CTSTATE2_SCTP_STATE		(1U << 4)
#define XT_CTSTATE2_DIRECTION		(1U << 5)
#define XT_CTSTATE2_EXPIRES		(1U << 6)
#define XT_CTSTATE2_ZONE		(1U << 7)
#define XT_CTSTATE2_OFFLOADABLE		(1U << 8)
#define XT_CTSTATE2_REASON		(1U << 9)

/* The conditions that are about a connection: false without one */
#define XT_CTSTATE2_CONNECTION		(XT_CTSTATE2_STATUS | XT_CTSTATE2_ALL_STATUS | \
					 XT_CTSTATE2_TCP_STATE | XT_CTSTATE2_SCTP_STATE | \
					 XT_CTSTATE2_DIRECTION | XT_CTSTATE2_EXPIRES | \
					 XT_CTSTATE2_ZONE | XT_CTSTATE2_OFFLOADABLE)
#define XT_CTSTATE2_ALL			(XT_CTSTATE2_STATE | XT_CTSTATE2_CONNECTION | \
					 XT_CTSTATE2_REASON)

/**
 * struct xt_ctstate2_mtinfo - a rule's -m ctstate2, as userspace sends it
 * @match: the conditions that the rule has, XT_CTSTATE2_*; at least one
 * @invert: those among @match that are inverted
 * @state: the statemask, XT_CTSTATE2_STATE_*
 * @status: any of XT_CTSTATE2_STATUS_*
 * @all_status: all of XT_CTSTATE2_STATUS_*
 * @tcp_state: sub-states of TCP, bits of enum tcp_conntrack
 * @sctp_state: sub-states of SCTP, bits of enum sctp_conntrack
 * @reason: reasons of INVALID, bits of enum xt_ctstate2_reason
 * @expires_min: remaining lifetime in seconds, at least
 * @expires_max: remaining lifetime in seconds, at most
 * @zone: the zone of the connection, in the packet's direction; with @reason, the zone in
 *	which the connection of an INVALID packet is looked for
 * @direction: enum ip_conntrack_dir
 * @reserved: zero
 * @accept: kernel only. Bit n of accept[nat] says whether a packet of state
 *	bit n may match, for a connection with source NAT (nat & 1) and
 *	destination NAT (nat & 2)
 * @tests: kernel only. What @accept does not decide
 * @status_flip: kernel only. The bits of nf_conn->status that are to be set
 * @status_mask: kernel only. The bits of nf_conn->status that decide
 * @nat: kernel only. accept[1..3] differ from accept[0]
 *
 * A mask of a condition that is in @match has at least one bit; a field of one
 * that is not is zero. The same for 32-bit and 64-bit userspace. Rules are
 * compared up to @accept.
 */
struct xt_ctstate2_mtinfo {
	__u16 match;
	__u16 invert;
	__u32 state;
	__u32 status;
	__u32 all_status;
	__u32 tcp_state;
	__u32 sctp_state;
	__u32 reason;
	__u32 expires_min;
	__u32 expires_max;
	__u16 zone;
	__u8 direction;
	__u8 reserved[9];

	/* Used internally by the kernel */
	__u16 accept[4] __attribute__((aligned(8)));
	__u16 tests;
	__u16 status_flip;
	__u16 status_mask;
	__u8 nat;
};

#endif /* _LINUX_NETFILTER_XT_CTSTATE2_H */
