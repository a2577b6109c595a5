// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include "../rule.h"
#include "state.h"

const char *ctstate2_validate(const struct xt_ctstate2_mtinfo *info, unsigned int *bad)
{
	/* The masks: their condition, and the bits that they may have */
	const struct {
		unsigned int condition, value, known;
		const char *unknown, *empty;
	} masks[] = {
		{ XT_CTSTATE2_STATE, info->state, XT_CTSTATE2_STATE_ALL,
		  "unknown bits in the statemask", "empty statemask" },
		{ XT_CTSTATE2_STATUS, info->status, XT_CTSTATE2_STATUS_ALL,
		  "unknown bits in the status mask", "empty status mask" },
		{ XT_CTSTATE2_ALL_STATUS, info->all_status, XT_CTSTATE2_STATUS_ALL,
		  "unknown bits in the mask of all-status", "empty mask of all-status" },
		{ XT_CTSTATE2_TCP_STATE, info->tcp_state, XT_CTSTATE2_TCP_ALL,
		  "unknown TCP states", "no TCP state" },
		{ XT_CTSTATE2_SCTP_STATE, info->sctp_state, XT_CTSTATE2_SCTP_ALL,
		  "unknown SCTP states", "no SCTP state" },
		{ XT_CTSTATE2_REASON, info->reason, XT_CTSTATE2_REASON_ALL,
		  "unknown reasons", "no reason" },
	};
	const char *what;
	unsigned int i;

	*bad = info->match & ~XT_CTSTATE2_ALL;
	if (*bad)
		return "unknown conditions (is the module older than the plugin?)";
	*bad = info->match;
	if (!info->match)
		return "no condition";
	*bad = info->invert & ~info->match;
	if (*bad)
		return "inverted conditions that are not given";
	what = rule_check_reserved(info->reserved, sizeof(info->reserved), bad);
	if (what)
		return what;
	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		*bad = masks[i].value;
		if (!(info->match & masks[i].condition)) {
			if (*bad)
				return "a mask for a condition that is not given";
			continue;
		}
		if (!*bad)
			return masks[i].empty;
		*bad &= ~masks[i].known;
		if (*bad)
			return masks[i].unknown;
	}
	*bad = info->all_status;
	if (*bad & XT_CTSTATE2_STATUS_NONE && *bad != XT_CTSTATE2_STATUS_NONE)
		return "NONE and more in the mask of all-status";
	*bad = info->direction;
	if (*bad > (info->match & XT_CTSTATE2_DIRECTION ? IP_CT_DIR_REPLY : 0))
		return "not a direction, or one that is not given";
	*bad = info->zone;
	if (*bad && !(info->match & XT_CTSTATE2_ZONE))
		return "a zone for a condition that is not given";
	*bad = info->expires_max;
	if (*bad && !(info->match & XT_CTSTATE2_EXPIRES))
		return "a lifetime for a condition that is not given";
	*bad = info->expires_min;
	if (info->expires_min > info->expires_max)
		return "a lifetime of at least more than at most";
	*bad = info->match & (XT_CTSTATE2_TCP_STATE | XT_CTSTATE2_SCTP_STATE);
	if (*bad == (XT_CTSTATE2_TCP_STATE | XT_CTSTATE2_SCTP_STATE))
		return "a TCP state and an SCTP state in one rule";
	*bad = info->match & XT_CTSTATE2_CONNECTION & ~XT_CTSTATE2_ZONE;
	if (*bad && info->match & XT_CTSTATE2_REASON)
		return "a reason of INVALID with conditions about a connection";
	*bad = info->invert & XT_CTSTATE2_ZONE;
	if (*bad && info->match & XT_CTSTATE2_REASON)
		return "a reason of INVALID in another zone than one";
	return NULL;
}

const char *ctstate2_validate_protocol(const struct xt_ctstate2_mtinfo *info,
				       unsigned int protocol, unsigned int icmp)
{
	if (!protocol || protocol == icmp)
		return NULL;
	if (info->match & XT_CTSTATE2_TCP_STATE && protocol != IPPROTO_TCP)
		return "a TCP state in a rule for another protocol";
	if (info->match & XT_CTSTATE2_SCTP_STATE && protocol != IPPROTO_SCTP)
		return "an SCTP state in a rule for another protocol";
	return NULL;
}

/*
 * Makes one test of --status or --all-status, if it can be: any is not none, and
 * not all is any that is not. NONE together with others cannot be said so.
 */
