// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_ctfull - match by how full the connection tracking table is, and log, count and
 * report the packets that find no room in it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "../log.h"
#include "../rule.h"
#include "../tracker/invalid.h"
#include "genl.h"
#include "net.h"

/* As nf_conntrack_in() has it: a packet of a connection, or UNTRACKED. No template's */
static bool ctfull_seen(const struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	return (ct && !nf_ct_is_template(ct)) || ctinfo == IP_CT_UNTRACKED;
}

/* Of fragments only the first one has a tuple. */
static bool ctfull_get_tuple(const struct sk_buff *skb, const struct nf_hook_state *state,
			     struct nf_conntrack_tuple *tuple)
{
	return nf_ct_get_tuplepr(skb, skb_network_offset(skb), state->pf, state->net, tuple);
}

/* Is there an entry, in the zone that @tmpl names? Not of packets on their way. */
static bool ctfull_entry_exists(const struct sk_buff *skb, const struct nf_hook_state *state,
				const struct nf_conn *tmpl,
				const struct nf_conntrack_tuple *tuple)
{
	const struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_zone zone;

	h = nf_conntrack_find_get(state->net, nf_ct_zone_tmpl(tmpl, skb, &zone), tuple);
	if (h)
		nf_ct_put(nf_ct_tuplehash_to_ctrack(h));
	return h;
}

/* --- -m ctfull --- */

/* Would the tracker need a new entry for this packet? */
static noinline bool ctfull_mt_new_connection(const struct sk_buff *skb,
					      const struct nf_hook_state *state)
{
	struct nf_conntrack_tuple tuple;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;

	ct = nf_ct_get(skb, &ctinfo);
	if (ctfull_seen(ct, ctinfo))
		return ct && !nf_ct_is_confirmed(ct);
	return ctfull_get_tuple(skb, state, &tuple) &&
	       !ctfull_entry_exists(skb, state, ct, &tuple) && tracker_starts(skb, state);
}

static noinline bool ctfull_mt_above(const struct xt_ctfull_mtinfo *info, struct net *net)
{
	u32 count = nf_conntrack_count(net), max = READ_ONCE(nf_conntrack_max);
	bool percent = info->flags & XT_CTFULL_ABOVE_PERCENT;
	struct ctfull_latch *latch = info->latch;
	bool latched = READ_ONCE(latch->on);
	bool above = ctfull_above(info, latched, count, max);

	if (info->until && above != latched)
		WRITE_ONCE(latch->on, above);
	if (!above && ctfull_can_skip_tick(count, ctfull_entries(info->above, percent, max)))
		WRITE_ONCE(latch->skip_tick, jiffies);
	return above;
}

static noinline bool ctfull_mt_conditions(const struct sk_buff *skb,
					  const struct xt_action_param *par)
{
	const struct xt_ctfull_mtinfo *info = par->matchinfo;

	if (info->flags & XT_CTFULL_ABOVE &&
	    ctfull_mt_above(info, xt_net(par)) == !!(info->invert & XT_CTFULL_ABOVE))
		return false;
	return !(info->flags & XT_CTFULL_NEW_CONNECTION) ||
	       ctfull_mt_new_connection(skb, par->state) !=
	       !!(info->invert & XT_CTFULL_NEW_CONNECTION);
}

static bool ctfull_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_ctfull_mtinfo *info = par->matchinfo;

	/* Most packets of most rules: --above, not inverted, and far from it */
	if (info->latch && ctfull_tick_is(&info->latch->skip_tick) &&
	    !(info->invert & XT_CTFULL_ABOVE))
		return false;
	return ctfull_mt_conditions(skb, par);
}

/* Says what there may be no more of, if @err is that; returns it. */
static int ctfull_rule_refused(int err, const char *what)
{
	if (err == -ENOSPC)
		pr_info_ratelimited("rule refused: no more than %u %s in a network namespace\n",
				    CTFULL_RULES, what);
	return err;
}

