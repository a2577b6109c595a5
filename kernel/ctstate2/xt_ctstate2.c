// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_ctstate2 - match a packet by what the connection tracker knows about it
 */
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_extend.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "../rule.h"
#include "../tracker/invalid.h"
#include "../tracker/packet.h"
#include "state.h"

static bool ctstate2_mt_offloadable(const struct nf_conn *ct, unsigned long status)
{
	const struct nf_conntrack_tuple *tuple = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	u8 protocol = nf_ct_protonum(ct);
	u8 tcp_state = 0;
	bool key = false;

	if (protocol == IPPROTO_TCP)
		tcp_state = READ_ONCE(ct->proto.tcp.state);
	if (protocol == IPPROTO_GRE)
		key = tuple->src.u.gre.key || tuple->dst.u.gre.key;
	return ctstate2_offloadable(protocol, status, tcp_state,
				    nf_ct_ext_exist(ct, NF_CT_EXT_HELPER), key);
}

static bool ctstate2_mt_in_state(const struct nf_conn *ct, unsigned int protocol,
				 unsigned int states, unsigned int state, bool invert)
{
	return nf_ct_protonum(ct) == protocol && (states >> state & 1) != invert;
}

/* What only some rules ask about a connection */
static noinline bool ctstate2_mt_connection(const struct xt_ctstate2_mtinfo *info,
					    const struct nf_conn *ct,
					    enum ip_conntrack_info ctinfo)
{
	unsigned long status = READ_ONCE(ct->status);
	unsigned int tests = info->tests;
	u32 seconds;

	if (tests & CTSTATE2_TEST_TEMPLATE && status & IPS_TEMPLATE)
		return false;
	if (tests & CTSTATE2_TEST_NONE && ctstate2_status_bits(info, status))
		return false;
	if (tests & CTSTATE2_TEST_ANY && !ctstate2_status_bits(info, status))
		return false;
	if (tests & XT_CTSTATE2_STATUS &&
	    !ctstate2_match_status(info, XT_CTSTATE2_STATUS, status))
		return false;
	if (tests & XT_CTSTATE2_ALL_STATUS &&
	    !ctstate2_match_status(info, XT_CTSTATE2_ALL_STATUS, status))
		return false;
	if (tests & XT_CTSTATE2_TCP_STATE &&
	    !ctstate2_mt_in_state(ct, IPPROTO_TCP, info->tcp_state,
				  READ_ONCE(ct->proto.tcp.state),
				  info->invert & XT_CTSTATE2_TCP_STATE))
		return false;
	if (tests & XT_CTSTATE2_SCTP_STATE &&
	    !ctstate2_mt_in_state(ct, IPPROTO_SCTP, info->sctp_state,
				  READ_ONCE(ct->proto.sctp.state),
				  info->invert & XT_CTSTATE2_SCTP_STATE))
		return false;
	if (tests & XT_CTSTATE2_EXPIRES) {
		seconds = tracker_lifetime(status, READ_ONCE(ct->timeout), nfct_time_stamp) / HZ;
		if ((seconds >= info->expires_min && seconds <= info->expires_max) ==
		    !!(info->invert & XT_CTSTATE2_EXPIRES))
			return false;
	}
	if (tests & XT_CTSTATE2_ZONE &&
	    (nf_ct_zone_id(nf_ct_zone(ct), CTINFO2DIR(ctinfo)) == info->zone) ==
	    !!(info->invert & XT_CTSTATE2_ZONE))
		return false;
	if (tests & XT_CTSTATE2_OFFLOADABLE &&
	    ctstate2_mt_offloadable(ct, status) == !!(info->invert & XT_CTSTATE2_OFFLOADABLE))
		return false;
	return true;
}

/* A packet without a connection: only its reason can be asked for beside its state. */
static noinline bool ctstate2_mt_none(const struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctstate2_mtinfo *info = par->matchinfo;
	unsigned int reason = XT_CTSTATE2_REASON_NOT_TRACKED;

	if (!ctstate2_match(info, tracker_state(skb_get_nfct(skb)), 0))
		return false;
	if (!(info->tests & XT_CTSTATE2_REASON))
		return true;
	if (!(info->tests & CTSTATE2_TEST_RAW))
		reason = tracker_invalid_reason(skb, par->state, info->zone);
	return (info->reason >> reason & 1) != !!(info->invert & XT_CTSTATE2_REASON);
}

