/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _LINUX_NETFILTER_XT_CTFULL_H
#define _LINUX_NETFILTER_XT_CTFULL_H

#include <linux/types.h>

/* --- -m ctfull --- */

/* Bits of xt_ctfull_mtinfo: the conditions of a rule (@flags), those of them that
 * are inverted (@invert), and which numbers are percent of nf_conntrack_max (@flags)
 */
#define XT_CTFULL_ABOVE			(1U << 0)
#define XT_CTFULL_NEW_CONNECTION	(1U << 1)
#define XT_CTFULL_CONDITIONS		(XT_CTFULL_ABOVE | XT_CTFULL_NEW_CONNECTION)
#define XT_CTFULL_ABOVE_PERCENT		(1U << 2)
#define XT_CTFULL_UNTIL_PERCENT		(1U << 3)
#define XT_CTFULL_MT_ALL		(XT_CTFULL_CONDITIONS | XT_CTFULL_ABOVE_PERCENT | \
					 XT_CTFULL_UNTIL_PERCENT)

struct ctfull_latch;

/**
 * struct xt_ctfull_mtinfo - a rule's -m ctfull, as userspace sends it
 * @flags: XT_CTFULL_*; at least one condition
 * @invert: the inverted ones of the conditions
 * @reserved: zero
 * @above: the table holds at least so many entries, or so many percent (1 to 100)
 * @until: goes on matching until it holds fewer than these; 0: than @above
 * @latch: kernel only. Does it match now? With XT_CTFULL_ABOVE
 *
 * The same for 32-bit and 64-bit userspace. Rules are compared up to @latch.
 */
struct xt_ctfull_mtinfo {
	__u8 flags;
	__u8 invert;
	__u8 reserved[6];
	__u32 above;
	__u32 until;

	/* Used internally by the kernel */
	struct ctfull_latch *latch __attribute__((aligned(8)));
};

/* --- -j CTFULL --- */

/* Bits of xt_ctfull_tginfo.flags */
#define XT_CTFULL_NFLOG			(1U << 0)	/* log by nfnetlink_log */
#define XT_CTFULL_UNTRACK		(1U << 1)	/* --on-full untrack */
#define XT_CTFULL_RESERVE_PERCENT	(1U << 2)	/* of nf_conntrack_max */
#define XT_CTFULL_PER_MINUTE		(1U << 3)	/* unit of log_rate, else second */
#define XT_CTFULL_TG_ALL		(XT_CTFULL_NFLOG | XT_CTFULL_UNTRACK | \
					 XT_CTFULL_RESERVE_PERCENT | XT_CTFULL_PER_MINUTE)

/* Longest prefix, and its end, as for LOG */
#define XT_CTFULL_PREFIXLEN		30

/* What a rule has if it does not say otherwise */
#define XT_CTFULL_WARN_AT		90
#define XT_CTFULL_LOG_RATE		10
#define XT_CTFULL_LOG_BURST		20

/* Most of log_rate and log_burst */
#define XT_CTFULL_LOG_MAX		1000000

struct ctfull_rule;

/**
 * struct xt_ctfull_tginfo - a rule's -j CTFULL, as userspace sends it
 * @flags: XT_CTFULL_NFLOG and those after it
 * @level: syslog level, 0 to 7; 0 with XT_CTFULL_NFLOG
 * @group: nfnetlink_log's, with XT_CTFULL_NFLOG; else 0
 * @warn_at: report when the table holds so many percent of nf_conntrack_max, 1 to 100
 * @prefix: what a line begins with; ends with a NUL, has no control characters
 * @reserved: zero
 * @reserve: so many entries, which may be more than there are, or so many percent (1 to
 *	99), are not for this rule's packets
 * @log_rate: lines a second or minute, up to XT_CTFULL_LOG_MAX; 0: none
 * @log_burst: lines at once, 1 to XT_CTFULL_LOG_MAX
 * @rule: kernel only. What the rule keeps
 *
 * The same for 32-bit and 64-bit userspace. Rules are compared up to @rule.
 */
struct xt_ctfull_tginfo {
	__u8 flags;
	__u8 level;
	__u16 group;
	__u8 warn_at;
	char prefix[XT_CTFULL_PREFIXLEN];
	__u8 reserved[9];
	__u32 reserve;
	__u32 log_rate;
	__u32 log_burst;

	/* Used internally by the kernel */
	struct ctfull_rule *rule __attribute__((aligned(8)));
};

/* --- Generic netlink; doc/ctfull.yaml describes it --- */

#define CTFULL_GENL_NAME		"ctfull"
#define CTFULL_GENL_VERSION		1
#define CTFULL_GENL_EVENTS		"events"	/* the multicast group */

/**
 * enum ctfull_cmd - messages; all requests need CAP_NET_ADMIN, and are about the
 *	network namespace that the socket was opened in
 * @CTFULL_CMD_GET: request (do or dump): the figures of the namespace, one message
 * @CTFULL_CMD_GET_SOURCES: request (dump): the sources with the most refused packets,
 *	a message each, the first one with the most
 * @CTFULL_CMD_LEVEL: event: the level has changed
 * @CTFULL_CMD_REFUSED: event: a packet was refused
 */
enum ctfull_cmd {
	CTFULL_CMD_UNSPEC,
	CTFULL_CMD_GET,
	CTFULL_CMD_GET_SOURCES,
	CTFULL_CMD_LEVEL,
	CTFULL_CMD_REFUSED,
	__CTFULL_CMD_MAX
};