static unsigned int ctstate2_compile_status(struct xt_ctstate2_mtinfo *info,
					    unsigned int condition)
{
	bool all = condition == XT_CTSTATE2_ALL_STATUS;
	u32 mask = all ? info->all_status : info->status;
	bool none = all == !(info->invert & condition);

	if (mask == XT_CTSTATE2_STATUS_NONE) {
		mask = XT_CTSTATE2_STATUS_IPS;
		none = !(info->invert & condition);
		all = false;
	} else if (mask & XT_CTSTATE2_STATUS_NONE) {
		return condition;
	}
	info->status_mask = mask;
	info->status_flip = all ? mask : 0;
	return none ? CTSTATE2_TEST_NONE : CTSTATE2_TEST_ANY;
}

void ctstate2_compile(struct xt_ctstate2_mtinfo *info, bool raw, bool early)
{
	u16 invert = info->invert & XT_CTSTATE2_STATE ? 0xffff : 0;
	bool reply = !info->direction == !!(info->invert & XT_CTSTATE2_DIRECTION);
	unsigned int connection = info->match & XT_CTSTATE2_CONNECTION;
	unsigned int nat, accept;

	/* Then it is where the reason is looked for. */
	if (info->match & XT_CTSTATE2_REASON)
		connection = 0;
	for (nat = 0; nat < ARRAY_SIZE(info->accept); nat++) {
		accept = info->state & nat << XT_CTSTATE2_STATE_SNAT_BIT ? 0xffff : info->state;
		accept ^= invert;
		if (!(info->match & XT_CTSTATE2_STATE))
			accept = 0xffff;
		if (connection)
			accept &= CTSTATE2_TRACKED;
		if (info->match & XT_CTSTATE2_DIRECTION)
			accept &= reply ? CTSTATE2_REPLY : CTSTATE2_ORIGINAL;
		if (info->match & XT_CTSTATE2_REASON)
			accept &= XT_CTSTATE2_STATE_INVALID;
		info->accept[nat] = accept;
	}
	info->nat = !!(info->state & CTSTATE2_NAT_MASK);

	info->tests = info->match & ~(XT_CTSTATE2_STATE | XT_CTSTATE2_DIRECTION);
	info->status_mask = 0;
	info->status_flip = 0;
	if (info->tests & XT_CTSTATE2_STATUS) {
		info->tests ^= XT_CTSTATE2_STATUS;
		info->tests |= ctstate2_compile_status(info, XT_CTSTATE2_STATUS);
	} else if (info->tests & XT_CTSTATE2_ALL_STATUS) {
		info->tests ^= XT_CTSTATE2_ALL_STATUS;
		info->tests |= ctstate2_compile_status(info, XT_CTSTATE2_ALL_STATUS);
	}
	if (early && connection)
		info->tests |= CTSTATE2_TEST_TEMPLATE;
	if (raw && info->match & XT_CTSTATE2_REASON)
		info->tests |= CTSTATE2_TEST_RAW;
}

/* Can a connection be as the conditions on its status and its NAT have it? */
static bool ctstate2_status_can(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int status = XT_CTSTATE2_STATUS_IPS;

	/* all subsets: 2048, when a rule is made */
	for (;; status = (status - 1) & XT_CTSTATE2_STATUS_IPS) {
		if (info->accept[ctstate2_nat(status)] & CTSTATE2_TRACKED &&
		    (!(info->match & XT_CTSTATE2_STATUS) ||
		     ctstate2_match_status(info, XT_CTSTATE2_STATUS, status)) &&
		    (!(info->match & XT_CTSTATE2_ALL_STATUS) ||
		     ctstate2_match_status(info, XT_CTSTATE2_ALL_STATUS, status)))
			return true;
		if (!status)
			return false;
	}
}

bool ctstate2_never(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int none = XT_CTSTATE2_STATE_UNTRACKED | XT_CTSTATE2_STATE_INVALID;

	return hweight16(info->match) > 1 && !(info->accept[0] & none) &&
	       !ctstate2_status_can(info);
}

bool ctstate2_offloadable(unsigned int protocol, unsigned long status,
			  unsigned int tcp_state, bool helper, bool gre_key)
{
	if ((status & (IPS_CONFIRMED | IPS_SEEN_REPLY)) != (IPS_CONFIRMED | IPS_SEEN_REPLY) ||
	    status & (IPS_SEQ_ADJUST | IPS_NAT_CLASH) || helper)
		return false;
	switch (protocol) {
	case IPPROTO_TCP:
		return tcp_state == TCP_CONNTRACK_ESTABLISHED && status & IPS_ASSURED;
	case IPPROTO_UDP:
		return true;
	case IPPROTO_GRE:
		return IS_ENABLED(CONFIG_NF_CT_PROTO_GRE) && !(status & IPS_NAT_MASK) && !gre_key;
	}
	return false;
}