static bool ctstate2_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_ctstate2_mtinfo *info = par->matchinfo;
	unsigned long nfct = skb_get_nfct(skb);
	unsigned int accept = info->accept[0];
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;

	if (nfct <= NFCT_INFOMASK)
		return ctstate2_mt_none(skb, par);
	if (info->nat)
		accept = info->accept[ctstate2_nat(READ_ONCE(nf_ct_get(skb, &ctinfo)->status))];
	if (!(accept & BIT(nfct & NFCT_INFOMASK)))
		return false;
	if (!info->tests)
		return true;

	/* Most of the rules that ask for more ask for the status alone. */
	ct = nf_ct_get(skb, &ctinfo);
	if (info->tests == CTSTATE2_TEST_NONE)
		return !ctstate2_status_bits(info, READ_ONCE(ct->status));
	if (info->tests == CTSTATE2_TEST_ANY)
		return ctstate2_status_bits(info, READ_ONCE(ct->status));
	return ctstate2_mt_connection(info, ct, ctinfo);
}

/* What -p says, and the family's ICMP; 0 where there is no one protocol */
static unsigned int ctstate2_mt_protocol(const struct xt_mtchk_param *par, unsigned int *icmp)
{
	const struct ip6t_ip6 *ip6 = par->entryinfo;
	const struct ipt_ip *ip = par->entryinfo;

	switch (par->family) {
	case NFPROTO_IPV4:
		*icmp = IPPROTO_ICMP;
		return ip->invflags & XT_INV_PROTO ? 0 : ip->proto;
	case NFPROTO_IPV6:
		*icmp = IPPROTO_ICMPV6;
		return ip6->flags & IP6T_F_PROTO && !(ip6->invflags & XT_INV_PROTO) ?
		       ip6->proto : 0;
	}
	return 0;
}

/*
 * May packets be here before the tracker? What legacy tables are for is fixed; a chain of
 * nftables may have any priority, and one without a hook may be reached from any.
 */
static bool ctstate2_mt_early(const struct xt_mtchk_param *par, bool raw)
{
	if (!par->nft_compat)
		return raw;
	return !par->hook_mask ||
	       par->hook_mask & (BIT(NF_INET_PRE_ROUTING) | BIT(NF_INET_LOCAL_OUT));
}

static int ctstate2_mt_check(const struct xt_mtchk_param *par)
{
	bool raw = !strcmp(par->table, "raw");
	struct xt_ctstate2_mtinfo *info = par->matchinfo;
	unsigned int icmp = 0, bad;
	const char *what;

	what = ctstate2_validate(info, &bad);
	if (!what) {
		bad = ctstate2_mt_protocol(par, &icmp);
		what = ctstate2_validate_protocol(info, bad, icmp);
	}
	if (!what) {
		ctstate2_compile(info, raw, ctstate2_mt_early(par, raw));
		bad = info->match;
		if (ctstate2_never(info))
			what = "no packet can match all of these conditions";
	}
	if (what)
		return rule_refused(what, bad);
	return rule_tracker_get(par->net, par->family);
}

static void ctstate2_mt_destroy(const struct xt_mtdtor_param *par)
{
	nf_ct_netns_put(par->net, par->family);
}

#define CTSTATE2_MATCH(pf) {						\
	.name		= "ctstate2",					\
	.revision	= 0,						\
	.family		= pf,						\
	.match		= ctstate2_mt,					\
	.checkentry	= ctstate2_mt_check,				\
	.destroy	= ctstate2_mt_destroy,				\
	.matchsize	= sizeof(struct xt_ctstate2_mtinfo),		\
	.usersize	= offsetof(struct xt_ctstate2_mtinfo, accept),	\
	.me		= THIS_MODULE,					\
}

static struct xt_match ctstate2_mt_reg[] __read_mostly = {
	CTSTATE2_MATCH(NFPROTO_IPV4),
	CTSTATE2_MATCH(NFPROTO_IPV6),
};

static int __init ctstate2_init(void)
{
	return xt_register_matches(ctstate2_mt_reg, ARRAY_SIZE(ctstate2_mt_reg));
}

static void __exit ctstate2_exit(void)
{
	xt_unregister_matches(ctstate2_mt_reg, ARRAY_SIZE(ctstate2_mt_reg));
}

module_init(ctstate2_init);
module_exit(ctstate2_exit);

MODULE_DESCRIPTION("Xtables: match what the connection tracker knows about a packet");
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_ctstate2");
MODULE_ALIAS("ip6t_ctstate2");
