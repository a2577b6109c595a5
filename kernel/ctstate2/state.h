/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a rule's conditions mean, on plain values: no skb, no lock, any context.
 * tests/kunit/ctstate2_test.c includes this file as it is.
 */
#ifndef _XT_CTSTATE2_STATE_H
#define _XT_CTSTATE2_STATE_H

#include <linux/bits.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_ctstate2.h>

/* The state bits that nf_conn->status adds, in the order of IPS_*_NAT_BIT */
#define CTSTATE2_NAT_SHIFT	9
#define CTSTATE2_NAT_MASK	(XT_CTSTATE2_STATE_SNAT | XT_CTSTATE2_STATE_DNAT)

/**
 * ctstate2_state() - the number of a packet's state bit
 * @nfct: skb->_nfct: ctinfo in the low three bits, the nf_conn above them
 *
 * Source: nf_ct_get() in include/linux/netfilter/nf_conntrack_common.h, and
 * conntrack_mt() in net/netfilter/xt_conntrack.c. There is no ctinfo for INVALID:
 * a packet without an nf_conn is INVALID whatever its ctinfo, unless that is
 * UNTRACKED. nf_conntrack_attach() leaves RELATED without an nf_conn in what
 * answers an untracked packet.
 *
 * Return: 0 to 4 (ctinfo), 7 (UNTRACKED) or 8 (INVALID)
 */
static inline unsigned int ctstate2_state(unsigned long nfct)
{
	if (nfct > IP_CT_UNTRACKED)
		return nfct & 7;
	return nfct == IP_CT_UNTRACKED ? 7 : 8;
}

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
 * @bad: where to put the offending bits
 *
 * Return: what is wrong with the bits in @bad, or NULL if all is well
 */
static inline const char *ctstate2_check(const struct xt_ctstate2_mtinfo *info,
					 unsigned int *bad)
{
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
	*bad = info->state & ~XT_CTSTATE2_STATE_ALL;
	if (*bad)
		return "unknown bits in the statemask";
	*bad = info->state;
	if (!info->state)
		return "empty statemask";
	return NULL;
}

/**
 * ctstate2_compile() - turn the user's words into what the packet path reads
 * @info: a rule that ctstate2_check() found good; @accept and @nat are set
 *
 * A packet is in one state of bits 0 to 8 and, beside it, in those of SNAT and
 * DNAT that its connection has. The condition holds if one of them is in the
 * statemask, and the other way round when it is inverted.
 */
static inline void ctstate2_compile(struct xt_ctstate2_mtinfo *info)
{
	u16 invert = info->invert & XT_CTSTATE2_STATE ? 0xffff : 0;
	unsigned int nat;

	for (nat = 0; nat < ARRAY_SIZE(info->accept); nat++) {
		bool any = info->state & nat << CTSTATE2_NAT_SHIFT;

		info->accept[nat] = (any ? 0xffff : info->state) ^ invert;
	}
	info->nat = !!(info->state & CTSTATE2_NAT_MASK);
}

/**
 * ctstate2_match() - does a packet in this state match?
 * @info: a compiled rule
 * @state: from ctstate2_state()
 * @nat: from ctstate2_nat(), 0 for a packet without a connection
 */
static inline bool ctstate2_match(const struct xt_ctstate2_mtinfo *info,
				  unsigned int state, unsigned int nat)
{
	return info->accept[nat] >> state & 1;
}

#endif /* _XT_CTSTATE2_STATE_H */