static int ctfull_mt_check(const struct xt_mtchk_param *par)
{
	struct xt_ctfull_mtinfo *info = par->matchinfo;
	unsigned int bad;
	const char *what;
	int ret;

	what = ctfull_mt_validate(info, &bad);
	if (what)
		return rule_refused(what, bad);
	info->latch = NULL;
	if (info->flags & XT_CTFULL_ABOVE) {
		info->latch = ctfull_latch_get(par->net, info);
		if (IS_ERR(info->latch))
			return ctfull_rule_refused(PTR_ERR(info->latch), "different --above");
	}
	ret = rule_tracker_get(par->net, par->family);
	if (ret < 0 && info->latch)
		ctfull_latch_put(info->latch);
	return ret;
}

static void ctfull_mt_destroy(const struct xt_mtdtor_param *par)
{
	const struct xt_ctfull_mtinfo *info = par->matchinfo;

	nf_ct_netns_put(par->net, par->family);
	if (info->latch)
		ctfull_latch_put(info->latch);
}

/* --- -j CTFULL --- */

static void ctfull_tg_log(const struct xt_action_param *par, const struct ctfull_refusal *refusal)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	struct ctfull_rule *rule = info->rule;
	char line[CTFULL_LINE], top[INET6_ADDRSTRLEN];
	struct ctfull_line v = {
		.prefix = info->prefix,
		.count = refusal->count,
		.max = refusal->max,
		.untrack = refusal->untrack,
		.top = top,
	};
	u64 now = get_jiffies_64();
	struct ctfull_counters sum;
	bool token = false;

	/* Most packets of a flood touch no lock here. */
	if (info->log_rate && ctfull_tb_due(&rule->bucket, now)) {
		spin_lock(&rule->lock);
		token = ctfull_tb_take(&rule->bucket, info->log_rate,
				       info->flags & XT_CTFULL_PER_MINUTE ? 60 * HZ : HZ,
				       info->log_burst, now);
		spin_unlock(&rule->lock);
	}
	if (!token) {
		atomic64_inc(&rule->suppressed);
		return;
	}
	ctfull_stats_top(&rule->cn->stats, top);
	ctfull_stats_logged(&rule->cn->stats);
	ctfull_stats_sum(&rule->cn->stats, &sum);
	v.refused = sum.refused;
	v.suppressed = atomic64_xchg(&rule->suppressed, 0);
	ctfull_print(line, &v);
	log_packet(refusal->skb, par, info->flags & XT_CTFULL_NFLOG, info->level, info->group,
		   line);
}

/*
 * Did the tracker drop a packet for its protocol's own reasons? It drops packets of an entry
 * that there is, of few protocols. And Linux 6.1 drops what is too short for DCCP, which later
 * ones find INVALID: with room for an entry that is no reason to call the table full.
 */
static noinline bool ctfull_tg_dropped_by_protocol(const struct sk_buff *skb,
						   const struct nf_hook_state *state,
						   const struct nf_conn *tmpl, u32 count, u32 max)
{
	struct nf_conntrack_tuple tuple;

	if (!ctfull_get_tuple(skb, state, &tuple))
		return false;
	if (ctfull_entry_exists(skb, state, tmpl, &tuple))
		return true;
	return tuple.dst.protonum == IPPROTO_DCCP && count < max &&
	       nf_conntrack_count(state->net) < max && !tracker_dccp_whole(skb, state->pf);
}

/*
 * The tracker dropped this packet. Did it find no room? It drops what it can make no entry
 * for, if that is not for want of memory; and never UDP and ICMP of an entry that there is.
 */
static bool ctfull_tg_dropped_by_full(const struct sk_buff *skb, const struct nf_hook_state *state,
				      const struct nf_conn *tmpl, u32 count, u32 max)
{
	u8 protocol = state->pf == NFPROTO_IPV4 ? ip_hdr(skb)->protocol : ipv6_hdr(skb)->nexthdr;

	if (!ctfull_was_full(count, max) &&
	    !ctfull_was_full(nf_conntrack_count(state->net), max))
		return false;
	return protocol == IPPROTO_UDP || protocol == IPPROTO_ICMP ||
	       protocol == IPPROTO_ICMPV6 ||
	       !ctfull_tg_dropped_by_protocol(skb, state, tmpl, count, max);
}

