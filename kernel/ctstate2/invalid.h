/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XT_CTSTATE2_INVALID_H
#define _XT_CTSTATE2_INVALID_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/netfilter/xt_ctstate2.h>

/**
 * ctstate2_invalid_reason() - why the tracker made a packet INVALID
 * @skb: a packet without a connection that is not UNTRACKED, of which the tracker
 *	has had its look; non-linear, truncated and cloned ones are normal, and none
 *	is changed
 * @state: of the hook that the caller runs in
 *
 * The tracker keeps no reason, so this judges the packet again, by the same rules,
 * against the namespace's sysctls and the entry that is in the table now. What has
 * changed meanwhile, and a packet of another zone than 0, may come out as OTHER.
 *
 * Context: RCU read side, softirq or process. Takes the lock of one connection.
 * Return: never XT_CTSTATE2_REASON_NOT_TRACKED, which is the caller's to know
 */
enum xt_ctstate2_reason ctstate2_invalid_reason(const struct sk_buff *skb,
						const struct nf_hook_state *state);

#endif /* _XT_CTSTATE2_INVALID_H */
