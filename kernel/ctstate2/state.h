/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a rule's conditions mean, on plain values: no skb, no lock, any context. Inline is
 * what most packets of a rule ask.
 */
#ifndef _XT_CTSTATE2_STATE_H
#define _XT_CTSTATE2_STATE_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_ctstate2.h>

/* The state bits that nf_conn->status adds, in the order of IPS_*_NAT_BIT */
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
static_assert(XT_CTSTATE2_ALL < CTSTATE2_TEST_TEMPLATE, "a condition has the bit of another test");

/* Index into xt_ctstate2_mtinfo.accept. Bit 0: the source is rewritten; 1: the destination */
static inline unsigned int ctstate2_nat(unsigned long status)
{
	return status >> IPS_SRC_NAT_BIT & 3;
}

/* Judges what userspace sent: returns what is wrong with the value in @bad, or NULL. */
const char *ctstate2_validate(const struct xt_ctstate2_mtinfo *info, unsigned int *bad);

/* And against -p, or 0. @icmp is the family's ICMP: its errors belong to other connections. */
const char *ctstate2_validate_protocol(const struct xt_ctstate2_mtinfo *info,
				       unsigned int protocol, unsigned int icmp);

/**
 * ctstate2_compile() - turn the user's words into what the packet path reads
 * @info: a rule that ctstate2_validate() found good; @accept and all after it is set
 * @raw: the rule's packets come before the tracker
 * @early: they may
 *
 * A packet is in one state of bits 0 to 8 and, beside it, in those of SNAT and
 * DNAT that its connection has. The condition holds if one of them is in the
 * statemask, and the other way round when it is inverted. Its direction, whether
 * it has a connection and whether it is INVALID follow from its state.
 */
void ctstate2_compile(struct xt_ctstate2_mtinfo *info, bool raw, bool early);

/* May a packet in this state match? @nat is 0 for one without a connection. */
static inline bool ctstate2_match(const struct xt_ctstate2_mtinfo *info,
				  unsigned int state, unsigned int nat)
{
	return info->accept[nat] >> state & 1;
}

/* The bits of nf_conn->status that CTSTATE2_TEST_NONE and CTSTATE2_TEST_ANY ask for */
static inline unsigned int ctstate2_status_bits(const struct xt_ctstate2_mtinfo *info,
						unsigned long status)
{
	return ((unsigned int)status ^ info->status_flip) & info->status_mask;
}

/* --status or --all-status (@condition), as the user said it */
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

/*
 * Do a compiled rule's conditions exclude each other? Those on state, direction, status, NAT
 * and the reason, and whatever needs a connection; by what they say, not by what the tracker
 * never does. One condition by itself, such as "! --state" with all states, is as the user
 * has it.
 */
bool ctstate2_never(const struct xt_ctstate2_mtinfo *info);

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
bool ctstate2_offloadable(unsigned int protocol, unsigned long status,
			  unsigned int tcp_state, bool helper, bool gre_key);

#endif /* _XT_CTSTATE2_STATE_H */