/* What a rule's reserve says to a packet */
enum ctfull_reserve {
	CTFULL_RESERVE_PASS,	/* it needs no new entry, or there are enough */
	CTFULL_RESERVE_RECHECK,	/* if the tracker makes an entry, that may be one too many */
	CTFULL_RESERVE_REFUSE,	/* it needs one, and what is left is reserved */
};

/*
 * Before the tracker has the packet, so that nothing has to be undone: a connection that is
 * known may end an entry to begin another, and one that is expected, which belongs to one
 * that has been let in, would have used up its expectation. What does not look like the
 * beginning of a connection is INVALID if the tracker thinks so, too: else its entry goes
 * back. A sender does not get in with what the two judge differently.
 */
static noinline enum ctfull_reserve ctfull_tg_reserve(const struct sk_buff *skb,
						      const struct nf_hook_state *state,
						      const struct nf_conn *tmpl, u32 count,
						      u32 room)
{
	struct nf_conntrack_tuple tuple;
	struct nf_conntrack_zone zone;

	if ((u64)count + nr_cpu_ids <= room || !ctfull_get_tuple(skb, state, &tuple) ||
	    ctfull_entry_exists(skb, state, tmpl, &tuple))
		return CTFULL_RESERVE_PASS;
	if (count < room || !tracker_starts(skb, state) ||
	    __nf_ct_expect_find(state->net, nf_ct_zone_tmpl(tmpl, skb, &zone), &tuple))
		return CTFULL_RESERVE_RECHECK;
	return CTFULL_RESERVE_REFUSE;
}

static unsigned int ctfull_tg_refuse(struct sk_buff *skb, const struct xt_action_param *par,
				     const struct ctfull_refusal *refusal)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	struct ctfull_net *cn = info->rule->cn;

	ctfull_stats_refused(&cn->stats, refusal);
	ctfull_tg_log(par, refusal);
	ctfull_event_refused(&cn->events, &cn->stats, refusal);
	if (!refusal->untrack)
		return NF_DROP;
	nf_conntrack_put(skb_nfct(skb));
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	return XT_CONTINUE;
}

/*
 * There may be no room: the tracker gets the packet now. Bottom halves are off.
 *
 * It takes the template off the packet, and may leave nothing in its place: what is INVALID
 * to it goes on to its own turn, where it must be in the same zone. So there is a second
 * reference to the template, which goes back into such a packet.
 */
static unsigned int ctfull_tg_track(struct sk_buff *skb, const struct xt_action_param *par,
				    struct nf_conn *tmpl, u32 count, u32 max)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	enum ctfull_reserve reserve = CTFULL_RESERVE_PASS;
	struct ctfull_net *cn = info->rule->cn;
	unsigned long nfct = skb_get_nfct(skb);
	struct nf_conntrack_zone tmp;
	struct ctfull_refusal refusal = {
		.skb = skb,
		.state = par->state,
		.zone = nf_ct_zone_id(nf_ct_zone_tmpl(tmpl, skb, &tmp), IP_CT_DIR_ORIGINAL),
		.count = count,
		.max = max,
		.untrack = info->flags & XT_CTFULL_UNTRACK,
	};
	enum ip_conntrack_info ctinfo;
	unsigned int verdict;
	struct nf_conn *ct;
	bool full = false;
	u32 room = max;

	if (info->reserve) {
		room = ctfull_rule_room(info, max);
		reserve = ctfull_tg_reserve(skb, par->state, tmpl, count, room);
	}
	if (reserve == CTFULL_RESERVE_REFUSE) {
		refusal.by_reserve = true;
		ctfull_net_update(cn, count, max, true);
		return ctfull_tg_refuse(skb, par, &refusal);
	}

	if (tmpl)
		nf_conntrack_get(&tmpl->ct_general);
	verdict = nf_conntrack_in(skb, par->state);
	if (verdict == NF_ACCEPT) {
		verdict = XT_CONTINUE;
		ct = nf_ct_get(skb, &ctinfo);
		if (!ct && tmpl) {
			skb_set_nfct(skb, nfct);
			return verdict;
		}
		if (!ct || nf_ct_is_confirmed(ct))
			goto put_template;
		if (reserve == CTFULL_RESERVE_RECHECK &&
		    !(READ_ONCE(ct->status) & IPS_EXPECTED) &&
		    nf_conntrack_count(xt_net(par)) > room) {
			/* Somebody else's packet was counted first, or it looked like INVALID. */
			nf_ct_set(skb, NULL, 0);
			nf_ct_put(ct);
			refusal.by_reserve = true;
		}
	} else if (verdict == NF_DROP) {
		full = ctfull_tg_dropped_by_full(skb, par->state, tmpl, count, max);
	}
	refusal.count = nf_conntrack_count(xt_net(par));
	/* With no room it was full a moment ago, and may have been for a moment only. */
	ctfull_net_update(cn, full ? max(refusal.count, max) : refusal.count, max,
			  refusal.by_reserve);
	if (full || refusal.by_reserve)
		verdict = ctfull_tg_refuse(skb, par, &refusal);

