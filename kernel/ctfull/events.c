// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: figures on request, events as they come.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/sock.h>
#include "table.h"

static struct genl_family ctfull_family;

static int ctfull_put_level(struct sk_buff *msg, u32 count, u32 max, u32 level, u32 warn_at)
{
	return nla_put_u32(msg, CTFULL_A_COUNT, count) ?:
	       nla_put_u32(msg, CTFULL_A_LIMIT, max) ?:
	       nla_put_u32(msg, CTFULL_A_LEVEL, level) ?:
	       nla_put_u32(msg, CTFULL_A_WARN_AT, warn_at);
}

static int ctfull_put_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, CTFULL_A_PAD);
}

static int ctfull_put_addr(struct sk_buff *msg, int attr, u8 family,
			   const union nf_inet_addr *addr)
{
	return nla_put(msg, attr, family == NFPROTO_IPV4 ? 4 : 16, addr);
}

/* --- Requests --- */

/* Without rules the level is what the count says. */
static int ctfull_put_figures(struct sk_buff *msg, struct net *net)
{
	const u32 count = nf_conntrack_count(net), max = READ_ONCE(nf_conntrack_max);
	struct ctfull_table *table = ctfull_table_find(net);
	u32 level = CTFULL_LEVEL_NORMAL, warn_at = XT_CTFULL_WARN_AT;
	u32 rules = 0, peak = 0, peak_time = 0, room = max;
	struct ctfull_figures sum = {};

	if (table) {
		ctfull_table_figures(table, &sum);
		warn_at = READ_ONCE(table->warn_at);
		rules = READ_ONCE(table->n_rules);
		if (rules)
			ctfull_table_saw(table, count, max, false);
		room = ctfull_table_room(table, max);
		level = READ_ONCE(table->level);
		peak = READ_ONCE(table->peak);
		peak_time = READ_ONCE(table->peak_time);
	}
	if (!rules)
		level = ctfull_level(CTFULL_LEVEL_NORMAL, count, max, warn_at, max, false);

	return ctfull_put_level(msg, count, max, level, warn_at) ?:
	       ctfull_put_u64(msg, CTFULL_A_REFUSED, sum.refused) ?:
	       ctfull_put_u64(msg, CTFULL_A_UNTRACKED, sum.untracked) ?:
	       ctfull_put_u64(msg, CTFULL_A_RESERVED, sum.reserved) ?:
	       ctfull_put_u64(msg, CTFULL_A_LOGGED, sum.logged) ?:
	       ctfull_put_u64(msg, CTFULL_A_SUPPRESSED, sum.refused - sum.logged) ?:
	       nla_put_u32(msg, CTFULL_A_PEAK, peak) ?:
	       ctfull_put_u64(msg, CTFULL_A_PEAK_TIME, peak_time) ?:
	       nla_put_u32(msg, CTFULL_A_RULES, rules) ?:
	       nla_put_u32(msg, CTFULL_A_ROOM, room);
}

static int ctfull_fill_figures(struct sk_buff *msg, struct net *net, u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &ctfull_family, flags, CTFULL_CMD_GET);

	if (!header)
		return -EMSGSIZE;
	if (ctfull_put_figures(msg, net)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

static int ctfull_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	int ret;

	if (!msg)
		return -ENOMEM;
	ret = ctfull_fill_figures(msg, genl_info_net(info), info->snd_portid, info->snd_seq, 0);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return genlmsg_reply(msg, info);
}

static int ctfull_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	int ret;

	if (cb->args[0])
		return 0;
	ret = ctfull_fill_figures(msg, sock_net(msg->sk), NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, NLM_F_MULTI);
	cb->args[0] = !ret;
	return ret ?: msg->len;
}

/**
 * struct ctfull_dump - a dump of sources that goes on, in netlink_callback.ctx
 * @source: them, or NULL
 * @n: how many
 * @next: the next one to be sent
 */
struct ctfull_dump {
	struct ctfull_source *source;
	unsigned int n;
	unsigned int next;
};

