/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What -j CTLOG writes, on plain values: no skb, no lock, any context.
 * tests/kunit/ctlog_test.c includes this file as it is.
 */
#ifndef _XT_CTLOG_H
#define _XT_CTLOG_H

#include <linux/kernel.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/xt_CTLOG.h>
#include <linux/netfilter/xt_ctstate2.h>
#include "../log.h"
#include "../tracker/packet.h"

/* A line and its end: NF_LOG_PREFIXLEN, which nf_log_packet() cuts at */
#define CTLOG_LINE	128

/**
 * struct ctlog_values - what is known of a packet
 * @prefix: the rule's
 * @state: from ctstate2_state()
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

/* The fields, in the order of a line */
enum ctlog_field {
	CTLOG_PREFIX,
	CTLOG_STATE,
	CTLOG_REASON,
	CTLOG_DIR,
	CTLOG_STATUS,
	CTLOG_TCP,
	CTLOG_EXPIRES,
	CTLOG_ZONE,
	CTLOG_HELPER,
	CTLOG_MARK,
	CTLOG_FIELDS
};

static const char *const ctlog_states[] = {
	[IP_CT_ESTABLISHED] = "ESTABLISHED_ORIGINAL",
	[IP_CT_RELATED] = "RELATED_ORIGINAL",
	[IP_CT_NEW] = "NEW",
	[IP_CT_ESTABLISHED_REPLY] = "ESTABLISHED_REPLY",
	[IP_CT_RELATED_REPLY] = "RELATED_REPLY",
	[CTSTATE2_UNTRACKED] = "UNTRACKED",
	[CTSTATE2_INVALID] = "INVALID",
};

static const char *const ctlog_status[] = {
	[IPS_EXPECTED_BIT] = "EXPECTED",
	[IPS_SEEN_REPLY_BIT] = "SEEN_REPLY",
	[IPS_ASSURED_BIT] = "ASSURED",
	[IPS_CONFIRMED_BIT] = "CONFIRMED",
	[IPS_SRC_NAT_BIT] = "SNAT",
	[IPS_DST_NAT_BIT] = "DNAT",
	[IPS_SEQ_ADJUST_BIT] = "SEQ_ADJUST",
	[IPS_DYING_BIT] = "DYING",
	[IPS_FIXED_TIMEOUT_BIT] = "FIXED_TIMEOUT",
	[IPS_HELPER_BIT] = "HELPER",
	[IPS_OFFLOAD_BIT] = "OFFLOAD",
	[IPS_HW_OFFLOAD_BIT] = "HW_OFFLOAD",
};

