/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet and its entry say, on plain values: no skb, no lock, any context.
 * tests/kunit/ctstate2_test.c includes this file as it is.
 */
#ifndef _XCA_TRACKER_PACKET_H
#define _XCA_TRACKER_PACKET_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_common.h>

/* Numbers of the state bits XT_CTSTATE2_STATE_* that are no ctinfo */
#define CTSTATE2_UNTRACKED	7
#define CTSTATE2_INVALID	8

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
 * Return: 0 to 4 (ctinfo), CTSTATE2_UNTRACKED or CTSTATE2_INVALID
 */
static inline unsigned int ctstate2_state(unsigned long nfct)
{
	if (nfct > IP_CT_UNTRACKED)
		return nfct & 7;
	return nfct == IP_CT_UNTRACKED ? CTSTATE2_UNTRACKED : CTSTATE2_INVALID;
}

/**
 * ctstate2_lifetime() - what is left of a connection's time
 * @status: nf_conn->status
 * @timeout: nf_conn->timeout: a time stamp once the connection is confirmed, the
 *	lifetime that it will get before (__nf_conntrack_confirm())
 * @now: nfct_time_stamp
 *
 * Return: jiffies
 */
static inline u32 ctstate2_lifetime(unsigned long status, u32 timeout, u32 now)
{
	s32 left = status & IPS_CONFIRMED ? timeout - now : timeout;

	return max(left, 0);
}

#endif /* _XCA_TRACKER_PACKET_H */
