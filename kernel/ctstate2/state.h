/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a rule's conditions mean, on plain values: no skb, no lock, any context.
 * tests/kunit/ctstate2_test.c includes this file as it is.
 */
#ifndef _XT_CTSTATE2_STATE_H
#define _XT_CTSTATE2_STATE_H

#include <linux/bits.h>
#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/xt_ctstate2.h>
#include "../tracker/packet.h"

/* The state bits that nf_conn->status adds, in the order of IPS_*_NAT_BIT */
#define CTSTATE2_NAT_SHIFT	9
#define CTSTATE2_NAT_MASK	(XT_CTSTATE2_STATE_SNAT | XT_CTSTATE2_STATE_DNAT)

/* The states of a packet that has a connection: ctinfo 0 to 4 */
#define CTSTATE2_ORIGINAL	(BIT(IP_CT_ESTABLISHED) | BIT(IP_CT_RELATED) | BIT(IP_CT_NEW))
#define CTSTATE2_REPLY		(BIT(IP_CT_ESTABLISHED_REPLY) | BIT(IP_CT_RELATED_REPLY))
#define CTSTATE2_TRACKED	(CTSTATE2_ORIGINAL | CTSTATE2_REPLY)

/*
 * Bits of xt_ctstate2_mtinfo.tests beside the conditions: the rule may come before the
 * tracker, where a connection may be a template; the bits that are not as status_flip has
 * them are none, or any, of status_mask; the rule is sure to come before the tracker
 */
#define CTSTATE2_TEST_TEMPLATE	BIT(12)
#define CTSTATE2_TEST_NONE	BIT(13)
#define CTSTATE2_TEST_ANY	BIT(14)
#define CTSTATE2_TEST_RAW	BIT(15)

/**
 * ctstate2_nat() - index into xt_ctstate2_mtinfo.accept
 * @status: nf_conn->status of a packet's connection
 *
 * Return: bit 0: the source is rewritten; bit 1: the destination is
 */
static inline unsigned int ctstate2_nat(unsigned long status)
{
	return status >> IPS_SRC_NAT_BIT & 3;
}

/**
 * ctstate2_check() - judge what userspace sent
 * @info: the rule; only the part up to @accept is read
 * @bad: where to put the offending value
 *
 * Return: what is wrong with the value in @bad, or NULL if all is well
 */
static inline const char *ctstate2_check(const struct xt_ctstate2_mtinfo *info,
					 unsigned int *bad)
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
	for (i = 0; i < ARRAY_SIZE(info->reserved); i++) {
		*bad = info->reserved[i];
		if (*bad)
			return "reserved field not zero (is the module older than the plugin?)";
	}
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
	*bad = info->match & XT_CTSTATE2_CONNECTION;
	if (*bad && info->match & XT_CTSTATE2_REASON)
		return "a reason of INVALID with conditions about a connection";
	return NULL;
}

/**
 * ctstate2_check_protocol() - judge a rule against its protocol
 * @info: the rule
 * @protocol: what -p says, or 0
 * @icmp: the address family's ICMP, whose errors belong to other connections
 *
 * Return: what is wrong, or NULL
 */