#define CTFULL_CMD_MAX (__CTFULL_CMD_MAX - 1)

/* How full a table is */
enum ctfull_table_level {
	CTFULL_LEVEL_NORMAL,
	CTFULL_LEVEL_WARNING,	/* from the lowest --warn-at of the namespace's rules on, or
				 * since a --reserve began to refuse
				 */
	CTFULL_LEVEL_FULL,	/* no room for another entry */
};

/* What became of a refused packet */
enum ctfull_action {
	CTFULL_ACTION_DROP,
	CTFULL_ACTION_UNTRACK,
};

/**
 * enum ctfull_attr - attributes; numbers in host byte order but for addresses and ports
 * @CTFULL_A_PAD: alignment of 64-bit attributes
 * @CTFULL_A_COUNT: u32, entries in the table (GET, LEVEL, REFUSED)
 * @CTFULL_A_LIMIT: u32, nf_conntrack_max, 0: unlimited (GET, LEVEL, REFUSED)
 * @CTFULL_A_LEVEL: u32, enum ctfull_table_level (GET, LEVEL)
 * @CTFULL_A_WARN_AT: u32, percent (GET, LEVEL)
 * @CTFULL_A_REFUSED: u64, refused packets: all that CTFULL dropped or let pass
 *	untracked (GET, LEVEL, REFUSED); with GET_SOURCES those of one source, as far as
 *	they are remembered
 * @CTFULL_A_UNTRACKED: u64, those of them that passed untracked (GET)
 * @CTFULL_A_RESERVED: u64, those of them that --reserve refused, and not the kernel (GET)
 * @CTFULL_A_LOGGED: u64, those of them with a log line of their own (GET)
 * @CTFULL_A_SUPPRESSED: u64, those of them without one (GET); with REFUSED, the
 *	refused packets without an event since the last one that had one
 * @CTFULL_A_PEAK: u32, most entries that CTFULL has seen (GET)
 * @CTFULL_A_PEAK_TIME: u64, when: seconds since 1970; 0: never (GET)
 * @CTFULL_A_RULES: u32, rules with -j CTFULL (GET)
 * @CTFULL_A_SEQ: u64, number of an event, from 1 on, without a gap; who sees a gap
 *	has missed so many (LEVEL, REFUSED)
 * @CTFULL_A_FAMILY: u32, NFPROTO_IPV4 or NFPROTO_IPV6 (REFUSED, GET_SOURCES)
 * @CTFULL_A_SRC: 4 or 16 bytes, source address (REFUSED, GET_SOURCES)
 * @CTFULL_A_DST: 4 or 16 bytes, destination address (REFUSED)
 * @CTFULL_A_PROTOCOL: u32, IPPROTO_* (REFUSED)
 * @CTFULL_A_SPORT: big-endian u16, source port, or ICMP identifier (REFUSED; where
 *	the protocol has it)
 * @CTFULL_A_DPORT: big-endian u16, destination port; not for ICMP (REFUSED)
 * @CTFULL_A_ICMP_TYPE: u32 (REFUSED, of ICMP and ICMPv6)
 * @CTFULL_A_ZONE: u32, zone, if not 0 (REFUSED)
 * @CTFULL_A_IIF: string, name of the interface that the packet came in by (REFUSED;
 *	not for what this machine sends)
 * @CTFULL_A_OIF: string, name of the interface that it was about to leave by (REFUSED;
 *	only for what this machine sends)
 * @CTFULL_A_ACTION: u32, enum ctfull_action (REFUSED)
 * @CTFULL_A_BY_RESERVE: flag, --reserve refused it (REFUSED)
 * @CTFULL_A_ERROR: u64, of REFUSED, as many may be other sources' (GET_SOURCES)
 * @CTFULL_A_ROOM: u32, entries that the rule with the largest --reserve leaves to its own
 *	packets; LIMIT if none has one. 0: it refuses all that would start a connection (GET)
 */
enum ctfull_attr {
	CTFULL_A_UNSPEC,
	CTFULL_A_PAD,
	CTFULL_A_COUNT,
	CTFULL_A_LIMIT,
	CTFULL_A_LEVEL,
	CTFULL_A_WARN_AT,
	CTFULL_A_REFUSED,
	CTFULL_A_UNTRACKED,
	CTFULL_A_RESERVED,
	CTFULL_A_LOGGED,
	CTFULL_A_SUPPRESSED,
	CTFULL_A_PEAK,
	CTFULL_A_PEAK_TIME,
	CTFULL_A_RULES,
	CTFULL_A_SEQ,
	CTFULL_A_FAMILY,
	CTFULL_A_SRC,
	CTFULL_A_DST,
	CTFULL_A_PROTOCOL,
	CTFULL_A_SPORT,
	CTFULL_A_DPORT,
	CTFULL_A_ICMP_TYPE,
	CTFULL_A_ZONE,
	CTFULL_A_IIF,
	CTFULL_A_OIF,
	CTFULL_A_ACTION,
	CTFULL_A_BY_RESERVE,
	CTFULL_A_ERROR,
	CTFULL_A_ROOM,
	__CTFULL_A_MAX
};

#define CTFULL_A_MAX (__CTFULL_A_MAX - 1)

#endif /* _LINUX_NETFILTER_XT_CTFULL_H */
