// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/xt_ctstate2.h>
#include "../log.h"
#include "../rule.h"
#include "ctlog.h"

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
	[XT_CTSTATE2_STATE_UNTRACKED_BIT] = "UNTRACKED",
	[XT_CTSTATE2_STATE_INVALID_BIT] = "INVALID",
};

static const char *const ctlog_status[] = {
	[IPS_EXPECTED_BIT] = "EXPECTED", [IPS_SEEN_REPLY_BIT] = "SEEN_REPLY",
	[IPS_ASSURED_BIT] = "ASSURED", [IPS_CONFIRMED_BIT] = "CONFIRMED",
	[IPS_SRC_NAT_BIT] = "SNAT", [IPS_DST_NAT_BIT] = "DNAT",
	[IPS_SEQ_ADJUST_BIT] = "SEQ_ADJUST", [IPS_DYING_BIT] = "DYING",
	[IPS_FIXED_TIMEOUT_BIT] = "FIXED_TIMEOUT", [IPS_HELPER_BIT] = "HELPER",
	[IPS_OFFLOAD_BIT] = "OFFLOAD", [IPS_HW_OFFLOAD_BIT] = "HW_OFFLOAD",
};

/* In the order of their enums */
static const char *const ctlog_tcp[TCP_CONNTRACK_MAX] = {
	"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
	"TIME_WAIT", "CLOSE", "SYN_SENT2",
};

static const char *const ctlog_sctp[SCTP_CONNTRACK_MAX] = {
	"NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
	"SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
};

static const char *const ctlog_reasons[XT_CTSTATE2_REASON_MAX] = {
	"NOT_TRACKED", "FRAGMENT", "TRUNCATED", "CHECKSUM", "TCP_FLAGS", "TCP_WINDOW",
	"TCP_STATE", "TCP_NEW", "TCP_RST", "ICMP_TYPE", "ICMP_UNRELATED", "ICMP_MISMATCH",
	"SCTP", "OTHER",
};

const char *ctlog_validate(const struct xt_ctlog_tginfo *info, unsigned int *bad)
{
	const char *what;

	what = rule_check_flags(info->flags, XT_CTLOG_ALL, info->reserved, sizeof(info->reserved),
				bad);
	if (what)
		return what;
	*bad = info->zone;
	if (*bad && !(info->flags & XT_CTLOG_ZONE))
		return "a zone without its flag";
	return log_check(info->flags & XT_CTLOG_NFLOG, info->level, info->group, info->prefix,
			 sizeof(info->prefix), bad);
}

/* "A,B " or "NONE " */
static int ctlog_print_status(char *buf, size_t size, unsigned long status)
{
	const char *comma = "";
	unsigned int i;
	int len = snprintf(buf, size, "status=");

	for (i = 0; i < ARRAY_SIZE(ctlog_status); i++) {
		if (!(status & BIT(i)) || !ctlog_status[i])
			continue;
		len += snprintf(buf + len, size - len, "%s%s", comma, ctlog_status[i]);
		comma = ",";
	}
	return len + snprintf(buf + len, size - len, "%s ", *comma ? "" : "NONE");
}

/* One field into @buf, which holds the longest; returns its length, 0 if it is not there */
static int ctlog_print_field(char *buf, size_t size, const struct ctlog_values *v,
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

void ctlog_print(char line[CTLOG_LINE], const struct ctlog_values *v)
{
	static const u8 least_useful[] = {
		CTLOG_DIR, CTLOG_EXPIRES, CTLOG_ZONE, CTLOG_MARK, CTLOG_HELPER, CTLOG_STATUS,
		CTLOG_TCP,
	};
	int mark = sizeof("... ") - 1;
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
