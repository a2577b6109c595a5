/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What -j CTLOG writes, on plain values: no skb, no lock, any context
 */
#ifndef _XT_CTLOG_H
#define _XT_CTLOG_H

#include <linux/types.h>
#include <linux/netfilter/xt_CTLOG.h>

/* A line and its end: NF_LOG_PREFIXLEN, which nf_log_packet() cuts at */
#define CTLOG_LINE	128

/**
 * struct ctlog_values - what is known of a packet
 * @prefix: the rule's
 * @state: from tracker_state()
 * @reason: of INVALID, or XT_CTSTATE2_REASON_MAX
 * @connection: the packet has one; without, all that follows is not looked at
 * @dir: enum ip_conntrack_dir
 * @status: nf_conn->status
 * @tcp_state: enum tcp_conntrack, or TCP_CONNTRACK_MAX
 * @sctp_state: enum sctp_conntrack, or SCTP_CONNTRACK_MAX
 * @expires: remaining lifetime in seconds
 * @zone: 0 is not written
 * @helper: its name, or NULL
 * @mark: 0 is not written
 */
struct ctlog_values {
	const char *prefix;
	unsigned int state;
	unsigned int reason;
	bool connection;
	unsigned int dir;
	unsigned long status;
	unsigned int tcp_state;
	unsigned int sctp_state;
	u32 expires;
	u16 zone;
	const char *helper;
	u32 mark;
};

/* Judges what userspace sent: returns what is wrong with the value in @bad, or NULL. */
const char *ctlog_validate(const struct xt_ctlog_tginfo *info, unsigned int *bad);

/*
 * What makes a line too long is left out by whole fields, the least useful one
 * first, and "..." stands at the end: the direction, which the state's name tells
 * but for NEW, where it is ORIGINAL; the lifetime; the zone and the mark, which
 * the administrator's rules gave; the helper, the status, the sub-state. The prefix,
 * the state and the reason always fit.
 */
void ctlog_print(char line[CTLOG_LINE], const struct ctlog_values *v);

#endif /* _XT_CTLOG_H */