static const char *const ctlog_tcp[TCP_CONNTRACK_MAX] = {
	[TCP_CONNTRACK_NONE] = "NONE",
	[TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
	[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV",
	[TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT",
	[TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK",
	[TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
	[TCP_CONNTRACK_CLOSE] = "CLOSE",
	[TCP_CONNTRACK_SYN_SENT2] = "SYN_SENT2",
};

static const char *const ctlog_sctp[SCTP_CONNTRACK_MAX] = {
	[SCTP_CONNTRACK_NONE] = "NONE",
	[SCTP_CONNTRACK_CLOSED] = "CLOSED",
	[SCTP_CONNTRACK_COOKIE_WAIT] = "COOKIE_WAIT",
	[SCTP_CONNTRACK_COOKIE_ECHOED] = "COOKIE_ECHOED",
	[SCTP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[SCTP_CONNTRACK_SHUTDOWN_SENT] = "SHUTDOWN_SENT",
	[SCTP_CONNTRACK_SHUTDOWN_RECD] = "SHUTDOWN_RECD",
	[SCTP_CONNTRACK_SHUTDOWN_ACK_SENT] = "SHUTDOWN_ACK_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_SENT] = "HEARTBEAT_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_ACKED] = "HEARTBEAT_ACKED",
};

static const char *const ctlog_reasons[XT_CTSTATE2_REASON_MAX] = {
	[XT_CTSTATE2_REASON_NOT_TRACKED] = "NOT_TRACKED",
	[XT_CTSTATE2_REASON_FRAGMENT] = "FRAGMENT",
	[XT_CTSTATE2_REASON_TRUNCATED] = "TRUNCATED",
	[XT_CTSTATE2_REASON_CHECKSUM] = "CHECKSUM",
	[XT_CTSTATE2_REASON_TCP_FLAGS] = "TCP_FLAGS",
	[XT_CTSTATE2_REASON_TCP_WINDOW] = "TCP_WINDOW",
	[XT_CTSTATE2_REASON_TCP_STATE] = "TCP_STATE",
	[XT_CTSTATE2_REASON_TCP_NEW] = "TCP_NEW",
	[XT_CTSTATE2_REASON_TCP_RST] = "TCP_RST",
	[XT_CTSTATE2_REASON_ICMP_TYPE] = "ICMP_TYPE",
	[XT_CTSTATE2_REASON_ICMP_UNRELATED] = "ICMP_UNRELATED",
	[XT_CTSTATE2_REASON_ICMP_MISMATCH] = "ICMP_MISMATCH",
	[XT_CTSTATE2_REASON_SCTP] = "SCTP",
	[XT_CTSTATE2_REASON_OTHER] = "OTHER",
};

/**
 * ctlog_check() - judge what userspace sent
 * @info: the rule; only the part up to @raw is read
 * @bad: where to put the offending value
 *
 * Return: what is wrong with the value in @bad, or NULL if all is well
 */
static inline const char *ctlog_check(const struct xt_ctlog_tginfo *info, unsigned int *bad)
{
	unsigned int i;

	*bad = info->flags & ~XT_CTLOG_ALL;
	if (*bad)
		return "unknown flags (is the module older than the plugin?)";
	for (i = 0; i < ARRAY_SIZE(info->reserved); i++) {
		*bad = info->reserved[i];
		if (*bad)
			return "reserved field not zero (is the module older than the plugin?)";
	}
	return log_check(info->flags & XT_CTLOG_NFLOG, info->level, info->group, info->prefix,
			 sizeof(info->prefix), bad);
}

/* "A,B " or "NONE " */
static inline int ctlog_print_status(char *buf, size_t size, unsigned long status)
{
	const char *comma = "";
	unsigned int i;
	int len = snprintf(buf, size, "status=");

	for (i = 0; i < ARRAY_SIZE(ctlog_status); i++) {
		if (!(status >> i & 1) || !ctlog_status[i])
			continue;
		len += snprintf(buf + len, size - len, "%s%s", comma, ctlog_status[i]);
		comma = ",";
	}
	return len + snprintf(buf + len, size - len, "%s ", *comma ? "" : "NONE");
}

/* One field into @buf, which holds the longest; returns its length, 0 if it is not there */
static inline int ctlog_print_field(char *buf, size_t size, const struct ctlog_values *v,
				    enum ctlog_field field)
{
	if (field > CTLOG_REASON && !v->connection)
		return 0;
	switch (field) {
	case CTLOG_PREFIX:
		return snprintf(buf, size, "%s", v->prefix);
	case CTLOG_STATE:
		return snprintf(buf, size, "state=%s ", ctlog_states[v->state]);
	case CTLOG_REASON:
		if (v->reason < XT_CTSTATE2_REASON_MAX)
			return snprintf(buf, size, "reason=%s ", ctlog_reasons[v->reason]);
		break;
	case CTLOG_DIR:
		return snprintf(buf, size, "dir=%s ", v->dir ? "REPLY" : "ORIGINAL");
	case CTLOG_STATUS:
		return ctlog_print_status(buf, size, v->status);
	case CTLOG_TCP:
		if (v->tcp_state < TCP_CONNTRACK_MAX)
			return snprintf(buf, size, "tcp=%s ", ctlog_tcp[v->tcp_state]);
		if (v->sctp_state < SCTP_CONNTRACK_MAX)
			return snprintf(buf, size, "sctp=%s ", ctlog_sctp[v->sctp_state]);
		break;
	case CTLOG_EXPIRES:
		return snprintf(buf, size, "expires=%u ", v->expires);
	case CTLOG_ZONE:
		if (v->zone)
			return snprintf(buf, size, "zone=%u ", v->zone);
		break;
	case CTLOG_HELPER:
		if (v->helper)
			return snprintf(buf, size, "helper=%s ", v->helper);
		break;
	case CTLOG_MARK:
		if (v->mark)
			return snprintf(buf, size, "mark=0x%x ", v->mark);
		break;
	default:
		break;
	}
	return 0;
}

/**
 * ctlog_print() - write a line
 * @line: for the line
 * @v: what is known of a packet
 *
 * What makes a line too long is left out by whole fields, the least useful one
 * first, and "..." stands at the end: the direction, which the state's name tells
 * but for NEW, where it is ORIGINAL; the lifetime; the zone and the mark, which
 * the administrator's rules gave; the helper, the status, the sub-state. The prefix,
 * the state and the reason always fit.
 */
static inline void ctlog_print(char line[CTLOG_LINE], const struct ctlog_values *v)
{
	static const u8 least_useful[] = {
		CTLOG_DIR, CTLOG_EXPIRES, CTLOG_ZONE, CTLOG_MARK, CTLOG_HELPER, CTLOG_STATUS,
		CTLOG_TCP,
	};
	const int mark = sizeof("... ") - 1;
	int len[CTLOG_FIELDS], used = 0, left_out = 0;
	unsigned int i;
	char buf[128];

	for (i = 0; i < CTLOG_FIELDS; i++) {
		len[i] = ctlog_print_field(buf, sizeof(buf), v, i);
		used += len[i];
	}
	for (i = 0; i < ARRAY_SIZE(least_useful) && used + left_out >= CTLOG_LINE; i++) {
		if (!len[least_useful[i]])
			continue;
		used -= len[least_useful[i]];
		len[least_useful[i]] = 0;
		left_out = mark;
	}
	for (used = 0, i = 0; i < CTLOG_FIELDS; i++) {
		if (len[i])
			used += ctlog_print_field(line + used, CTLOG_LINE - used, v, i);
	}
	if (left_out)
		strscpy(line + used, "... ", CTLOG_LINE - used);
}

#endif /* _XT_CTLOG_H */
