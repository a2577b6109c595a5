/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet and its entry say, on plain values: no skb, no lock, any context. Inline,
 * since each packet of a rule asks.
 */
#ifndef _XCA_TRACKER_PACKET_H
#define _XCA_TRACKER_PACKET_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_ctstate2.h>

/**
 * tracker_state() - the number of a packet's state bit
 * @nfct: skb->_nfct: ctinfo in the low three bits, the nf_conn above them
 *
 * Source: nf_ct_get() in include/linux/netfilter/nf_conntrack_common.h, and
 * conntrack_mt() in net/netfilter/xt_conntrack.c. There is no ctinfo for INVALID:
 * a packet without an nf_conn is INVALID whatever its ctinfo, unless that is
 * UNTRACKED. nf_conntrack_attach() leaves RELATED without an nf_conn in what
 * answers an untracked packet.
 *
 * Return: 0 to 4 (ctinfo), XT_CTSTATE2_STATE_UNTRACKED_BIT or
 * XT_CTSTATE2_STATE_INVALID_BIT
 */
static inline unsigned int tracker_state(unsigned long nfct)
{
	if (nfct > NFCT_INFOMASK)
		return nfct & NFCT_INFOMASK;
	if (nfct == IP_CT_UNTRACKED)
		return XT_CTSTATE2_STATE_UNTRACKED_BIT;
	return XT_CTSTATE2_STATE_INVALID_BIT;
}

/**
 * tracker_lifetime() - what is left of a connection's time
 * @status: nf_conn->status
 * @timeout: nf_conn->timeout: a time stamp once the connection is confirmed, the
 *	lifetime that it will get before (__nf_conntrack_confirm())
 * @now: nfct_time_stamp
 *
 * Return: jiffies
 */
static inline u32 tracker_lifetime(unsigned long status, u32 timeout, u32 now)
{
	s32 left = status & IPS_CONFIRMED ? timeout - now : timeout;

	return max(left, 0);
}

#endif /* _XCA_TRACKER_PACKET_H */
