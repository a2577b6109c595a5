// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_ctfull - match by how full the connection tracking table is, and log, count and
 * report the packets that find no room in it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/netfilter/x_tables.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "../ctstate2/tcp.h"
#include "../log.h"
#include "table.h"

/* --- -m ctfull --- */

/* Is this a connection's packet, or exempted? A template is neither. */
static bool tracked(const struct sk_buff *skb, const struct nf_conn **tmpl)
{
	enum ip_conntrack_info ctinfo;

	*tmpl = nf_ct_get(skb, &ctinfo);
	return *tmpl ? !nf_ct_is_template(*tmpl) : ctinfo == IP_CT_UNTRACKED;
}

/* tcp_new() in net/netfilter/nf_conntrack_proto_tcp.c, and the flags it is called for */
static bool tcp_starts(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct ctstate2_tcp_sysctls sysctls = {
		.loose = READ_ONCE(nf_tcp_pernet(state->net)->tcp_loose),
	};
	const unsigned int nhoff = skb_network_offset(skb);
	u8 protocol, flags, _flags[sizeof(struct tcphdr)];
	const u8 *header;
	__be16 frag_off;
	int offset;

	if (state->pf == NFPROTO_IPV4) {
		offset = nhoff + ip_hdrlen(skb);
	} else {
		protocol = ipv6_hdr(skb)->nexthdr;
		offset = ipv6_skip_exthdr(skb, nhoff + sizeof(struct ipv6hdr), &protocol,
					  &frag_off);
	}
	header = offset < 0 ? NULL : skb_header_pointer(skb, offset, sizeof(_flags), _flags);
	if (!header)
		return false;
	flags = header[13];
	return ctstate2_tcp_flags_valid(flags) &&
	       ctstate2_tcp_new_reason(ctstate2_tcp_kind(flags), &sysctls) ==
	       XT_CTSTATE2_REASON_OTHER;
}

/* Would the tracker need a new entry for this packet? */
static noinline bool new_connection(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_tuple tuple;
	struct nf_conntrack_zone zone;
	const struct nf_conn *tmpl;

	if (tracked(skb, &tmpl))
		return tmpl && !nf_ct_is_confirmed(tmpl);
	if (!nf_ct_get_tuplepr(skb, skb_network_offset(skb), state->pf, state->net, &tuple))
		return false;

	switch (tuple.dst.protonum) {
	case IPPROTO_TCP:
		if (!tcp_starts(skb, state))
			return false;
		break;
	case IPPROTO_ICMP: /* icmp_pkt_valid_new() in nf_conntrack_proto_icmp.c */
		if (tuple.dst.u.icmp.type != ICMP_ECHO &&
		    tuple.dst.u.icmp.type != ICMP_TIMESTAMP &&
		    tuple.dst.u.icmp.type != ICMP_INFO_REQUEST &&
		    tuple.dst.u.icmp.type != ICMP_ADDRESS)
			return false;
		break;
	case IPPROTO_ICMPV6: /* nf_conntrack_icmpv6_packet() in nf_conntrack_proto_icmpv6.c */
		if (tuple.dst.u.icmp.type != ICMPV6_ECHO_REQUEST &&
		    tuple.dst.u.icmp.type != ICMPV6_NI_QUERY)
			return false;
		break;
	}
	h = nf_conntrack_find_get(state->net, nf_ct_zone_tmpl(tmpl, skb, &zone), &tuple);
	if (h)
		nf_ct_put(nf_ct_tuplehash_to_ctrack(h));
	return !h;
}

static noinline bool above_now(const struct xt_ctfull_mtinfo *info, struct net *net)
{
	const u32 count = nf_conntrack_count(net), max = READ_ONCE(nf_conntrack_max);
	const bool percent = info->flags & XT_CTFULL_ABOVE_PERCENT;
	struct ctfull_latch *latch = info->latch;
	const bool latched = READ_ONCE(latch->on);
	const bool above = ctfull_above(info, latched, count, max);

	if (info->until && above != latched)
		WRITE_ONCE(latch->on, above);
	if (!above && ctfull_far(count, ctfull_entries(info->above, percent, max)))
		WRITE_ONCE(latch->far, jiffies);
	return above;
}

static noinline bool ctfull_mt_all(const struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctfull_mtinfo *info = par->matchinfo;

	if (info->flags & XT_CTFULL_ABOVE &&
	    above_now(info, xt_net(par)) == !!(info->invert & XT_CTFULL_ABOVE))
		return false;
	return !(info->flags & XT_CTFULL_NEW_CONNECTION) ||
	       new_connection(skb, par->state) != !!(info->invert & XT_CTFULL_NEW_CONNECTION);
}

static bool ctfull_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_ctfull_mtinfo *info = par->matchinfo;

	/* Most packets of most rules: --above, not inverted, and far from it */
	if (info->latch && ctfull_still(&info->latch->far) && !(info->invert & XT_CTFULL_ABOVE))
		return false;
	return ctfull_mt_all(skb, par);
}

