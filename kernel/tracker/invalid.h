/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XCA_TRACKER_INVALID_H
#define _XCA_TRACKER_INVALID_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/netfilter/xt_ctstate2.h>
#include <net/ip.h>

/**
 * tracker_invalid_reason() - why the tracker made a packet INVALID
 * @skb: a packet without a connection that is not UNTRACKED, of which the tracker
 *	has had its look; non-linear, truncated and cloned ones are normal, and none
 *	is changed
 * @state: of the hook that the caller runs in
 * @zone: where its connection is looked for
 *
 * The tracker keeps no reason, so this judges the packet again, by the same rules,
 * against the namespace's sysctls and the entry that is in the table now. What has
 * changed meanwhile may come out as OTHER. The zone that the packet was in went with
 * its template: only who made the rule can know it.
 *
 * Context: RCU read side, softirq or process. Takes the lock of one connection.
 * Return: never XT_CTSTATE2_REASON_NOT_TRACKED, which is the caller's to know
 */
enum xt_ctstate2_reason tracker_invalid_reason(const struct sk_buff *skb,
					       const struct nf_hook_state *state, u16 zone);

/* tracker_fragment() of an IPv6 packet */
bool tracker_fragment6(const struct sk_buff *skb);

/**
 * tracker_fragment() - is it a part of a packet only, which the tracker does not get to see?
 * @skb: a packet, its IP header readable
 * @pf: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * The tracker has packets put together first. A rule may see their parts all the same, with
 * raw_before_defrag=1; and in OUTPUT of IPv4 what a program sends with IP_NODEFRAG, which the
 * tracker leaves alone. An IPv6 packet that looks like a part, but that nobody puts together
 * with others, the tracker does see: it is none.
 *
 * Context: any.
 */
static inline bool tracker_fragment(const struct sk_buff *skb, u8 pf)
{
	return pf == NFPROTO_IPV4 ? ip_is_fragment(ip_hdr(skb)) : tracker_fragment6(skb);
}

/**
 * tracker_starts() - would the tracker start a connection with a packet?
 * @skb: a packet that has no connection, whole and linear or not; not changed
 * @state: of the hook that the caller runs in
 *
 * It is judged as if nothing was known of it: whether there is an entry, or an
 * expectation, is the caller's question. This sums the packet: so that one comes first.
 *
 * The kernel's own answer may differ, in either direction: nothing that protects the table
 * may depend on a false.
 *
 * Context: RCU read side, softirq or process.
 * Return: false for what it makes INVALID, and for ICMP errors and fragments
 */
bool tracker_starts(const struct sk_buff *skb, const struct nf_hook_state *state);

/**
 * tracker_dccp_whole() - does a DCCP packet hold as much as the tracker reads of it?
 * @skb: a packet of DCCP, whole and linear or not; not changed
 * @pf: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * Context: any.
 * Return: is the header there, as long as one of its type is?
 */
bool tracker_dccp_whole(const struct sk_buff *skb, u8 pf);

#endif /* _XCA_TRACKER_INVALID_H */