static inline const char *ctstate2_check_protocol(const struct xt_ctstate2_mtinfo *info,
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
static inline unsigned int ctstate2_compile_status(struct xt_ctstate2_mtinfo *info,
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

/**
 * ctstate2_compile() - turn the user's words into what the packet path reads
 * @info: a rule that ctstate2_check() found good; @accept and all after it is set
 * @raw: the rule's packets come before the tracker
 * @early: they may
 *
 * A packet is in one state of bits 0 to 8 and, beside it, in those of SNAT and
 * DNAT that its connection has. The condition holds if one of them is in the
 * statemask, and the other way round when it is inverted. Its direction, whether
 * it has a connection and whether it is INVALID follow from its state.
 */
static inline void ctstate2_compile(struct xt_ctstate2_mtinfo *info, bool raw, bool early)
{
	const u16 invert = info->invert & XT_CTSTATE2_STATE ? 0xffff : 0;
	const bool reply = !info->direction == !!(info->invert & XT_CTSTATE2_DIRECTION);
	unsigned int nat, accept;

	for (nat = 0; nat < ARRAY_SIZE(info->accept); nat++) {
		accept = info->state & nat << CTSTATE2_NAT_SHIFT ? 0xffff : info->state;
		accept ^= invert;
		if (!(info->match & XT_CTSTATE2_STATE))
			accept = 0xffff;
		if (info->match & XT_CTSTATE2_CONNECTION)
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
	if (early && info->match & XT_CTSTATE2_CONNECTION)
		info->tests |= CTSTATE2_TEST_TEMPLATE;
	if (raw && info->match & XT_CTSTATE2_REASON)
		info->tests |= CTSTATE2_TEST_RAW;
}

/**
 * ctstate2_match() - may a packet in this state match?
 * @info: a compiled rule
 * @state: from ctstate2_state()
 * @nat: from ctstate2_nat(), 0 for a packet without a connection
 */
static inline bool ctstate2_match(const struct xt_ctstate2_mtinfo *info,
				  unsigned int state, unsigned int nat)
{
	return info->accept[nat] >> state & 1;
}

/**
 * ctstate2_status_bits() - those that CTSTATE2_TEST_NONE and CTSTATE2_TEST_ANY ask for
 * @info: a compiled rule
 * @status: nf_conn->status
 */
static inline unsigned int ctstate2_status_bits(const struct xt_ctstate2_mtinfo *info,
						unsigned long status)
{
	return ((unsigned int)status ^ info->status_flip) & info->status_mask;
}

/**
 * ctstate2_match_status() - a condition on the status, as the user said it
 * @info: a compiled rule
 * @condition: XT_CTSTATE2_STATUS or XT_CTSTATE2_ALL_STATUS
 * @status: nf_conn->status
 */
static inline bool ctstate2_match_status(const struct xt_ctstate2_mtinfo *info,
					 unsigned int condition, unsigned long status)
{
	u32 mask = condition == XT_CTSTATE2_STATUS ? info->status : info->all_status;
	u32 has = status & XT_CTSTATE2_STATUS_IPS;
	bool holds;

	if (!has)
		has = XT_CTSTATE2_STATUS_NONE;
	holds = condition == XT_CTSTATE2_STATUS ? has & mask : (has & mask) == mask;
	return holds != !!(info->invert & condition);
}

/* Can a connection be as the conditions on its status and its NAT have it? */
static inline bool ctstate2_status_can(const struct xt_ctstate2_mtinfo *info)
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

/**
 * ctstate2_never() - do a rule's conditions exclude each other?
 * @info: a compiled rule
 *
 * Those on state, direction, status, NAT and the reason, and whatever needs a connection; by
 * what they say, not by what the tracker never does. One condition by itself, such as
 * "! --state" with all states, is as the user has it.
 */
static inline bool ctstate2_never(const struct xt_ctstate2_mtinfo *info)
{
	const unsigned int none = BIT(CTSTATE2_UNTRACKED) | BIT(CTSTATE2_INVALID);
	const bool several = info->match & (info->match - 1);

	return several && !(info->accept[0] & none) && !ctstate2_status_can(info);
}

/**
 * ctstate2_offloadable() - may a connection be handed to a flowtable?
 * @protocol: the connection's
 * @status: nf_conn->status
 * @tcp_state: enum tcp_conntrack, if it is TCP
 * @helper: there is room for a helper
 * @gre_key: it is GRE, and has a key
 *
 * Source: nft_flow_offload_eval() in net/netfilter/nft_flow_offload.c; and both
 * directions have been seen, as Documentation/networking/nf_flowtable.rst has it.
 */
static inline bool ctstate2_offloadable(unsigned int protocol, unsigned long status,
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

#endif /* _XT_CTSTATE2_STATE_H */