put_template:
	if (tmpl)
		nf_ct_put(tmpl);
	return verdict;
}

/*
 * Nearly full is what is so by the largest reserve of all rules, not by this one's: a packet
 * that a rule lets in must have its entry when the next rule sees it.
 */
static noinline unsigned int ctfull_tg_count(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	struct ctfull_net *cn = info->rule->cn;
	enum ip_conntrack_info ctinfo;
	u32 count, max, warn, room;
	unsigned int verdict;
	struct nf_conn *tmpl;

	tmpl = nf_ct_get(skb, &ctinfo);
	if (ctfull_seen(tmpl, ctinfo))
		return XT_CONTINUE;
	count = nf_conntrack_count(xt_net(par));
	max = READ_ONCE(nf_conntrack_max);
	room = ctfull_net_room(cn, max);
	if (max && ctfull_nearly_full(count, room)) {
		/* the tracker is not asked about these before they are put together */
		if (tracker_fragment(skb, par->state->pf))
			return XT_CONTINUE;
		local_bh_disable();
		verdict = ctfull_tg_track(skb, par, tmpl, count, max);
		local_bh_enable();
		return verdict;
	}
	warn = max ? ctfull_warn_entries(READ_ONCE(cn->warn_at), max) : 0;
	if (count > READ_ONCE(cn->peak) || count >= warn)
		ctfull_net_update(cn, count, max, false);
	if (ctfull_can_skip_tick(count, min(room, warn)))
		WRITE_ONCE(cn->skip_tick, jiffies);
	return XT_CONTINUE;
}

static unsigned int ctfull_tg(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;

	if (likely(ctfull_tick_is(&info->rule->cn->skip_tick)))
		return XT_CONTINUE;
	return ctfull_tg_count(skb, par);
}

/*
 * Are packets here before the tracker? A table of nftables may have chains of any priority;
 * its name says that somebody has thought of it.
 */
static bool ctfull_tg_early(const struct xt_tgchk_param *par)
{
	return !strcmp(par->table, "raw") || (par->nft_compat && !strcmp(par->table, "ctfull"));
}

static int ctfull_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_ctfull_tginfo *info = par->targinfo;
	bool nflog = info->flags & XT_CTFULL_NFLOG;
	u32 max = READ_ONCE(nf_conntrack_max);
	struct ctfull_rule *rule;
	unsigned int bad;
	const char *what;
	int ret;

	what = ctfull_tg_validate(info, &bad);
	bad = what ? bad : par->hook_mask;
	if (!what && !ctfull_tg_early(par))
		what = "for the table raw, or, with nft, also for one named ctfull";
	if (!what)
		what = log_check(nflog, info->level, info->group, info->prefix,
				 sizeof(info->prefix), &bad);
	if (what)
		return rule_refused(what, bad);
	if (max && !ctfull_rule_room(info, max))
		pr_warn_ratelimited("--reserve %u%s leaves this rule's packets nothing of nf_conntrack_max=%u\n",
				    info->reserve,
				    info->flags & XT_CTFULL_RESERVE_PERCENT ? "%" : "", max);
	rule = ctfull_rule_alloc(par, info);
	if (IS_ERR(rule))
		return ctfull_rule_refused(PTR_ERR(rule), "rules with CTFULL");
	ret = log_get(par, nflog);
	if (ret)
		goto free_rule;
	ret = rule_tracker_get(par->net, par->family);
	if (ret < 0)
		goto put_log;
	info->rule = rule;
	return 0;