/* Nothing tracks in a namespace before somebody asked for it. */
static int tracking_get(struct net *net, u8 family)
{
	int ret = nf_ct_netns_get(net, family);

	if (ret < 0)
		pr_info_ratelimited("rule refused: no connection tracking for protocol family %u\n",
				    family);
	return ret;
}

static int ctfull_mt_checkentry(const struct xt_mtchk_param *par)
{
	struct xt_ctfull_mtinfo *info = par->matchinfo;
	unsigned int bad;
	const char *what;
	int ret;

	what = ctfull_mt_check(info, &bad);
	if (what) {
		pr_info_ratelimited("rule refused: %s: %#x\n", what, bad);
		return -EINVAL;
	}
	info->latch = NULL;
	if (info->flags & XT_CTFULL_ABOVE) {
		info->latch = ctfull_latch_get(par->net, info);
		if (IS_ERR(info->latch))
			return PTR_ERR(info->latch);
	}
	ret = tracking_get(par->net, par->family);
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

static void ctfull_log(const struct xt_action_param *par, const struct ctfull_refusal *refusal)
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
	const u64 now = get_jiffies_64();
	bool token = false;

	/* Most packets of a flood touch no lock here. */
	if (info->log_rate && ctfull_token_due(&rule->bucket, now)) {
		spin_lock(&rule->lock);
		token = ctfull_token(&rule->bucket, info->log_rate,
				     info->flags & XT_CTFULL_PER_MINUTE ? 60 * HZ : HZ,
				     info->log_burst, now);
		spin_unlock(&rule->lock);
	}
	if (!token) {
		atomic64_inc(&rule->suppressed);
		return;
	}
	v.suppressed = atomic64_xchg(&rule->suppressed, 0);
	v.refused = ctfull_table_logged(rule->table, top);
	ctfull_print(line, &v);
	log_packet(refusal->skb, par, info->flags & XT_CTFULL_NFLOG, info->level, info->group,
		   line);
}

/*
 * Lets the tracker have the packet now. *@full: it found no room. nf_conntrack_in()
 * then counts a dropped packet, and no INVALID one, which it counts too when a protocol
 * wants a drop. Bottom halves are off: nobody else counts on this processor.
 */
static unsigned int ctfull_track(struct sk_buff *skb, const struct nf_hook_state *state,
				 bool *full)
{
	const struct ip_conntrack_stat *stat = this_cpu_ptr(state->net->ct.stat);
	const unsigned int drop = stat->drop, invalid = stat->invalid;
	unsigned int verdict = nf_conntrack_in(skb, state);

	*full = verdict == NF_DROP && stat->drop != drop && stat->invalid == invalid;
	return verdict;
}

/*
 * The reserve is of entries that are not there yet: this packet's is one too many. An
 * expected connection belongs to one that has been let in, and is not refused: its
 * expectation is used up by now.
 */
static bool ctfull_reserved(const struct xt_ctfull_tginfo *info, const struct nf_conn *ct,
			    u32 count, u32 max)
{
	const bool percent = info->flags & XT_CTFULL_RESERVE_PERCENT;

	return info->reserve && !(READ_ONCE(ct->status) & IPS_EXPECTED) &&
	       count > ctfull_room(percent ? 0 : info->reserve, percent ? info->reserve : 0, max);
}

/* There may be no room. Bottom halves are off. */
static unsigned int ctfull_tg_near(struct sk_buff *skb, const struct xt_action_param *par,
				   const struct nf_conn *tmpl)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	struct nf_conntrack_zone tmp;
	struct ctfull_refusal refusal = {
		.table = info->rule->table,
		.skb = skb,
		.state = par->state,
		.zone = nf_ct_zone_id(nf_ct_zone_tmpl(tmpl, skb, &tmp), IP_CT_DIR_ORIGINAL),
		.max = READ_ONCE(nf_conntrack_max),
		.untrack = info->flags & XT_CTFULL_UNTRACK,
	};
	enum ip_conntrack_info ctinfo;
	unsigned int verdict;
	struct nf_conn *ct;
	bool full;

	verdict = ctfull_track(skb, par->state, &full);
	if (!full && verdict != NF_ACCEPT)
		return verdict;
	ct = nf_ct_get(skb, &ctinfo);
	if (!full && (!ct || nf_ct_is_confirmed(ct)))
		return XT_CONTINUE;

	refusal.count = nf_conntrack_count(xt_net(par));
	if (!full && refusal.max && ctfull_reserved(info, ct, refusal.count, refusal.max)) {
		refusal.by_reserve = true;
		refusal.count--;
		nf_ct_put(ct);
		nf_ct_set(skb, NULL, 0);
	}
	/* With no room it was full a moment ago, and may have been for a moment only. */
	ctfull_table_saw(refusal.table, full ? max(refusal.count, refusal.max) : refusal.count,
			 refusal.max);
	if (!full && !refusal.by_reserve)
		return XT_CONTINUE;

	ctfull_table_refused(&refusal);
	ctfull_log(par, &refusal);
	ctfull_event_refused(&refusal);
	if (!refusal.untrack)
		return NF_DROP;
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	return XT_CONTINUE;
}