static int ctfull_sources_start(struct netlink_callback *cb)
{
	struct ctfull_table *table = ctfull_table_find(sock_net(cb->skb->sk));
	struct ctfull_dump *dump = (void *)cb->ctx;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	*dump = (struct ctfull_dump){};
	if (!table)
		return 0;
	dump->source = ctfull_table_sources(table, &dump->n);
	if (!IS_ERR(dump->source))
		return 0;
	dump->source = NULL;
	return -ENOMEM;
}

static int ctfull_put_source(struct sk_buff *msg, const struct netlink_callback *cb,
			     const struct ctfull_source *source)
{
	void *header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &ctfull_family, NLM_F_MULTI, CTFULL_CMD_GET_SOURCES);

	if (!header)
		return -EMSGSIZE;
	if (nla_put_u32(msg, CTFULL_A_FAMILY, source->family) ||
	    ctfull_put_addr(msg, CTFULL_A_SRC, source->family, &source->addr) ||
	    ctfull_put_u64(msg, CTFULL_A_REFUSED, source->count) ||
	    ctfull_put_u64(msg, CTFULL_A_ERROR, source->error)) {
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return 0;
}

static int ctfull_sources_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct ctfull_dump *dump = (void *)cb->ctx;

	while (dump->next < dump->n) {
		if (ctfull_put_source(msg, cb, &dump->source[dump->next]))
			break;
		dump->next++;
	}
	return msg->len;
}

static int ctfull_sources_done(struct netlink_callback *cb)
{
	struct ctfull_dump *dump = (void *)cb->ctx;

	kvfree(dump->source);
	return 0;
}

/* --- Events --- */

/*
 * A message for an event, numbered; NULL if nobody listens. With table->lock held, so
 * that events come in the order of their numbers. One that there is no memory for leaves
 * a gap in them.
 */
static struct sk_buff *ctfull_event(struct ctfull_table *table, u8 cmd, void **header)
{
	struct sk_buff *msg;

	lockdep_assert_held(&table->lock);
	if (!genl_has_listeners(&ctfull_family, table->net, 0))
		return NULL;
	table->seq++;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, 0, 0, &ctfull_family, 0, cmd);
	if (*header && !ctfull_put_u64(msg, CTFULL_A_SEQ, table->seq))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* @failed: not all of it found room in the message */
