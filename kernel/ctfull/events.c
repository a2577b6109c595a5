// SPDX-License-Identifier: GPL-2.0-only
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack_core.h>
#include "events.h"

/* Events about refused packets a second */
#define CTFULL_EVENT_RATE	100

static const struct genl_multicast_group ctfull_groups[] = {
	{
		.name	= CTFULL_GENL_EVENTS,
		.flags	= GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family ctfull_family __ro_after_init = {
	.name		= CTFULL_GENL_NAME,
	.version	= CTFULL_GENL_VERSION,
	.netnsok	= true,
	/* Lists are made at the cost of who asks, and other families do not wait for it. */
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.mcgrps		= ctfull_groups,
	.n_mcgrps	= ARRAY_SIZE(ctfull_groups),
};

int ctfull_put_status(struct sk_buff *msg, const struct ctfull_status *status)
{
	if (nla_put_u32(msg, CTFULL_A_COUNT, status->count) ||
	    nla_put_u32(msg, CTFULL_A_LIMIT, status->max) ||
	    nla_put_u32(msg, CTFULL_A_LEVEL, status->level) ||
	    nla_put_u32(msg, CTFULL_A_WARN_AT, status->warn_at))
		return -EMSGSIZE;
	return 0;
}

int ctfull_put_addr(struct sk_buff *msg, int attr, u8 family, const union nf_inet_addr *addr)
{
	if (family == NFPROTO_IPV4)
		return nla_put_in_addr(msg, attr, addr->ip);
	return nla_put_in6_addr(msg, attr, &addr->in6);
}

void ctfull_events_init(struct ctfull_events *events)
{
	spin_lock_init(&events->lock);
	ctfull_tb_init(&events->bucket, HZ, CTFULL_EVENT_RATE, get_jiffies_64());
}

/*
 * A numbered message; NULL if nobody listens. One that there is no memory for leaves a gap
 * in the numbers. It is sent under the same lock, so that events come in their order.
 */
static struct sk_buff *ctfull_event_alloc(struct ctfull_events *events, struct net *net, u8 cmd,
					  void **header)
{
	struct sk_buff *msg;

	lockdep_assert_held(&events->lock);
	if (!genl_has_listeners(&ctfull_family, net, 0))
		return NULL;
	events->seq++;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, 0, 0, &ctfull_family, 0, cmd);
	if (!*header ||
	    nla_put_u64_64bit(msg, CTFULL_A_SEQ, events->seq, CTFULL_A_PAD)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* @err: not all of it found room in the message */
static void ctfull_event_send(struct net *net, struct sk_buff *msg, void *header, int err)
{
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast_netns(&ctfull_family, net, msg, 0, 0, GFP_ATOMIC);
}

static int ctfull_put_level(struct sk_buff *msg, const struct ctfull_status *status,
			    struct ctfull_stats *stats)
{
	struct ctfull_counters sum;

	ctfull_stats_sum(stats, &sum);
	if (ctfull_put_status(msg, status))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, CTFULL_A_REFUSED, sum.refused, CTFULL_A_PAD);
}

void ctfull_event_level(struct ctfull_events *events, struct net *net,
			struct ctfull_stats *stats, const struct ctfull_status *status)
{
	struct sk_buff *msg;
	void *header;

	spin_lock_bh(&events->lock);
	msg = ctfull_event_alloc(events, net, CTFULL_CMD_LEVEL, &header);
	if (msg)
		ctfull_event_send(net, msg, header, ctfull_put_level(msg, status, stats));
	spin_unlock_bh(&events->lock);
}

/* What starts with this packet, in the tracker's terms */
static int ctfull_put_tuple(struct sk_buff *msg, const struct ctfull_refusal *refusal)
{
	const struct sk_buff *skb = refusal->skb;
	struct nf_conntrack_tuple tuple;

	if (!nf_ct_get_tuplepr(skb, skb_network_offset(skb), refusal->state->pf,
			       refusal->state->net, &tuple))
		return 0;
	if (nla_put_u32(msg, CTFULL_A_FAMILY, tuple.src.l3num) ||
	    ctfull_put_addr(msg, CTFULL_A_SRC, tuple.src.l3num, &tuple.src.u3) ||
	    ctfull_put_addr(msg, CTFULL_A_DST, tuple.src.l3num, &tuple.dst.u3) ||
	    nla_put_u32(msg, CTFULL_A_PROTOCOL, tuple.dst.protonum))
		goto nla_put_failure;
	switch (tuple.dst.protonum) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (nla_put_be16(msg, CTFULL_A_SPORT, tuple.src.u.icmp.id) ||
		    nla_put_u32(msg, CTFULL_A_ICMP_TYPE, tuple.dst.u.icmp.type))
			goto nla_put_failure;
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		if (nla_put_be16(msg, CTFULL_A_SPORT, tuple.src.u.all) ||
		    nla_put_be16(msg, CTFULL_A_DPORT, tuple.dst.u.all))
			goto nla_put_failure;
		break;
	}
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

static int ctfull_put_refusal(struct sk_buff *msg, const struct ctfull_refusal *refusal,
			      u64 refused, u64 unreported)
{
	u32 action = refusal->untrack ? CTFULL_ACTION_UNTRACK : CTFULL_ACTION_DROP;
	const struct nf_hook_state *state = refusal->state;

	if (ctfull_put_tuple(msg, refusal) ||
	    nla_put_u32(msg, CTFULL_A_COUNT, refusal->count) ||
	    nla_put_u32(msg, CTFULL_A_LIMIT, refusal->max) ||
	    nla_put_u32(msg, CTFULL_A_ACTION, action) ||
	    nla_put_u64_64bit(msg, CTFULL_A_REFUSED, refused, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_SUPPRESSED, unreported, CTFULL_A_PAD))
		goto nla_put_failure;
	if (refusal->by_reserve && nla_put_flag(msg, CTFULL_A_BY_RESERVE))
		goto nla_put_failure;
	if (refusal->zone && nla_put_u32(msg, CTFULL_A_ZONE, refusal->zone))
		goto nla_put_failure;
	if (state->in && nla_put_string(msg, CTFULL_A_IIF, state->in->name))
		goto nla_put_failure;
	if (state->out && nla_put_string(msg, CTFULL_A_OIF, state->out->name))
		goto nla_put_failure;
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

void ctfull_event_refused(struct ctfull_events *events, struct ctfull_stats *stats,
			  const struct ctfull_refusal *refusal)
{
	struct net *net = refusal->state->net;
	struct ctfull_counters sum;
	u64 now = get_jiffies_64();
	struct sk_buff *msg = NULL;
	void *header;

	if (!genl_has_listeners(&ctfull_family, net, 0))
		return;
	/* Most packets of a flood touch no lock here. */
	if (!ctfull_tb_due(&events->bucket, now)) {
		atomic64_inc(&events->unreported);
		return;
	}
	spin_lock_bh(&events->lock);
	if (ctfull_tb_take(&events->bucket, CTFULL_EVENT_RATE, HZ, CTFULL_EVENT_RATE, now))
		msg = ctfull_event_alloc(events, net, CTFULL_CMD_REFUSED, &header);
	if (msg) {
		ctfull_stats_sum(stats, &sum);
		ctfull_event_send(net, msg, header,
				  ctfull_put_refusal(msg, refusal, sum.refused,
						     atomic64_xchg(&events->unreported, 0)));
	} else {
		atomic64_inc(&events->unreported);
	}
	spin_unlock_bh(&events->lock);
}