put_log:
	log_put(par->family, nflog);
free_rule:
	ctfull_rule_free(rule);
	return ret;
}

static void ctfull_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;

	nf_ct_netns_put(par->net, par->family);
	log_put(par->family, info->flags & XT_CTFULL_NFLOG);
	ctfull_rule_free(info->rule);
}

#define CTFULL_MATCH(pf) {						\
	.name		= "ctfull",					\
	.revision	= 0,						\
	.family		= pf,						\
	.match		= ctfull_mt,					\
	.checkentry	= ctfull_mt_check,				\
	.destroy	= ctfull_mt_destroy,				\
	.matchsize	= sizeof(struct xt_ctfull_mtinfo),		\
	.usersize	= offsetof(struct xt_ctfull_mtinfo, latch),	\
	.me		= THIS_MODULE,					\
}

static struct xt_match ctfull_mt_reg[] __read_mostly = {
	CTFULL_MATCH(NFPROTO_IPV4),
	CTFULL_MATCH(NFPROTO_IPV6),
};

#define CTFULL_TARGET(pf) {						\
	.name		= "CTFULL",					\
	.revision	= 0,						\
	.family		= pf,						\
	.hooks		= BIT(NF_INET_PRE_ROUTING) | BIT(NF_INET_LOCAL_OUT), \
	.target		= ctfull_tg,					\
	.checkentry	= ctfull_tg_check,				\
	.destroy	= ctfull_tg_destroy,				\
	.targetsize	= sizeof(struct xt_ctfull_tginfo),		\
	.usersize	= offsetof(struct xt_ctfull_tginfo, rule),	\
	.me		= THIS_MODULE,					\
}

static struct xt_target ctfull_tg_reg[] __read_mostly = {
	CTFULL_TARGET(NFPROTO_IPV4),
	CTFULL_TARGET(NFPROTO_IPV6),
};

static int __init ctfull_init(void)
{
	int ret = ctfull_net_init();

	if (ret)
		return ret;
	/* Whoever waits for the family asks at once. */
	ret = ctfull_genl_init();
	if (ret)
		goto exit_net;
	ret = xt_register_matches(ctfull_mt_reg, ARRAY_SIZE(ctfull_mt_reg));
	if (ret)
		goto exit_genl;
	ret = xt_register_targets(ctfull_tg_reg, ARRAY_SIZE(ctfull_tg_reg));
	if (ret)
		goto unregister_matches;
	return 0;

unregister_matches:
	xt_unregister_matches(ctfull_mt_reg, ARRAY_SIZE(ctfull_mt_reg));
exit_genl:
	ctfull_genl_exit();
exit_net:
	ctfull_net_exit();
	return ret;
}

static void __exit ctfull_exit(void)
{
	xt_unregister_targets(ctfull_tg_reg, ARRAY_SIZE(ctfull_tg_reg));
	xt_unregister_matches(ctfull_mt_reg, ARRAY_SIZE(ctfull_mt_reg));
	ctfull_genl_exit();
	ctfull_net_exit();
}

module_init(ctfull_init);
module_exit(ctfull_exit);

MODULE_DESCRIPTION("Xtables: when the connection tracking table is full");
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_ctfull");
MODULE_ALIAS("ip6t_ctfull");
MODULE_ALIAS("ipt_CTFULL");
MODULE_ALIAS("ip6t_CTFULL");
MODULE_SOFTDEP("pre: nf_log_syslog nfnetlink_log");