static void ctfull_event_send(struct ctfull_table *table, struct sk_buff *msg, void *header,
			      int failed)
{
	if (WARN_ON_ONCE(failed)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast_netns(&ctfull_family, table->net, msg, 0, 0, GFP_ATOMIC);
}

void ctfull_event_level(struct ctfull_table *table, u32 count, u32 max)
{
	struct ctfull_figures sum;
	struct sk_buff *msg;
	void *header;

	msg = ctfull_event(table, CTFULL_CMD_LEVEL, &header);
	if (!msg)
		return;
	ctfull_table_figures(table, &sum);
	ctfull_event_send(table, msg, header,
			  ctfull_put_level(msg, count, max, table->level, table->warn_at) ?:
			  ctfull_put_u64(msg, CTFULL_A_REFUSED, sum.refused));
}

/* What starts with this packet, in the tracker's terms */
static int ctfull_put_tuple(struct sk_buff *msg, const struct ctfull_refusal *refusal)
{
	const struct sk_buff *skb = refusal->skb;
	struct nf_conntrack_tuple tuple;
	u8 protocol;
	int ret;

	if (!nf_ct_get_tuplepr(skb, skb_network_offset(skb), refusal->state->pf,
			       refusal->state->net, &tuple))
		return 0;
	protocol = tuple.dst.protonum;
	ret = nla_put_u32(msg, CTFULL_A_FAMILY, tuple.src.l3num) ?:
	      ctfull_put_addr(msg, CTFULL_A_SRC, tuple.src.l3num, &tuple.src.u3) ?:
	      ctfull_put_addr(msg, CTFULL_A_DST, tuple.src.l3num, &tuple.dst.u3) ?:
	      nla_put_u32(msg, CTFULL_A_PROTOCOL, protocol);
	switch (protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ret ?: nla_put_be16(msg, CTFULL_A_SPORT, tuple.src.u.icmp.id) ?:
			      nla_put_u32(msg, CTFULL_A_ICMP_TYPE, tuple.dst.u.icmp.type);
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return ret ?: nla_put_be16(msg, CTFULL_A_SPORT, tuple.src.u.all) ?:
			      nla_put_be16(msg, CTFULL_A_DPORT, tuple.dst.u.all);
	}
	return ret;
}

static int ctfull_put_refusal(struct sk_buff *msg, const struct ctfull_refusal *refusal)
{
	const struct nf_hook_state *state = refusal->state;
	struct ctfull_figures sum;

	ctfull_table_figures(refusal->table, &sum);
	return ctfull_put_tuple(msg, refusal) ?:
	       nla_put_u32(msg, CTFULL_A_COUNT, refusal->count) ?:
	       nla_put_u32(msg, CTFULL_A_LIMIT, refusal->max) ?:
	       nla_put_u32(msg, CTFULL_A_ACTION, refusal->untrack ? CTFULL_ACTION_UNTRACK :
								    CTFULL_ACTION_DROP) ?:
	       (refusal->by_reserve ? nla_put_flag(msg, CTFULL_A_BY_RESERVE) : 0) ?:
	       (refusal->zone ? nla_put_u32(msg, CTFULL_A_ZONE, refusal->zone) : 0) ?:
	       (state->in ? nla_put_string(msg, CTFULL_A_IIF, state->in->name) : 0) ?:
	       (state->out ? nla_put_string(msg, CTFULL_A_OIF, state->out->name) : 0) ?:
	       ctfull_put_u64(msg, CTFULL_A_REFUSED, sum.refused) ?:
	       ctfull_put_u64(msg, CTFULL_A_SUPPRESSED,
			      atomic64_xchg(&refusal->table->unreported, 0));
}

void ctfull_event_refused(const struct ctfull_refusal *refusal)
{
	struct ctfull_table *table = refusal->table;
	const u64 now = get_jiffies_64();
	struct sk_buff *msg = NULL;
	void *header;

	if (!genl_has_listeners(&ctfull_family, table->net, 0))
		return;
	/* Most packets of a flood touch no lock here. */
	if (!ctfull_token_due(&table->events, now)) {
		atomic64_inc(&table->unreported);
		return;
	}
	spin_lock_bh(&table->lock);
	if (ctfull_token(&table->events, CTFULL_EVENT_RATE, HZ, CTFULL_EVENT_RATE, now))
		msg = ctfull_event(table, CTFULL_CMD_REFUSED, &header);
	if (msg)
		ctfull_event_send(table, msg, header, ctfull_put_refusal(msg, refusal));
	else
		atomic64_inc(&table->unreported);
	spin_unlock_bh(&table->lock);
}

/* --- The family --- */

/* No request takes attributes. */
static const struct nla_policy ctfull_policy[] = {
	[CTFULL_A_PAD] = { .type = NLA_REJECT },
};

static const struct genl_ops ctfull_ops[] = {
	{
		.cmd	= CTFULL_CMD_GET,
		.flags	= GENL_UNS_ADMIN_PERM,
		.doit	= ctfull_get_doit,
		.dumpit	= ctfull_get_dumpit,
	},
	{
		.cmd	= CTFULL_CMD_GET_SOURCES,
		.flags	= GENL_UNS_ADMIN_PERM,
		.start	= ctfull_sources_start,
		.dumpit	= ctfull_sources_dumpit,
		.done	= ctfull_sources_done,
	},
};

static const struct genl_multicast_group ctfull_groups[] = {
	{
		.name	= CTFULL_GENL_EVENTS,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family ctfull_family __ro_after_init = {
	.name		= CTFULL_GENL_NAME,
	.version	= CTFULL_GENL_VERSION,
	.netnsok	= true,
	.module		= THIS_MODULE,
	.maxattr	= ARRAY_SIZE(ctfull_policy) - 1,
	.policy		= ctfull_policy,
	.ops		= ctfull_ops,
	.n_ops		= ARRAY_SIZE(ctfull_ops),
	.resv_start_op	= CTFULL_CMD_UNSPEC + 1,
	.mcgrps		= ctfull_groups,
	.n_mcgrps	= ARRAY_SIZE(ctfull_groups),
};

int __init ctfull_init_events(void)
{
	return genl_register_family(&ctfull_family);
}

/* not __exit: called when the module cannot be loaded, too */
void ctfull_exit_events(void)
{
	genl_unregister_family(&ctfull_family);
}