/*
 * Counts, and lets the tracker have the packet if need be. Near is what is near by the
 * largest reserve of all rules, not by this one's: a packet that a rule lets in must have
 * its entry when the next rule sees it.
 */
static noinline unsigned int ctfull_tg_count(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;
	struct ctfull_table *table = info->rule->table;
	const struct nf_conn *tmpl;
	unsigned int verdict;
	u32 count, max, warn, room;

	if (tracked(skb, &tmpl))
		return XT_CONTINUE;
	count = nf_conntrack_count(xt_net(par));
	max = READ_ONCE(nf_conntrack_max);
	room = ctfull_room(READ_ONCE(table->reserve), READ_ONCE(table->reserve_percent), max);
	if (max && ctfull_near(count, room)) {
		local_bh_disable();
		verdict = ctfull_tg_near(skb, par, tmpl);
		local_bh_enable();
		return verdict;
	}
	warn = ctfull_entries(READ_ONCE(table->warn_at), true, max);
	if (count > READ_ONCE(table->peak) || count >= warn)
		ctfull_table_saw(table, count, max);
	if (ctfull_far(count, min(room, warn)))
		WRITE_ONCE(table->far, jiffies);
	return XT_CONTINUE;
}

static unsigned int ctfull_tg(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;

	if (likely(ctfull_still(&info->rule->table->far)))
		return XT_CONTINUE;
	return ctfull_tg_count(skb, par);
}

static int ctfull_tg_checkentry(const struct xt_tgchk_param *par)
{
	struct xt_ctfull_tginfo *info = par->targinfo;
	const bool nflog = info->flags & XT_CTFULL_NFLOG;
	struct ctfull_rule *rule;
	unsigned int bad;
	const char *what;
	int ret;

	what = ctfull_tg_check(info, READ_ONCE(nf_conntrack_max), &bad);
	if (!what)
		what = log_check(nflog, info->level, info->group, info->prefix,
				 sizeof(info->prefix), &bad);
	if (what) {
		pr_info_ratelimited("rule refused: %s: %#x\n", what, bad);
		return -EINVAL;
	}
	rule = ctfull_rule_get(par->net, info);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	ret = log_get(par, nflog);
	if (ret)
		goto put_rule;
	ret = tracking_get(par->net, par->family);
	if (ret < 0)
		goto put_log;
	info->rule = rule;
	return 0;

put_log:
	log_put(par->family, nflog);
put_rule:
	ctfull_rule_put(rule);
	return ret;
}

static void ctfull_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_ctfull_tginfo *info = par->targinfo;

	nf_ct_netns_put(par->net, par->family);
	log_put(par->family, info->flags & XT_CTFULL_NFLOG);
	ctfull_rule_put(info->rule);
}

static struct xt_match ctfull_mt_reg __read_mostly = {
	.name		= "ctfull",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.match		= ctfull_mt,
	.checkentry	= ctfull_mt_checkentry,
	.destroy	= ctfull_mt_destroy,
	.matchsize	= sizeof(struct xt_ctfull_mtinfo),
	.usersize	= offsetof(struct xt_ctfull_mtinfo, latch),
	.me		= THIS_MODULE,
};

static struct xt_target ctfull_tg_reg __read_mostly = {
	.name		= "CTFULL",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.table		= "raw",
	.hooks		= BIT(NF_INET_PRE_ROUTING) | BIT(NF_INET_LOCAL_OUT),
	.target		= ctfull_tg,
	.checkentry	= ctfull_tg_checkentry,
	.destroy	= ctfull_tg_destroy,
	.targetsize	= sizeof(struct xt_ctfull_tginfo),
	.usersize	= offsetof(struct xt_ctfull_tginfo, rule),
	.me		= THIS_MODULE,
};

static int __init ctfull_init(void)
{
	int ret = ctfull_init_tables();

	if (ret)
		return ret;
	/* Whoever waits for the family asks at once. */
	ret = ctfull_init_events();
	if (ret)
		goto exit_tables;
	ret = xt_register_match(&ctfull_mt_reg);
	if (ret)
		goto exit_events;
	ret = xt_register_target(&ctfull_tg_reg);
	if (ret)
		goto unregister_match;
	return 0;

unregister_match:
	xt_unregister_match(&ctfull_mt_reg);
exit_events:
	ctfull_exit_events();
exit_tables:
	ctfull_exit_tables();
	return ret;
}

static void __exit ctfull_exit(void)
{
	xt_unregister_target(&ctfull_tg_reg);
	xt_unregister_match(&ctfull_mt_reg);
	ctfull_exit_events();
	ctfull_exit_tables();
}

module_init(ctfull_init);
module_exit(ctfull_exit);

MODULE_DESCRIPTION("Xtables: when the connection tracking table is full");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_ctfull");
MODULE_ALIAS("ip6t_ctfull");
MODULE_ALIAS("ipt_CTFULL");
MODULE_ALIAS("ip6t_CTFULL");
MODULE_SOFTDEP("pre: nf_log_syslog nfnetlink_log");
